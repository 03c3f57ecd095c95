// One round of the contract net, seen by the node that runs it.
//
//          every invited node answered, or the deadline passed
//   open ───────────────────────────────────────────────────────> closed
//
// Invariants:
//   I1  A closed round never changes its bids.
//   I2  Every bid is of an invited node and came while the round was open; one per node.
//   I3  Bids rank by standing (finished, running, able), cost, then a hash of (task, round, node),
//   so
//       that equal nodes share the work and every replay picks the same winner.
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
};

enum class BidVerdict : std::uint8_t { taken, not_invited, answered_already, too_late };

class Round {
public:
    // REQUIRES: at least one and at most bids_per_auction nodes.
    Round(TaskId task, Epoch epoch, std::span<const NodeId> invited, BootTime deadline);

    // A verdict other than taken leaves the round as it was.
    BidVerdict on_propose(const NodeId& from, const Propose& propose, BootTime now);
    BidVerdict on_refuse(const NodeId& from, BootTime now);
    // An invited node that is gone will not answer.
    void on_gone(const NodeId& node);

    [[nodiscard]] bool is_closed(BootTime now) const {
        return waiting_.empty() || now >= deadline_;
    }

    [[nodiscard]] BootTime deadline() const { return deadline_; }

    // Best first.
    [[nodiscard]] std::vector<Bid> ranking() const;

private:
    [[nodiscard]] BidVerdict answered(const NodeId& from, BootTime now);

    TaskId task_;
    Epoch epoch_;
    BootTime deadline_;
    std::set<NodeId> invited_;
    std::set<NodeId> waiting_;  // invited, not answered yet
    std::vector<Bid> bids_;
};

}  // namespace starling::auction
