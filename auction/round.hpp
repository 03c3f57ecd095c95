// One round of the contract net, seen by the node that runs it.
//
//          every invited node answered, or the deadline passed; the first bid draws it nearer
//   open ───────────────────────────────────────────────────────> closed
//
// Invariants:
//   I1  A closed round never changes its bids.
//   I2  Every bid came while the round was open, one per node, who may have refused before.  Who is
//       not invited may have been called to an earlier round that was too short for its bid.
//   I3  Bids rank by standing (finished, running, able), late ones last, cost, then a hash of
//   (task, round, node),
//       so that equal nodes share the work and every replay picks the same winner.
//   I4  After the first bid the others have as long again as it took, and 0.5 ms at least, 20 ms
//       after a late one: one slow node does not hold up a round that has a winner.
//
// Not thread safe.
#pragma once

#include "auction/messages.hpp"
#include "base/ids.hpp"
#include "base/moment.hpp"

#include <optional>
#include <set>
#include <span>
#include <vector>

namespace starling::auction {

struct Bid {
    NodeId node;
    Boot boot;
    std::uint64_t cost = 0;
    Standing standing{};
    TaskId task;        // bid for
    bool late = false;  // for the round that it was called to: it is far away
};

// Whether the first bid draws the deadline nearer.
enum class Haste : std::uint8_t {
    none,         // everybody is waited for: one of them may run the task already
    after_a_bid,  // I4
};

// When a round is open.
struct Opening {
    BootTime from;
    BootTime until;
    Haste haste{};
};

enum class BidVerdict : std::uint8_t { taken, not_invited, answered_already, too_late };

class Round {
public:
    // REQUIRES: at least one and at most bids_per_auction nodes.
    Round(TaskId task, Epoch epoch, std::span<const NodeId> invited, const Opening& opening);

    // A verdict other than taken leaves the round as it was.
    BidVerdict on_propose(const NodeId& from, const Propose& propose, BootTime now);
    // REQUIRES: on_propose() said not_invited.
    BidVerdict on_unasked(const NodeId& from, const Propose& propose, BootTime now);
    BidVerdict on_refuse(const NodeId& from, const Refuse& refuse, BootTime now);
    // An invited node that is gone will not answer.
    void on_gone(const NodeId& node);

    [[nodiscard]] bool is_closed(BootTime now) const {
        return waiting_.empty() || now >= opening_.until;
    }

    [[nodiscard]] BootTime deadline() const { return opening_.until; }

    // All who answered have their workers promised to others: no fault of the task or theirs.
    [[nodiscard]] bool found_only_busy() const { return only_busy_ && waiting_.empty(); }

    // Some may be too far away for a round like this.
    [[nodiscard]] bool was_too_short() const { return !waiting_.empty(); }

    // Best first.
    [[nodiscard]] std::vector<Bid> ranking() const;

private:
    [[nodiscard]] BidVerdict answered(const NodeId& from, BootTime now);
    void take(const Bid& bid, Duration patience, BootTime now);
    [[nodiscard]] bool has_bid_of(const NodeId& node) const;

    TaskId task_;
    Epoch epoch_;
    Opening opening_;
    std::set<NodeId> invited_;
    std::set<NodeId> waiting_;  // invited, not answered yet
    std::vector<Bid> bids_;
    bool only_busy_ = true;
};

}  // namespace starling::auction
