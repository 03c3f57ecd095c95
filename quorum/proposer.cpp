#include "quorum/proposer.hpp"

#include "base/assert.hpp"
#include "base/buggify.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"
#include "quorum/names.hpp"

#include <algorithm>
#include <utility>

namespace starling::quorum {
namespace {

using namespace std::chrono_literals;

// Twice the lifetime of an operation id, with the clock rates' error (lease.hpp).
constexpr Duration forgotten_after = 2 * limits::operation_lifetime + 1s;
constexpr std::size_t window_watched = limits::register_window / 2;
// Measured with five proposers on one register, each hop 1 ms: rests up to 64 times an accept
// starve a proposer for 3 s, up to 4 times for 0.1 s, since losers leap ahead instead of waiting
// their turn.
constexpr unsigned rest_doublings_max = 2;
constexpr unsigned leap_doublings_max = 6;
constexpr unsigned retried_at_once = 2;

bool blocks(const Votes& votes, const Electorate& electorate) {
    return votes.count() > electorate.size() - electorate.majority();
}

// It can only have been applied in a later round than this.
std::uint64_t after_of(const Waiting& waiting) {
    return waiting.first_accept == 0 ? 0 : waiting.first_accept - 1;
}

}  // namespace

void Proposer::submit(Waiting waiting, Moment now, Effects& out) {
    STARLING_ASSERT(queue_.size() < limits::register_waiting);
    for (Waiting& other : queue_) {  // the same operation twice: neither may speak for both
        const bool same = other.operation.id == waiting.operation.id;
        if (!same || waiting.operation.id.stream.empty()) continue;
        other.operation.retried = waiting.operation.retried = true;
    }
    if (phase_ == Phase::preparing) waiting.joined = ballot_.round;  // I2
    queue_.push_back(std::move(waiting));
    if (phase_ == Phase::idle) start(now, out);
}

void Proposer::start(Moment now, Effects& out) {
    phase_ = Phase::idle;
    if (queue_.empty()) return;
    if (!slot_) {
        prepare(now, out);
        return;
    }
    STARLING_PROBE(slot_used);
    Slot slot = *std::exchange(slot_, std::nullopt);  // I1
    ballot_ = slot.ballot;
    best_ = {slot.base_round, {}, {}};
    base_ = std::move(slot.base);
    propose(Base::unsettled, now, out);
}

void Proposer::prepare(Moment now, Effects& out) {
    slot_.reset();
    // What a loser learned is old when its next request arrives: it leaps ahead of a busy winner.
    desk_->round += limits::register_window * ((1U << std::min(lost_, leap_doublings_max)) - 1);
    ballot_ = {desk_->next_round(), desk_->self, desk_->boot};
    identical_ = true;
    best_ = {};
    base_ = {};
    begin_attempt(Phase::preparing, now);
    out.send_all(desk_->electorate.nodes(), Prepare{name_, ballot_});
}

void Proposer::begin_attempt(Phase phase, Moment now) {
    phase_ = phase;
    votes_.clear();
    conflicts_.clear();
    full_.clear();
    heard_.clear();
    rival_busy_ = undecided_ = false;
    started_ = now.boot_time;
    const Duration patience = Desk::patience(desk_->writes, timeouts_);
    until_ = now.boot_time + (STARLING_BUGGIFY(ballot_expires_early) ? patience / 8 : patience);
}

VoteCounted Proposer::on_promise(const NodeId& from, const Promise& message, Moment now,
                                 Effects& out) {
    const auto voter = desk_->electorate.index_of({from, message.journal});
    if (!voter) return VoteCounted::unknown_voter;
    if (message.accepted.round >= message.ballot.round) return VoteCounted::impossible;
    desk_->learn(message.accepted.round);
    if (phase_ != Phase::preparing || message.ballot != ballot_) return VoteCounted::stale;
    if (votes_.has(*voter)) return VoteCounted::repeated;
    if (votes_.count() > 0 && message.accepted != best_) {
        STARLING_PROBE(promises_differ);
        identical_ = false;
    }
    if (votes_.count() == 0 ||
        STARLING_MUTANT(7, message.accepted > best_, message.accepted < best_)) {
        best_ = message.accepted;
        base_ = message.state;
    }
    votes_.add(*voter);
    heard_.add(*voter);
    if (votes_.count() >= desk_->electorate.majority()) {
        desk_->writes.note(now.boot_time - started_);
        propose(identical_ ? Base::settled : Base::unsettled, now, out);
    } else {
        on_heard(now, out);
    }
    return VoteCounted::counted;
}

void Proposer::propose(Base how, Moment now, Effects& out) {
    State next = base_;
    forget(next, forgettable(now));
    apply_batch(next, {ballot_.round, desk_->self, wall_ms(now.wall)});
    if (!needs_round(how)) {
        STARLING_PROBE(round_not_needed);
        slot_ = Slot{ballot_, base_, best_.round};  // promised and unused
        lost_ = timeouts_ = 0;
        complete(out);
        start(now, out);
        return;
    }
    const bool changed =
        std::ranges::any_of(batch_, [](auto& done) { return done.result.changed; });
    send_accept(changed ? std::move(next) : base_, now, out);
}

// Applies waiting operations in order; fills batch_ (I4).
void Proposer::apply_batch(State& next, const Stamp& stamp) {
    // Half of the free window, so that the other nodes' operations find room too.
    const std::size_t quota = (limits::register_window - next.window.size() + 1) / 2;
    std::size_t added = 0;
    batch_.clear();
    for (Waiting& waiting : queue_) {
        if (!has_room(next, stamp.round) || added > quota) break;
        Operation& operation = waiting.operation;
        if (operation.id.stream == desk_->stream) operation.done_below = own_done_below();
        const Result result = apply(next, operation, stamp);
        if (result.changed) ++added;
        batch_.push_back({waiting.ticket, result, next.snapshot});
    }
    STARLING_ASSERT(!batch_.empty());  // strict rounds leave room for one
}

// I2
bool Proposer::needs_round(Base how) const {
    if (how == Base::unsettled) return STARLING_MUTANT(8, true, false);
    return std::ranges::any_of(batch_, [&](const Done& done) {
        if (done.result.changed) return true;
        const auto waiting = std::ranges::find(queue_, done.ticket, &Waiting::ticket);
        return waiting->first_accept != 0 || waiting->joined == ballot_.round;
    });
}

void Proposer::send_accept(State state, Moment now, Effects& out) {
    for (const Done& done : batch_) {
        Waiting* waiting = find(done.ticket);
        if (done.result.changed && waiting->first_accept == 0)
            waiting->first_accept = ballot_.round;
    }
    const bool warm = base_.snapshot.version == 0 || base_.snapshot.by == desk_->self ||
                      batch_.size() < queue_.size();
    next_round_ = warm ? desk_->next_round() : 0;
    state_ = std::move(state);
    begin_attempt(Phase::accepting, now);
    out.send_all(desk_->electorate.nodes(), Accept{name_, ballot_, next_round_, state_});
}

VoteCounted Proposer::on_accepted(const NodeId& from, const Accepted& message, Moment now,
                                  Effects& out) {
    const auto voter = desk_->electorate.index_of({from, message.journal});
    if (!voter) return VoteCounted::unknown_voter;
    if (phase_ != Phase::accepting || message.ballot != ballot_) return VoteCounted::stale;
    if (votes_.has(*voter)) return VoteCounted::repeated;
    votes_.add(*voter);
    heard_.add(*voter);
    if (votes_.count() < desk_->electorate.majority()) {
        on_heard(now, out);
        return VoteCounted::counted;
    }
    desk_->writes.note(now.boot_time - started_);
    if (next_round_ != 0) {
        slot_ = Slot{{next_round_, desk_->self, desk_->boot}, std::move(state_), ballot_.round};
    }
    lost_ = timeouts_ = 0;
    complete(out);
    start(now, out);
    return VoteCounted::counted;
}

void Proposer::complete(Effects& out) {
    for (Done& done : batch_) {
        const Waiting* waiting = find(done.ticket);
        if (waiting == nullptr) {
            STARLING_PROBE(deadline_before_result);
            continue;
        }  // its deadline came first
        if (done.result.changed && done.result.outcome == Outcome::applied) {
            out.trace(Event::register_changed, trace_name(name_), done.result.version,
                      ballot_.round);
        }
        const Receipt receipt{waiting->operation.id, after_of(*waiting)};
        desk_->finished.push_back({done.ticket, done.result.outcome, done.result.reason,
                                   done.result.version, std::move(done.snapshot), receipt});
        if (const auto* settled = std::get_if<Settle>(&waiting->operation.change)) {
            std::erase_if(unresolved_, [&](const Unresolved& each) {
                return settled->target.id == OpId{desk_->stream, each.seq};
            });
        }
        drop(done.ticket);
    }
    batch_.clear();
    base_ = {};
    state_ = {};
}

VoteCounted Proposer::on_conflict(const NodeId& from, const Conflict& message, Moment now,
                                  Effects& out) {
    const auto voter = desk_->electorate.index_of({from, message.journal});
    if (!voter) return VoteCounted::unknown_voter;
    desk_->learn(std::max(message.round, message.floor));
    const bool running = phase_ == Phase::preparing || phase_ == Phase::accepting;
    if (!running || message.ballot != ballot_) return VoteCounted::stale;
    if (conflicts_.has(*voter)) return VoteCounted::repeated;
    conflicts_.add(*voter);
    heard_.add(*voter);
    if (message.refusal == Refusal::table_full) full_.add(*voter);
    if (message.refusal == Refusal::busy) rival_busy_ = true;
    if (blocks(full_, desk_->electorate)) {
        on_table_full(now, out);
    } else if (blocks(conflicts_, desk_->electorate)) {
        on_lost(now, out);
    } else {
        on_heard(now, out);
    }
    return VoteCounted::counted;
}

// An answer came and decided nothing yet.
void Proposer::on_heard(Moment now, Effects& out) {
    if (heard_.count() < desk_->electorate.majority()) return;
    if (desk_->nobody_left(heard_.count())) {
        on_lost(now, out);
        return;
    }
    if (undecided_) return;
    STARLING_PROBE(stragglers_waited_for);
    undecided_ = true;
    until_ = std::min(until_, now.boot_time + Desk::patience_for_stragglers(desk_->writes));
}

void Proposer::on_lost(Moment now, Effects& out) {
    STARLING_PROBE(round_lost);
    out.trace(Event::round_lost, trace_name(name_), ballot_.round, desk_->round);
    slot_.reset();
    ++lost_;
    if (!rival_busy_ && lost_ <= retried_at_once) {
        prepare(now, out);
        return;
    }
    // At least one accept of the rival, then full jitter.
    // Who never wins learns from losing how far the voters are; else far rivals never let up.
    desk_->writes.note(now.boot_time - started_);
    const Duration base = std::max<Duration>(desk_->writes.mean(), 1ms);
    const Duration cap = base * (1U << rest_doublings_max);
    STARLING_PROBE(proposer_rests);
    phase_ = Phase::resting;
    const Duration rest = base + full_jitter(desk_->rng, base, cap, lost_);
    until_ = now.boot_time + (STARLING_BUGGIFY(loser_retries_at_once) ? Duration{1} : rest);
}

void Proposer::on_table_full(Moment now, Effects& out) {
    slot_.reset();
    phase_ = Phase::idle;
    while (!queue_.empty()) {
        end(queue_.front(), Reason::table_full, now, out);
        queue_.pop_front();
    }
}

void Proposer::on_tick(Moment now, Effects& out) {
    expire(now, out);
    if (phase_ == Phase::idle || now.boot_time < until_) return;
    if (phase_ == Phase::resting) {
        start(now, out);
        return;
    }
    if (undecided_) {
        STARLING_PROBE(stragglers_stayed_away);
        on_lost(now, out);
        return;
    }
    STARLING_PROBE(ballot_timed_out);
    ++timeouts_;
    prepare(now, out);  // I1: the ballot that got no majority in time is gone
}

void Proposer::expire(Moment now, Effects& out) {
    const Reason reason =
        heard_.count() < desk_->electorate.majority() ? Reason::no_quorum : Reason::deadline;
    std::erase_if(queue_, [&](const Waiting& waiting) {
        if (now.boot_time < waiting.deadline) return false;
        end(waiting, reason, now, out);
        return true;
    });
    if (queue_.empty()) phase_ = Phase::idle;
}

// I3
void Proposer::end(const Waiting& waiting, Reason reason, Moment now, Effects& out) {
    const Operation& operation = waiting.operation;
    const bool may_have_happened = waiting.first_accept != 0 || operation.retried;
    const Outcome outcome =
        STARLING_MUTANT(9, may_have_happened, false) ? Outcome::unknown : Outcome::not_applied;
    desk_->finished.push_back(
        {waiting.ticket, outcome, reason, 0, {}, {operation.id, after_of(waiting)}});
    if (outcome != Outcome::unknown) return;
    STARLING_PROBE(outcome_unknown);
    out.trace(Event::outcome_unknown, trace_name(name_), ballot_.round);
    if (operation.id.stream == desk_->stream) {
        unresolved_.push_back({operation.id.seq, now.boot_time + limits::operation_lifetime});
    }
}

std::optional<BootTime> Proposer::next_deadline() const {
    std::optional<BootTime> next;
    if (phase_ != Phase::idle) next = until_;
    for (const Waiting& waiting : queue_) next = earlier(next, waiting.deadline);
    return next;
}

Waiting* Proposer::find(Ticket ticket) {
    const auto found = std::ranges::find(queue_, ticket, &Waiting::ticket);
    return found == queue_.end() ? nullptr : &*found;
}

void Proposer::drop(Ticket ticket) {
    queue_.erase(std::ranges::find(queue_, ticket, &Waiting::ticket));
}

// Up to where this node's own operations on this register are answered, and nobody will ask again.
std::uint64_t Proposer::own_done_below() const {
    std::uint64_t lowest = ~0ULL;
    for (const Waiting& waiting : queue_) {
        if (waiting.operation.id.stream != desk_->stream) continue;
        lowest = std::min(lowest, waiting.operation.id.seq);
    }
    for (const Unresolved& each : unresolved_) lowest = std::min(lowest, each.seq);
    return lowest;
}

// Up to which round entries of the window were seen so long ago that nobody retries their
// operations.
std::uint64_t Proposer::forgettable(Moment now) {
    std::erase_if(unresolved_, [&](const Unresolved& each) { return each.until <= now.boot_time; });
    if (base_.window.size() < window_watched) {
        checkpoint_.reset();
        return 0;
    }
    if (!checkpoint_) {
        STARLING_PROBE(window_watched);
        checkpoint_ = {best_.round, now.boot_time};
    }
    if (now.boot_time - checkpoint_->seen < forgotten_after) return 0;
    return std::exchange(*checkpoint_, {best_.round, now.boot_time}).round;
}

}  // namespace starling::quorum
