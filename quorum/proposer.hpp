// One register seen by a node that changes it: no leader, one attempt at a time.
//
//                    majority of promises                 majority of accepts
//   idle ──prepare──> preparing ────────────────> accepting ───────────────> finished, idle
//    ^ └─────────────── a slot from the last accept (warm) ──^                    │
//    └── resting <── majority impossible (lost) ── preparing, accepting <── more waiting
//
//   Lost as well: a majority of the voters answered, some with a conflict, and the rest is dead or
//   late.  Half of four voters cannot outvote the other half while the fifth is away.
//
// Invariants:
//   I1  A ballot is used once: a slot is consumed before anything is sent under it, a timed-out
//       ballot is never used again.
//   I2  A result that changed nothing is given out only if a quorum showed one identical ballot, or
//       after a round; and only after a round if an accept of that operation was ever sent, or if
//       it came after that quorum was asked: the promises may be older than the operation.
//   I3  not_applied at the deadline: no accept with this operation was ever sent; otherwise
//       unknown.
//   I4  One accept carries the waiting operations of this node in their order, each with its own
//       result.
//
// Not thread safe.
#pragma once

#include "base/effects.hpp"
#include "base/moment.hpp"
#include "quorum/desk.hpp"
#include "quorum/messages.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace starling::quorum {

enum class VoteCounted : std::uint8_t {
    counted,
    repeated,       // this voter's vote was counted before
    stale,          // of another ballot, or of a read that has ended
    unknown_voter,  // not in the electorate, or from another journal: no vote
    impossible,     // a promise that shows something accepted at or above the ballot it promises
};

// An operation that waits for its result.
struct Waiting {
    Ticket ticket = 0;
    Operation operation;
    BootTime deadline{};
    std::uint64_t first_accept = 0;  // round of the first accept that carried it; 0: none was sent
    std::uint64_t joined = 0;        // round that was being prepared when it came; 0: none
};

class Proposer {
public:
    // The desk outlives the proposer.
    Proposer(std::string name, Desk& desk) : name_(std::move(name)), desk_(&desk) {}

    // REQUIRES: fewer than limits::register_waiting operations wait.
    void submit(Waiting waiting, Moment now, Effects& out);

    VoteCounted on_promise(const NodeId& from, const Promise& message, Moment now, Effects& out);
    VoteCounted on_accepted(const NodeId& from, const Accepted& message, Moment now, Effects& out);
    VoteCounted on_conflict(const NodeId& from, const Conflict& message, Moment now, Effects& out);

    // Ends what is past its deadline, tries again what got no answer.  Idempotent.
    void on_tick(Moment now, Effects& out);
    [[nodiscard]] std::optional<BootTime> next_deadline() const;

    [[nodiscard]] std::size_t waiting() const { return queue_.size(); }

private:
    enum class Phase : std::uint8_t { idle, preparing, accepting, resting };

    // A ballot promised by a majority and not used yet, and the state that stands below it.
    struct Slot {
        Ballot ballot;
        State base;
        std::uint64_t base_round = 0;
    };

    struct Done {
        Ticket ticket = 0;
        Result result;
        Snapshot snapshot;
    };

    // How an attempt's base came about: shown identically by a quorum, or only the highest seen.
    enum class Base : std::uint8_t { settled, unsettled };

    struct Unresolved {
        std::uint64_t seq = 0;
        BootTime until{};
    };

    struct Checkpoint {
        std::uint64_t round = 0;
        BootTime seen{};
    };

    void start(Moment now, Effects& out);
    void prepare(Moment now, Effects& out);
    void propose(Base how, Moment now, Effects& out);
    void send_accept(State state, Moment now, Effects& out);
    void apply_batch(State& next, const Stamp& stamp);
    [[nodiscard]] bool needs_round(Base how) const;
    void complete(Effects& out);
    void on_heard(Moment now, Effects& out);
    void on_lost(Moment now, Effects& out);
    void on_table_full(Moment now, Effects& out);
    void begin_attempt(Phase phase, Moment now);

    void expire(Moment now, Effects& out);
    void end(const Waiting& waiting, Reason reason, Moment now, Effects& out);
    [[nodiscard]] Waiting* find(Ticket ticket);
    void drop(Ticket ticket);
    [[nodiscard]] std::uint64_t own_done_below() const;
    [[nodiscard]] std::uint64_t forgettable(Moment now);

    std::string name_;
    Desk* desk_;
    std::deque<Waiting> queue_;
    Phase phase_ = Phase::idle;
    std::optional<Slot> slot_;

    // The attempt: valid while preparing or accepting.
    Ballot ballot_;
    Votes votes_;
    Votes conflicts_;
    Votes full_;
    Votes heard_;
    bool rival_busy_ = false;
    bool undecided_ = false;  // a majority was heard, and neither agreed nor refused
    bool identical_ = true;
    Ballot best_;  // highest accepted ballot among the promises
    State base_;
    State state_;  // what the accept carries
    std::uint64_t next_round_ = 0;
    std::vector<Done> batch_;
    BootTime started_{};
    BootTime until_{};  // end of the attempt's patience, or of the rest

    unsigned lost_ = 0;      // in a row
    unsigned timeouts_ = 0;  // in a row
    std::vector<Unresolved> unresolved_;
    std::optional<Checkpoint> checkpoint_;
};

}  // namespace starling::quorum
