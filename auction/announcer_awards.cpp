// The runner and the participants: rounds, awards, leases, results.
#include "auction/announcer.hpp"
#include "auction/retry.hpp"
#include "base/assert.hpp"
#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"

#include <algorithm>

namespace starling::auction {
namespace {

// How many nodes are asked at first: the power of two choices (Mitzenmacher, 2001).  Each further
// one costs three messages and holds a worker that another task may wait for.  Four times as many
// are asked after every round that nobody won.
constexpr std::size_t invited_first = 2;
constexpr std::size_t runners_up_kept = 3;

std::size_t invited_after(std::size_t empty_rounds) {
    std::size_t count = invited_first;
    for (std::size_t i = 0; i < empty_rounds && count < limits::bids_per_auction; ++i) count *= 4;
    return std::min(count, limits::bids_per_auction);
}

}  // namespace

// -------------------------------------------------------------------------------- finding a winner

void Announcer::open(Work& work, Moment now, Effects& out) {
    enter(work, Stage::open, now.boot_time);
    if (work.rest_until && now.boot_time < *work.rest_until) {
        work.reason = WaitReason::backoff;
        work.act_at = *work.rest_until;
        arm(work);
        return;
    }
    work.rest_until.reset();
    queues_[work.record.spec.skill].emplace(work.order, work.record.id);
    if (work.intent == Intent::resume) {
        // After an adoption those who run the task count, not who is free.
        try_round(work, Busy::included, now, out);
    } else {
        look(work.record.spec.skill, now, out);
        if (work.stage == Stage::open) {
            const bool anybody = shared_.digests.anybody(work.record.spec.skill);
            wait_for_worker(work, anybody ? WaitReason::no_worker : WaitReason::no_agent,
                            now.boot_time, out);
        }
    }
}

// Starts as many rounds as there are workers free, in order of the queue.
void Announcer::look(const std::string& skill, Moment now, Effects& out) {
    const auto queue = queues_.find(skill);
    if (queue == queues_.end()) return;
    const std::uint64_t free = shared_.digests.free_workers(skill);
    std::vector<TaskId> first;
    for (const auto& [order, task] : queue->second) {
        if (first.size() + collecting_[skill] >= free) break;
        first.push_back(task);
    }
    for (const TaskId& task : first) try_round(works_.at(task), Busy::left_out, now, out);
}

void Announcer::try_round(Work& work, Busy busy, Moment now, Effects& out) {
    const std::vector<NodeId> invited = choose(work, busy);
    work.excluded.reset();
    if (invited.empty()) {
        const bool anybody = shared_.digests.anybody(work.record.spec.skill);
        wait_for_worker(work, anybody ? WaitReason::no_worker : WaitReason::no_agent, now.boot_time,
                        out);
        return;
    }
    const Timing& timing = shared_.timing;
    const TaskId task = work.record.id;
    const TaskSpec& spec = work.record.spec;
    enter(work, Stage::collecting, now.boot_time);
    const Haste haste = busy == Busy::included ? Haste::none : Haste::after_a_bid;
    work.round.emplace(task, work.epoch, invited,
                       Opening{now.boot_time, now.boot_time + timing.reply_within, haste});
    ++collecting_[spec.skill];
    Duration left{};
    if (work.deadline) left = std::max(Duration{1}, *work.deadline - now.boot_time);
    out.send_all(invited,
                 Cfp{task, work.epoch, spec.skill, spec.estimate, timing.reply_within, left});
    out.trace(Event::task_called, task.prefix(), work.epoch.round, invited.size());
    work.act_at = work.round->deadline();
    arm(work);
}

std::vector<NodeId> Announcer::choose(const Work& work, Busy busy) {
    const std::size_t count =
        busy == Busy::included ? limits::bids_per_auction : invited_after(work.empty_rounds);
    auto nodes = shared_.digests.candidates(work.record.spec.skill, count, busy, rng_);
    // Whoever lost the task sits out a round, unless nobody else can do it.
    if (work.excluded && nodes.size() > 1) std::erase(nodes, *work.excluded);
    return nodes;
}

void Announcer::wait_for_worker(Work& work, WaitReason reason, BootTime now, Effects& out) {
    if (work.reason != reason) {
        out.trace(Event::task_waiting, work.record.id.prefix(), static_cast<unsigned>(reason));
    }
    work.reason = reason;
    // The queue looks again without news too: a count may have been lost on its way.
    if (!look_at_) look_at_ = now + shared_.timing.idle_look;
    work.act_at = now + 60 * shared_.timing.idle_look;
    arm(work);
}

void Announcer::leave_queue(const Work& work) {
    if (work.stage != Stage::open) return;
    const auto queue = queues_.find(work.record.spec.skill);
    if (queue == queues_.end()) return;
    queue->second.erase({work.order, work.record.id});
    if (queue->second.empty()) queues_.erase(queue);
}

// Ends a round without an award.
void Announcer::leave_round(Work& work, Effects& out) {
    if (!work.round) return;
    for (const Bid& bid : work.round->ranking()) {
        out.send(bid.node, RejectProposal{work.record.id, work.epoch});
    }
    work.round.reset();
    --collecting_[work.record.spec.skill];
}

Verdict Announcer::on_propose(const NodeId& from, const Propose& message, Moment now,
                              Effects& out) {
    Work* work = find(message.task);
    const bool open = work != nullptr && work->round && message.epoch == work->epoch;
    if (work != nullptr && shared_.digests.on_told(from, work->record.spec.skill, message.free)) {
        look_everywhere_ = true;
    }
    const BidVerdict verdict =
        open ? work->round->on_propose(from, message, now.boot_time) : BidVerdict::too_late;
    if (verdict == BidVerdict::too_late || verdict == BidVerdict::not_invited) {
        return on_stray_bid(from, message, now, out);
    }
    if (verdict != BidVerdict::taken) return Verdict::repeated;
    if (work->round->is_closed(now.boot_time)) {
        decide(*work, now, out);
    } else {
        work->act_at = work->round->deadline();
        arm(*work);
    }
    return Verdict::done;
}

// A bid that no round wants: late, or unasked, of a node that had turned this one away.
Verdict Announcer::on_stray_bid(const NodeId& from, const Propose& message, Moment now,
                                Effects& out) {
    const Work* work = find(message.task);
    // The award may have gone to this very bid, which is on the wire twice.
    if (work != nullptr && is_winner(*work, from, message.epoch)) return Verdict::repeated;
    const Bid bid{from, message.boot, message.cost, message.standing, message.task};
    if (message.standing == Standing::able && use_bid(bid, now, out)) {
        return Verdict::done;
    }
    STARLING_PROBE(bid_too_late);
    out.send(from, RejectProposal{message.task, message.epoch});
    return Verdict::too_late;
}

// A worker that was bid for one task can do any other of its skill.
bool Announcer::use_bid(const Bid& bid, Moment now, Effects& out) {
    const std::string* skill = skill_of(bid.task);
    if (skill == nullptr || !shared_.digests.is_able(bid.node, *skill)) return false;
    Work* work = first_waiting(*skill, bid.node, now.boot_time);
    if (work == nullptr) return false;
    STARLING_PROBE(bid_used_otherwise);
    work->empty_rounds = 0;
    work->excluded.reset();
    work->runners_up.clear();
    award(*work, bid, now, out);
    return true;
}

const std::string* Announcer::skill_of(const TaskId& task) const {
    const auto work = works_.find(task);
    if (work != works_.end()) return &work->second.record.spec.skill;
    const auto ended = concluded_.find(task);
    return ended == concluded_.end() ? nullptr : &ended->second.skill;
}

// In order of the queue; one that this bidder has just lost, or cannot end in time, is passed over.
Work* Announcer::first_waiting(const std::string& skill, const NodeId& bidder, BootTime now) {
    const auto queue = queues_.find(skill);
    if (queue == queues_.end()) return nullptr;
    for (const auto& [order, task] : queue->second) {
        Work& work = works_.at(task);
        const Duration estimate = work.record.spec.estimate;
        const bool in_time = !work.deadline || *work.deadline - now >= estimate;
        const bool may = work.excluded != bidder && work.intent != Intent::resume;
        if (may && in_time) return &work;
    }
    return nullptr;
}

Verdict Announcer::on_refuse(const NodeId& from, const Refuse& message, Moment now, Effects& out) {
    Work* work = find(message.task);
    if (work == nullptr) return Verdict::unknown_task;
    if (shared_.digests.on_told(from, work->record.spec.skill, message.free)) {
        look_everywhere_ = true;
    }
    if (!work->round || message.epoch != work->epoch) return Verdict::too_late;
    if (work->round->on_refuse(from, message, now.boot_time) != BidVerdict::taken) {
        return Verdict::not_invited;
    }
    if (work->round->is_closed(now.boot_time)) decide(*work, now, out);
    return Verdict::done;
}

void Announcer::decide(Work& work, Moment now, Effects& out) {
    STARLING_ASSERT(work.round.has_value());
    std::vector<Bid> bids = work.round->ranking();
    const bool only_busy = work.round->found_only_busy();
    work.round.reset();
    --collecting_[work.record.spec.skill];
    look_everywhere_ = true;
    if (bids.empty()) {
        STARLING_PROBE(round_without_bid);
        decline(work, only_busy, now, out);
        return;
    }
    work.empty_rounds = 0;
    for (std::size_t i = 1; i < bids.size(); ++i) {
        out.send(bids[i].node, RejectProposal{work.record.id, work.epoch});
    }
    const auto kept = std::min(bids.size(), runners_up_kept + 1);
    work.runners_up.assign(bids.begin() + 1, bids.begin() + static_cast<std::ptrdiff_t>(kept));
    award(work, bids.front(), now, out);
}

// A round without a bid.  Where others were faster the task keeps its place in the queue; where it
// was declined for another reason it rests, so that it does not ask for ever.
void Announcer::decline(Work& work, bool only_busy, Moment now, Effects& out) {
    if (work.intent == Intent::resume) work.intent = Intent::award;
    enter(work, Stage::open, now.boot_time);
    if (only_busy) {
        queues_[work.record.spec.skill].emplace(work.order, work.record.id);
        wait_for_worker(work, WaitReason::no_worker, now.boot_time, out);
        return;
    }
    work.reason = WaitReason::all_declined;
    work.act_at = now.boot_time + rest_after_round(rng_, shared_.timing, ++work.empty_rounds);
    arm(work);
}

// ------------------------------------------------------------------------------ awards and leases

void Announcer::award(Work& work, const Bid& bid, Moment now, Effects& out) {
    enter(work, Stage::awarded, now.boot_time);
    work.intent = Intent::award;
    work.winner = bid;
    work.permille = 0;
    work.note.clear();
    Attempt& attempt = attempt_of(work.attempts, work.epoch, bid.node);
    attempt.started_ms = wall_ms(now.wall);
    ++shared_.counters.awarded;
    if (bid.standing == Standing::able) shared_.digests.reserve(bid.node, work.record.spec.skill);
    if (!std::exchange(work.awarded_before, true) && work.acknowledged) {
        awarded_.push_back({work.record.id, now.boot_time - *work.acknowledged});
    }
    out.trace(Event::task_awarded, work.record.id.prefix(), work.epoch.round, bid.node.prefix(),
              bid.cost);
    send_award(work, out);
    work.act_at = now.boot_time + shared_.timing.agree_within / 2;
    arm(work);
}

void Announcer::send_award(const Work& work, Effects& out) const {
    out.send(work.winner->node, AcceptProposal{work.record, work.epoch, work.winner->boot,
                                               shared_.timing.lease, work.winner->task});
}

bool Announcer::is_winner(const Work& work, const NodeId& from, const Epoch& epoch) {
    return work.winner && STARLING_MUTANT(75, work.winner->node == from, true) &&
           STARLING_MUTANT(57, work.epoch == epoch, true) &&
           (work.stage == Stage::awarded || work.stage == Stage::running);
}

Verdict Announcer::on_agree(const NodeId& from, const Agree& message, Moment now, Effects& out) {
    Work* work = find(message.task);
    if (work == nullptr) return Verdict::unknown_task;
    shared_.digests.on_told(from, work->record.spec.skill, message.free);
    if (!is_winner(*work, from, message.epoch)) return Verdict::stale;
    if (work->stage == Stage::running) return Verdict::repeated;
    run(*work, now, out);
    return Verdict::done;
}

void Announcer::run(Work& work, Moment now, Effects& out) {
    enter(work, Stage::running, now.boot_time);
    attempt_of(work.attempts, work.epoch, work.winner->node).executed = true;
    work.runners_up.clear();
    work.lease_until = now.boot_time + shared_.timing.lease_judged();
    // The winner stops itself at the limit; this is for one that does not.
    work.run_until = now.boot_time + work.record.spec.run_limit + shared_.timing.lease;
    out.trace(Event::task_agreed, work.record.id.prefix(), work.epoch.round,
              work.winner->node.prefix());
    work.act_at = std::min(work.lease_until, work.run_until);
    if (STARLING_MUTANT(58, false, true)) work.act_at = now.boot_time + 24 * std::chrono::hours{1};
    arm(work);
}

// Another node agreed to run it, or it ends otherwise.  Before that the earlier winner may still be
// the one whose result is taken.
bool Announcer::is_over(const Work& work, const NodeId& from, const Epoch& epoch) {
    if (epoch >= work.epoch) return false;
    if (work.stage == Stage::running) return work.winner->node != from;
    return work.stage == Stage::storing && work.outcome->origin != epoch;
}

std::optional<Verdict> Announcer::on_renew(const NodeId& from, const Renew& message, Moment now,
                                           Effects& out) {
    Work* work = find(message.task);
    if (work == nullptr) return std::nullopt;
    RenewVerdict verdict = RenewVerdict::held;
    if (is_winner(*work, from, message.epoch)) {
        if (work->stage == Stage::awarded) run(*work, now, out);  // its agree was lost
        work->permille = message.permille;
        work->note = message.note;
        work->lease_until = now.boot_time + shared_.timing.lease_judged();
        work->act_at = std::min(work->lease_until, work->run_until);
        arm(*work);
    } else if (message.epoch != work->epoch) {
        const bool over = is_over(*work, from, message.epoch);
        verdict = over ? RenewVerdict::over : RenewVerdict::stale;
    }
    out.send(from, Renewed{message.task, message.epoch, verdict});
    return verdict == RenewVerdict::held ? Verdict::done : Verdict::stale;
}

// No agreement in time, or the bid was taken back: once more, then the next.
void Announcer::next_award(Work& work, Moment now, Effects& out) {
    const bool there = shared_.members.is_alive(work.winner->node);
    if (work.repetitions++ == 0 && there && now.boot_time >= work.act_at) {
        STARLING_PROBE(award_sent_again);
        send_award(work, out);
        work.act_at = now.boot_time + shared_.timing.agree_within / 2;
        arm(work);
        return;
    }
    STARLING_PROBE(award_declined);
    end_attempt(work, AttemptEnd::declined, "", now);
    ask(work, Intent::award, now, out);
}

void Announcer::end_attempt(Work& work, AttemptEnd end, const std::string& reason, Moment now) {
    Attempt& attempt = attempt_of(work.attempts, work.epoch, work.winner->node);
    attempt.end = end;
    attempt.ended_ms = wall_ms(now.wall);
    attempt.reason = reason;
    work.excluded = work.winner->node;
    work.winner.reset();
}

// The winner is gone, silent or too slow.
void Announcer::lose(Work& work, AttemptEnd end, Moment now, Effects& out) {
    STARLING_PROBE(winner_lost);
    out.trace(Event::task_reassigned, work.record.id.prefix(), work.epoch.round,
              static_cast<unsigned>(end));
    if (end == AttemptEnd::run_limit) {
        out.send(work.winner->node, Cancel{work.record.id, work.epoch, CancelPurpose::stop});
        ++shared_.counters.retried;
    } else {
        ++shared_.counters.reassigned;
    }
    end_attempt(work, end, std::string(name_of(end)), now);
    try_again(work, now, out);
}

void Announcer::try_again(Work& work, Moment now, Effects& out) {
    work.runners_up.clear();
    if (auto reason = given_up(work.attempts, work.record.spec.attempts_max)) {
        bury(work, std::move(*reason), now, out);
    } else {
        ask(work, Intent::award, now, out);
    }
}

Verdict Announcer::on_failure(const NodeId& from, const Failure& message, Moment now,
                              Effects& out) {
    Work* work = find(message.task);
    const auto noted = work == nullptr ? InformVerdict::unknown : InformVerdict::heard;
    out.send(from, Informed{message.task, message.epoch, noted, shared_.members.self()});
    if (work == nullptr) return Verdict::unknown_task;
    if (shared_.digests.on_told(from, work->record.spec.skill, message.free)) {
        look_everywhere_ = true;
    }
    if (!is_winner(*work, from, message.epoch)) return Verdict::stale;
    switch (message.reason) {
        case FailureReason::declined:
            end_attempt(*work, AttemptEnd::declined, message.text, now);
            ask(*work, Intent::award, now, out);
            return Verdict::done;
        case FailureReason::released:
            lose(*work, AttemptEnd::left, now, out);
            return Verdict::done;
        case FailureReason::failed:
            end_attempt(*work, AttemptEnd::failed, message.text, now);
            break;
        case FailureReason::run_limit:
            end_attempt(*work, AttemptEnd::run_limit, message.text, now);
            break;
    }
    attempt_of(work->attempts, work->epoch, from).executed = true;
    if (!message.retryable) {
        bury(*work, "failed: " + message.text, now, out);
        return Verdict::done;
    }
    ++shared_.counters.retried;
    work->rest_until =
        now.boot_time + rest_after_failure(rng_, shared_.timing, failures_in(work->attempts));
    try_again(*work, now, out);
    return Verdict::done;
}

std::optional<Verdict> Announcer::on_inform(const NodeId& from, const Inform& message, Moment now,
                                            Effects& out) {
    Work* work = find(message.task);
    if (work == nullptr || work->stage == Stage::joining) return std::nullopt;
    const auto answer = [&](InformVerdict verdict) {
        out.send(from, Informed{message.task, message.epoch, verdict, shared_.members.self()});
    };
    if (shared_.digests.on_told(from, work->record.spec.skill, message.free)) {
        look_everywhere_ = true;
    }
    if (!may_report(*work, from, message.epoch)) {
        answer(InformVerdict::stale);
        return Verdict::not_invited;
    }
    const Outcome outcome{Ending::done, message.result, {}, from, message.epoch};
    const bool same = work->outcome && work->outcome->origin == message.epoch;
    if (same) {
        answer(InformVerdict::stored);
        return Verdict::repeated;
    }
    if (is_winner(*work, from, message.epoch)) {
        attempt_of(work->attempts, work->epoch, from).executed = true;
        out.trace(Event::task_reported, work->record.id.prefix(), work->epoch.round, 0);
        work->winner.reset();
        store(*work, outcome, now, out);
        return Verdict::done;
    }
    // Late, but nobody else was awarded it yet: not run again.
    const bool unawarded = work->stage == Stage::open || work->stage == Stage::collecting;
    const bool asking = work->stage == Stage::granting && !work->outcome;
    if (message.epoch < work->epoch && work->intent != Intent::cancel && (unawarded || asking)) {
        attempt_of(work->attempts, message.epoch, from).executed = true;
        leave_round(*work, out);
        STARLING_PROBE(late_result_taken);
        if (unawarded) store(*work, outcome, now, out);
        if (asking) work->outcome = outcome;
        return Verdict::done;
    }
    Attempt& attempt = attempt_of(work->attempts, message.epoch, from);
    attempt.executed = true;
    attempt.refused = true;
    STARLING_PROBE(late_result_refused);
    if (attempt.end == AttemptEnd::running) attempt.end = AttemptEnd::superseded;
    out.trace(Event::result_stale, work->record.id.prefix(), message.epoch.round,
              work->epoch.round);
    answer(InformVerdict::stale);
    return Verdict::stale;
}

// The task ended under a later epoch, run by another node.
Verdict Announcer::on_stop(const Cancel& message, Effects& out) {
    Work* work = find(message.task);
    if (work == nullptr) return Verdict::unknown_task;
    if (message.epoch <= work->epoch) return Verdict::stale;
    leave_round(*work, out);
    if (work->winner) out.send(work->winner->node, message);
    ++shared_.counters.superseded;
    hand_over(*work);
    return Verdict::done;
}

Duty Announcer::duty_of(const Duty& asked) const {
    const auto found = works_.find(asked.task);
    const bool mine = found != works_.end() && found->second.stage != Stage::joining &&
                      found->second.epoch >= asked.epoch;
    return {asked.task, mine ? found->second.epoch : asked.epoch,
            mine ? DutyNote::active : DutyNote::unknown};
}

}  // namespace starling::auction
