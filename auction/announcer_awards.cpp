// The runner and the winner of a round: award, lease, result.
#include "auction/announcer.hpp"
#include "auction/retry.hpp"
#include "base/assert.hpp"
#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"

#include <algorithm>

namespace starling::auction {

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
