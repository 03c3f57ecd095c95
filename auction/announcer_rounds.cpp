// The runner looks for a winner: whom it calls, which bid it takes, when it calls again.
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
constexpr std::size_t widened_at_once = 2;

std::size_t invited_after(std::size_t empty_rounds) {
    std::size_t count = invited_first;
    for (std::size_t i = 0; i < empty_rounds && count < limits::bids_per_auction; ++i) count *= 4;
    return std::min(count, limits::bids_per_auction);
}

}  // namespace

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
    const TaskId task = work.record.id;
    const TaskSpec& spec = work.record.spec;
    const Duration within = shared_.timing.reply_within;
    enter(work, Stage::collecting, now.boot_time);
    const Haste haste = busy == Busy::included ? Haste::none : Haste::after_a_bid;
    work.round.emplace(task, work.epoch, invited,
                       Opening{now.boot_time, now.boot_time + within, haste});
    ++collecting_[spec.skill];
    Duration left{};
    if (work.deadline) left = std::max(Duration{1}, *work.deadline - now.boot_time);
    out.send_all(invited, Cfp{task, work.epoch, spec.skill, spec.estimate, within, left});
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
    close_round(work);
}

Verdict Announcer::on_propose(const NodeId& from, const Propose& message, Moment now,
                              Effects& out) {
    Work* work = find(message.task);
    const bool open = work != nullptr && work->round && message.epoch == work->epoch;
    if (work != nullptr && shared_.digests.on_told(from, work->record.spec.skill, message.free)) {
        look_everywhere_ = true;
    }
    const BidVerdict verdict =
        open ? bid_in_round(*work, from, message, now.boot_time) : BidVerdict::too_late;
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

BidVerdict Announcer::bid_in_round(Work& work, const NodeId& from, const Propose& message,
                                   BootTime now) const {
    const BidVerdict verdict = work.round->on_propose(from, message, now);
    const bool able = shared_.digests.is_able(from, work.record.spec.skill);
    if (verdict != BidVerdict::not_invited || !able) return verdict;
    STARLING_PROBE(bid_of_an_earlier_round);
    return work.round->on_unasked(from, message, now);
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
    Work* work = find(bid.task);
    if (work != nullptr && rests_unsold(*work, bid)) {
        STARLING_PROBE(bid_late_but_welcome);
    } else {
        work = first_waiting(*skill, bid.node, now.boot_time);
        if (work == nullptr) return false;
        STARLING_PROBE(bid_used_otherwise);
    }
    work->empty_rounds = 0;
    work->excluded.reset();
    work->runners_up.clear();
    award(*work, bid, now, out);
    return true;
}

// Its round closed before this bid came, and nobody else has it.
bool Announcer::rests_unsold(const Work& work, const Bid& bid) {
    return work.stage == Stage::open && work.reason == WaitReason::all_declined &&
           work.excluded != bid.node;
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
    if (bids.empty()) {
        STARLING_PROBE(round_without_bid);
        decline(work, now, out);
        return;
    }
    close_round(work);
    work.empty_rounds = 0;
    for (std::size_t i = 1; i < bids.size(); ++i) {
        out.send(bids[i].node, RejectProposal{work.record.id, work.epoch});
    }
    const auto kept = std::min(bids.size(), runners_up_kept + 1);
    work.runners_up.assign(bids.begin() + 1, bids.begin() + static_cast<std::ptrdiff_t>(kept));
    award(work, bids.front(), now, out);
}

// A round without a bid.  Where others were faster the task keeps its place in the queue; where
// some may be too far away more are called at once, twice; where it was declined for another reason
// it rests, so that it does not ask for ever.
void Announcer::decline(Work& work, Moment now, Effects& out) {
    const bool only_busy = work.round->found_only_busy();
    const bool too_short = work.round->was_too_short();
    close_round(work);
    if (work.intent == Intent::resume) work.intent = Intent::award;
    enter(work, Stage::open, now.boot_time);
    if (only_busy) {
        queues_[work.record.spec.skill].emplace(work.order, work.record.id);
        wait_for_worker(work, WaitReason::no_worker, now.boot_time, out);
        return;
    }
    work.reason = WaitReason::all_declined;
    const Duration rest = rest_after_round(rng_, shared_.timing, ++work.empty_rounds);
    const bool at_once = too_short && work.empty_rounds <= widened_at_once;
    work.act_at = at_once ? now.boot_time : now.boot_time + rest;
    arm(work);
}

void Announcer::close_round(Work& work) {
    work.round.reset();
    --collecting_[work.record.spec.skill];
    look_everywhere_ = true;
}

}  // namespace starling::auction
