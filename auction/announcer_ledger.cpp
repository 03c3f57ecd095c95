// The runner and the custodians: recording, epochs, outcomes.
#include "auction/announcer.hpp"
#include "auction/retry.hpp"
#include "base/assert.hpp"
#include "base/buggify.hpp"
#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"

#include <algorithm>

namespace starling::auction {
namespace {

Duration time_left(const Work& work, BootTime now) {
    if (!work.deadline) return Duration{0};
    return std::max(Duration{1}, *work.deadline - now);
}

// A record that nobody has yet, and an outcome, are put to few at first.
bool is_thrifty(const Work& work) {
    const bool fresh = work.stage == Stage::recording && !work.acknowledged;
    return work.repetitions == 0 && (fresh || work.stage == Stage::storing);
}

}  // namespace

bool Announcer::is_own(const Epoch& epoch) const {
    return epoch.granter == shared_.members.self() && epoch.boot == shared_.members.boot();
}

// An epoch is awarded to one node.  Of those that this node granted itself for this work it knows
// whom; of an earlier runner's only what the custodians were told, which is not the last award.
bool Announcer::may_report(const Work& work, const NodeId& from, const Epoch& epoch) const {
    if (is_own(epoch) && epoch.term == work.term) {
        const Attempt* awarded = find_attempt(work.attempts, epoch);
        return awarded != nullptr && awarded->node == from;
    }
    return !was_another(work.attempts, epoch, from);
}

Epoch Announcer::next_epoch(const Work& work) const {
    return {work.epoch.round + STARLING_MUTANT(55, 1U, 0U), shared_.members.self(),
            shared_.members.boot(), work.term};
}

// A fresh epoch, above every one seen: whatever was awarded before counts no longer.
void Announcer::ask(Work& work, Intent intent, Moment now, Effects& out) {
    leave_round(work, out);
    const bool ends = intent == Intent::cancel || intent == Intent::bury;
    if (ends && work.winner && work.intent == Intent::award) {
        Attempt& attempt = attempt_of(work.attempts, work.epoch, work.winner->node);
        attempt.end = AttemptEnd::superseded;  // the winner is told when it is certain
    }
    work.intent = intent;
    work.epoch = next_epoch(work);
    work.found.reset();
    enter(work, Stage::granting, now.boot_time);
    send_ledger(work, now, out);
}

// Everything still unanswered in this stage, and again after a while.
void Announcer::send_ledger(Work& work, Moment now, Effects& out) {
    for (const NodeId& node : audience(work, now.boot_time)) {
        send_one(work, node, now.boot_time, out);
    }
    const Duration wait = is_thrifty(work) ? shared_.timing.widen_after
                                           : resend_after(rng_, shared_.timing, work.repetitions);
    ++work.repetitions;
    work.act_at = now.boot_time + wait;
    arm(work);
}

// Which custodians are asked now.  At first as many as must answer, three at least, this node
// before all others; everybody as soon as one of them objects, goes, or keeps silent for
// widen_after.  So the long list of a key costs no more copies than the short one of a task
// without.
std::vector<NodeId> Announcer::audience(const Work& work, BootTime now) const {
    const NodeId& self = shared_.members.self();
    std::vector<NodeId> nodes;
    for (const NodeId& node : work.record.custodians) {
        const bool reachable = !shared_.members.is_away(node, now);
        if (reachable && !work.acks.contains(node)) nodes.push_back(node);
    }
    const std::size_t enough = std::max(work.record.majority(), limits::custodians);
    if (STARLING_BUGGIFY(custodians_in_reverse)) std::ranges::reverse(nodes);
    const bool all = !is_thrifty(work) || STARLING_BUGGIFY(custodians_all_at_once);
    if (all || nodes.size() <= enough) return nodes;
    std::stable_partition(nodes.begin(), nodes.end(),
                          [&](const NodeId& node) { return node == self; });
    nodes.resize(enough);
    return nodes;
}

// What the first ones could not settle is put to all.
void Announcer::widen(Work& work, Moment now, Effects& out) {
    const bool thrifty = work.stage == Stage::recording || work.stage == Stage::storing;
    if (thrifty && work.repetitions == 1) {
        STARLING_PROBE(audience_widened);
        send_ledger(work, now, out);
    }
}

void Announcer::send_one(const Work& work, const NodeId& to, BootTime now, Effects& out) const {
    const TaskId task = work.record.id;
    if (work.stage == Stage::granting) {
        out.send(to, Grant{task, work.record.home, work.epoch, work.attempts});
    } else if (work.stage == Stage::storing) {
        STARLING_ASSERT(work.outcome.has_value());
        const Held held{work.epoch, *work.outcome};
        out.send(to, StoreResult{task, work.record.home, held, false, work.attempts});
    } else {
        send_record(work, to, now, out);
    }
}

void Announcer::send_record(const Work& work, const NodeId& to, BootTime now, Effects& out) const {
    const bool first = work.record.home.generation == 1 && !work.acknowledged;
    const bool fresh = first && (work.stage == Stage::recording || work.stage == Stage::joining);
    out.send(to, RecordTask{work.record, work.epoch, fresh, time_left(work, now), work.found,
                            work.attempts});
}

// ------------------------------------------------------------------------------- custodians answer

Verdict Announcer::on_granted(const NodeId& from, const GrantAnswer& message, Moment now,
                              Effects& out) {
    Work* work = find(message.task);
    if (work == nullptr) return Verdict::unknown_task;
    if (!work->record.rank_of(from)) return Verdict::not_invited;
    const bool asked = work->stage == Stage::recording || work->stage == Stage::joining ||
                       work->stage == Stage::granting || work->stage == Stage::storing;
    if (!asked || message.epoch != work->epoch) return Verdict::stale;
    merge(work->attempts, message.attempts);
    if (message.accepted && message.held) {
        const bool fresh = work->stage == Stage::recording && !work->acknowledged;
        if (fresh) withdraw(*work, out);
        if (!fresh) {
            STARLING_PROBE(acceptance_spread);
            spread_accepted(*work, *message.held, out);
        }
        answer_calls(*work, message.held->outcome);
        drop(message.task);
        return Verdict::done;
    }
    if (message.verdict == GrantVerdict::granted) {
        // Whoever held a rival holds it no more.
        work->rivals.erase(from);
        if (work->rivals.empty()) work->rival_at.reset();
    }
    return on_grant_verdict(*work, from, message, now, out);
}

Verdict Announcer::on_grant_verdict(Work& work, const NodeId& from, const GrantAnswer& message,
                                    Moment now, Effects& out) {
    switch (message.verdict) {
        case GrantVerdict::granted:
            if (work.stage == Stage::storing) {
                send_one(work, from, now.boot_time, out);
                break;
            }
            work.acks.insert(from);
            if (message.held && (!work.found || work.found->epoch < message.held->epoch)) {
                work.found = message.held;
            }
            on_majority(work, now, out);
            break;
        case GrantVerdict::lower:
            if (work.stage == Stage::joining) {
                work.acks.insert(from);
                on_majority(work, now, out);
            } else {
                outbid(work, message.highest, now, out);
            }
            break;
        case GrantVerdict::exists:
            widen(work, now, out);
            if (message.record) meet_rival(work, from, *message.record, now, out);
            break;
        case GrantVerdict::superseded:
            if (message.record) move(work, *message.record, now, out);
            break;
        case GrantVerdict::unknown:
            send_record(work, from, now.boot_time, out);
            break;
        case GrantVerdict::overloaded:
            widen(work, now, out);
            count_refusal(work, from, out);
            break;
    }
    return Verdict::done;
}

void Announcer::on_majority(Work& work, Moment now, Effects& out) {
    if (work.acks.size() + STARLING_MUTANT(54, 0U, 1U) < work.record.majority()) return;
    work.is_held = true;
    if (work.acknowledged) answer_offers(work);  // of a task that was adopted
    if (work.stage == Stage::storing) {
        conclude(work, *work.outcome, now, out);
        return;
    }
    if (work.stage == Stage::recording && !work.acknowledged) {
        acknowledge(work, now.boot_time, out);
    }
    if (work.stage == Stage::joining) {
        acknowledge(work, now.boot_time, out);
        hand_over(work);
        return;
    }
    if (STARLING_MUTANT(56, work.found.has_value(), false)) {
        STARLING_PROBE(found_result_taken_up);
        store(work, work.found->outcome, now, out);  // never another one
    } else if (work.outcome) {
        store(work, *work.outcome, now, out);
    } else {
        follow_intent(work, now, out);
    }
}

void Announcer::follow_intent(Work& work, Moment now, Effects& out) {
    const NodeId& self = shared_.members.self();
    switch (work.intent) {
        case Intent::award:
            if (work.runners_up.empty()) {
                open(work, now, out);
            } else {
                const Bid next = work.runners_up.front();
                work.runners_up.erase(work.runners_up.begin());
                award(work, next, now, out);
            }
            break;
        case Intent::resume:
            open(work, now, out);
            break;
        case Intent::cancel:
            store(work, {Ending::cancelled, {}, "cancelled", self, work.epoch}, now, out);
            break;
        case Intent::bury:
            store(work, {Ending::dead, {}, work.grave, self, work.epoch}, now, out);
            break;
    }
}

void Announcer::acknowledge(Work& work, BootTime now, Effects& out) {
    work.acknowledged = now;
    work.rivals.clear();
    work.rival_at.reset();
    if (work.stage == Stage::recording) ++shared_.counters.offered;
    out.trace(Event::task_recorded, work.record.id.prefix(), work.acks.size());
    answer_offers(work);
}

void Announcer::answer_offers(Work& work) {
    for (const CallId call : std::exchange(work.offers, {})) {
        acknowledged_.push_back({call, work.record.id, AckVerdict::recorded});
    }
}

// Somebody was granted a higher epoch.  A runner that is there keeps the task; from one that is
// gone, and for a cancellation, it is taken.  A rival that recorded the key at a few custodians has
// no majority, as this node has it: its epoch, of round 1, is gone beyond.
void Announcer::outbid(Work& work, const Epoch& highest, Moment now, Effects& out) {
    if (highest <= work.epoch) return;
    STARLING_PROBE(announcer_outbid);
    out.trace(Event::task_superseded, work.record.id.prefix(), work.epoch.round, highest.round);
    const bool own = is_own(highest);
    const bool gone = shared_.members.is_gone(highest.granter, highest.boot, now.boot_time);
    const bool late = highest.round == 1 && work.epoch == work.record.first_epoch();
    if (work.stage == Stage::recording && !work.acknowledged) {
        join(work, work.record, now, out);
        return;
    }
    if (work.intent != Intent::cancel && !gone && !own && !late) {
        ++shared_.counters.superseded;
        hand_over(work);
        return;
    }
    if (!own && !late) work.previous = highest;
    work.epoch = highest;
    ask(work, work.intent, now, out);
}

// Several nodes were offered one key.
void Announcer::meet_rival(Work& work, const NodeId& from, const Record& record, Moment now,
                           Effects& out) {
    const bool asked = work.stage == Stage::recording || work.stage == Stage::joining;
    if (record.id != work.record.id || record.home == work.record.home || !asked) return;
    if (record.home.replaces(work.record.home)) {
        join(work, record, now, out);
    } else if (work.stage == Stage::joining) {
        work.acks.insert(from);  // any record of the task will do
        on_majority(work, now, out);
    } else {
        STARLING_PROBE(key_met_rival);
        work.rivals.insert_or_assign(from, record);
        if (!work.rival_at) work.rival_at = now.boot_time;
        judge_rivals(work, now, out);
    }
}

// Whose record a majority of the custodians has goes on.  Where none has, it is the one whose home
// orders last: the others give in to it, and it waits for that, but not for long.
void Announcer::judge_rivals(Work& work, Moment now, Effects& out) {
    std::map<HomeTag, std::size_t> holders;
    for (const auto& [node, record] : work.rivals) ++holders[record.home];
    const auto most = std::ranges::max_element(holders, {}, [](const auto& e) { return e.second; });
    const HomeTag last = holders.rbegin()->first;
    const bool won = most->second >= work.record.majority();
    const bool waits = last < work.record.home;
    const BootTime until = *work.rival_at + shared_.timing.joint_within * (waits ? 2 : 1);
    const std::size_t answered = work.acks.size() + work.rivals.size() + work.refusals.size();
    const bool split = !waits && answered >= work.record.custodians.size();
    if (!won && !split && now.boot_time < until) {
        const BootTime again = now.boot_time + shared_.timing.resend_base;
        work.act_at = std::min({work.act_at, until, again});
        arm(work);
        return;
    }
    const HomeTag chosen = won ? most->first : last;
    for (const auto& [node, record] : work.rivals) {
        if (record.home != chosen) continue;
        join(work, record, now, out);
        return;
    }
}

// The task is on record already: this node only makes sure that a majority has it.
void Announcer::join(Work& work, const Record& record, Moment now, Effects& out) {
    STARLING_PROBE(key_joined);
    withdraw(work, out);
    work.record = Record(record);  // one of the rivals, which go away, or its own
    // What storing a record grants: anybody may pass it on.
    work.epoch = work.record.first_epoch();
    enter(work, Stage::joining, now.boot_time);
    judge_majority(work, now.boot_time);
    send_ledger(work, now, out);
}

// The task lives with other custodians now.
void Announcer::move(Work& work, const Record& record, Moment now, Effects& out) {
    if (record.id != work.record.id || !record.home.replaces(work.record.home)) return;
    moved_.push_back(record);
    if (work.intent != Intent::cancel) {
        ++shared_.counters.superseded;
        hand_over(work);
        return;
    }
    work.record = record;
    judge_majority(work, now.boot_time);
    ask(work, work.intent, now, out);
}

void Announcer::count_refusal(Work& work, const NodeId& from, Effects& out) {
    work.refusals.insert(from);
    const std::size_t left = work.record.custodians.size() - work.refusals.size();
    if (left >= work.record.majority() || work.acknowledged || !work.rivals.empty()) return;
    for (const CallId call : work.offers) {
        acknowledged_.push_back({call, work.record.id, AckVerdict::overloaded});
    }
    withdraw(work, out);
    drop(work.record.id);
}

void Announcer::withdraw(const Work& work, Effects& out) const {
    const Cancel cancel{work.record.id, work.epoch, CancelPurpose::withdraw};
    for (const NodeId& node : work.record.custodians) out.send(node, cancel);
}

void Announcer::store(Work& work, const Outcome& outcome, Moment now, Effects& out) {
    work.outcome = outcome;
    enter(work, Stage::storing, now.boot_time);
    send_ledger(work, now, out);
}

Verdict Announcer::on_stored(const NodeId& from, const StoredResult& message, Moment now,
                             Effects& out) {
    Work* work = find(message.task);
    if (work == nullptr) return Verdict::unknown_task;
    if (!work->record.rank_of(from)) return Verdict::not_invited;
    if (work->stage != Stage::storing || message.epoch != work->epoch) return Verdict::stale;
    switch (message.verdict) {
        case StoreVerdict::stored:
            work->acks.insert(from);
            on_majority(*work, now, out);
            break;
        case StoreVerdict::stale:
            if (message.accepted) {
                answer_calls(*work, message.accepted->outcome);
                drop(message.task);
            } else {
                outbid(*work, message.highest, now, out);
            }
            break;
        case StoreVerdict::unknown:
            send_record(*work, from, now.boot_time, out);
            break;
        case StoreVerdict::superseded:
            ask(*work, work->intent, now, out);
            break;
    }
    return Verdict::done;
}

void Announcer::bury(Work& work, std::string reason, Moment now, Effects& out) {
    reason.resize(std::min(reason.size(), limits::name_bytes));
    work.grave = std::move(reason);
    ask(work, Intent::bury, now, out);
}

// Too few of the custodians have been there for long: the task moves to others.  From now on, and
// only now, a second acceptance is possible: by the old majority, should it come back unheard.
// A task with a key moves only from where most members were seen for as long: on the other side of
// a partition nobody does the same, and in a mesh no larger than the list nobody does at all.
void Announcer::rehome(Work& work, Moment now, Effects& out) {
    leave_round(work, out);
    Record& record = work.record;
    record.before = record.custodians;
    record.custodians = shared_.members.custodians(record.id, limits::custodians);
    record.home = {record.home.generation + 1, shared_.members.self(), shared_.members.boot(),
                   work.term};
    work.epoch = next_epoch(work);
    work.homeless_since.reset();
    STARLING_PROBE(task_rehomed);
    ++shared_.counters.rehomed;
    out.trace(Event::task_rehomed, record.id.prefix(), record.home.generation,
              record.custodians.size());
    enter(work, Stage::recording, now.boot_time);
    judge_majority(work, now.boot_time);
    send_ledger(work, now, out);
}

// A custodian knows that the outcome was accepted: those that missed the news are told.
void Announcer::spread_accepted(const Work& work, const Held& held, Effects& out) const {
    if (!work.record.rank_of(shared_.members.self())) return;
    const StoreResult news{work.record.id, work.record.home, held, true, work.attempts};
    for (const NodeId& node : work.record.custodians) {
        if (shared_.members.is_alive(node)) out.send(node, news);
    }
}

}  // namespace starling::auction
