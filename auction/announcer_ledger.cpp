// The runner and the custodians: recording, epochs, outcomes.
#include "auction/announcer.hpp"
#include "auction/retry.hpp"
#include "base/assert.hpp"
#include "base/limits.hpp"

#include <algorithm>

namespace starling::auction {
namespace {

Duration time_left(const Work& work, BootTime now) {
    if (!work.deadline) return Duration{0};
    return std::max(Duration{1}, *work.deadline - now);
}

bool is_own(const Epoch& epoch, const Members& members) {
    return epoch.granter == members.self() && epoch.boot == members.boot();
}

}  // namespace

Epoch Announcer::next_epoch(const Work& work) const {
    return {work.epoch.round + 1, shared_.members.self(), shared_.members.boot(), work.term};
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
    for (const NodeId& node : work.record.custodians) {
        const bool reachable = !shared_.members.is_away(node, now.boot_time);
        if (!work.acks.contains(node) && reachable) send_one(work, node, now.boot_time, out);
    }
    probe(work, now.boot_time, out);
    Duration wait = resend_after(rng_, shared_.timing, work.repetitions++);
    const bool joint = work.stage == Stage::recording && !work.acknowledged;
    if (joint && !work.record.spec.key.empty()) wait = std::min(wait, shared_.timing.joint_within);
    work.act_at = now.boot_time + wait;
    arm(work);
}

// A key may be on its way from another node too, or on record with custodians that another view
// named: the nodes next in line are asked as well.
void Announcer::probe(const Work& work, BootTime now, Effects& out) const {
    for (const NodeId& node : unheard(work, now)) {
        if (work.record.rank_of(node)) continue;
        const Epoch nothing{0, shared_.members.self(), shared_.members.boot(), work.term};
        out.send(node, Grant{work.record.id, work.record.home, nothing, {}});
    }
}

std::vector<NodeId> Announcer::unheard(const Work& work, BootTime now) const {
    std::vector<NodeId> nodes;
    if (work.record.spec.key.empty() || work.stage != Stage::recording) return nodes;
    if (work.acknowledged) return nodes;
    for (const NodeId& node : work.record.custodians) {
        const bool there = !shared_.members.is_away(node, now);
        if (there && !work.acks.contains(node)) nodes.push_back(node);
    }
    for (const NodeId& node : shared_.members.nearest(work.record.id, limits::custodians + 2)) {
        const bool named = work.record.rank_of(node).has_value();
        if (!named && !work.strangers.contains(node)) nodes.push_back(node);
    }
    return nodes;
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
    const bool probed = message.epoch.round == 0 && message.epoch.term == work->term &&
                        work->stage == Stage::recording;
    if (!probed && !work->record.rank_of(from)) return Verdict::not_invited;
    const bool asked = work->stage == Stage::recording || work->stage == Stage::joining ||
                       work->stage == Stage::granting || work->stage == Stage::storing;
    if (!probed && (!asked || message.epoch != work->epoch)) return Verdict::stale;
    merge(work->attempts, message.attempts);
    if (message.accepted && message.held) {
        const bool fresh = work->stage == Stage::recording && !work->acknowledged;
        if (fresh) withdraw(*work, out);
        if (!fresh) spread_accepted(*work, *message.held, out);
        answer_calls(*work, message.held->outcome);
        drop(message.task);
        return Verdict::done;
    }
    if (message.verdict == GrantVerdict::granted || message.verdict == GrantVerdict::unknown) {
        // Whoever held a rival holds it no more.
        work->refusals.erase(from);
        if (work->refusals.empty()) {
            work->rival.reset();
            work->rival_at.reset();
        }
    }
    if (probed && message.verdict == GrantVerdict::unknown) {
        work->strangers.insert(from);
        on_majority(*work, now, out);
        return Verdict::done;
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
            if (message.record && work.stage == Stage::recording) {
                meet_rival(work, from, *message.record, now, out);
            }
            break;
        case GrantVerdict::superseded:
            if (message.record) move(work, *message.record, now, out);
            break;
        case GrantVerdict::unknown:
            send_record(work, from, now.boot_time, out);
            break;
        case GrantVerdict::overloaded:
            count_refusal(work, from, out);
            break;
    }
    return Verdict::done;
}

void Announcer::on_majority(Work& work, Moment now, Effects& out) {
    if (work.acks.size() < work.record.majority()) return;
    if (work.stage == Stage::storing) {
        conclude(work, *work.outcome, now, out);
        return;
    }
    if (work.stage == Stage::recording && !work.acknowledged) {
        if (must_wait_for_rivals(work, now.boot_time, out)) return;
        acknowledge(work, now.boot_time, out);
    }
    if (work.stage == Stage::joining) {
        acknowledge(work, now.boot_time, out);
        hand_over(work);
        return;
    }
    if (work.found) {
        store(work, work.found->outcome, now, out);  // never another one
    } else if (work.outcome) {
        store(work, *work.outcome, now, out);
    } else {
        follow_intent(work, now, out);
    }
}

// With a majority at hand: whether somebody who is there may still know of a rival.
bool Announcer::must_wait_for_rivals(Work& work, BootTime now, Effects& out) {
    if (work.rival) return true;
    if (unheard(work, now).empty()) return false;
    if (!work.majority_at) {
        work.majority_at = now;
        probe(work, now, out);
        work.act_at = now + shared_.timing.joint_within;
        arm(work);
    }
    return now < *work.majority_at + shared_.timing.joint_within;
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
    if (work.stage == Stage::recording) ++shared_.counters.offered;
    out.trace(Event::task_recorded, work.record.id.prefix(), work.acks.size());
    for (const CallId call : std::exchange(work.offers, {})) {
        acknowledged_.push_back({call, work.record.id, AckVerdict::recorded});
    }
}

// Somebody was granted a higher epoch.  A runner that is there keeps the task; from one that is
// gone, and for a cancellation, it is taken.
void Announcer::outbid(Work& work, const Epoch& highest, Moment now, Effects& out) {
    if (highest <= work.epoch) return;
    out.trace(Event::task_superseded, work.record.id.prefix(), work.epoch.round, highest.round);
    const bool own = is_own(highest, shared_.members);
    const bool gone = shared_.members.is_gone(highest.granter, highest.boot, now.boot_time);
    if (work.intent != Intent::cancel && !gone && !own) {
        ++shared_.counters.superseded;
        hand_over(work);
        return;
    }
    if (!own) work.previous = highest;
    work.epoch = highest;
    ask(work, work.intent, now, out);
}

// Two nodes were offered one key.  The record that was there first counts; where both are new, the
// one whose home orders last: its runner waits for the other to give in.
void Announcer::meet_rival(Work& work, const NodeId& from, const Record& record, Moment now,
                           Effects& out) {
    if (record.id != work.record.id || record.home == work.record.home) return;
    work.refusals.insert(from);
    work.rival = record;
    if (!work.rival_at) work.rival_at = now.boot_time;
    if (record.home > work.record.home) join(work, record, now, out);
}

// The task is on record already: this node only makes sure that a majority has it.
void Announcer::join(Work& work, const Record& record, Moment now, Effects& out) {
    withdraw(work, out);
    work.record = Record(record);  // the rival's, which goes away
    work.rival.reset();
    // What storing a record grants: anybody may pass it on.
    work.epoch = work.record.first_epoch();
    enter(work, Stage::joining, now.boot_time);
    judge_majority(work, now.boot_time);
    send_ledger(work, now, out);
}

// The task lives with other custodians now.
void Announcer::move(Work& work, const Record& record, Moment now, Effects& out) {
    if (record.id != work.record.id || record.home <= work.record.home) return;
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
    if (left >= work.record.majority() || work.acknowledged) return;
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
void Announcer::rehome(Work& work, Moment now, Effects& out) {
    leave_round(work, out);
    Record& record = work.record;
    record.before = record.custodians;
    record.custodians = shared_.members.custodians(record.id, limits::custodians);
    record.home = {record.home.generation + 1, shared_.members.self(), shared_.members.boot(),
                   work.term};
    work.epoch = next_epoch(work);
    work.minority_since.reset();
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
