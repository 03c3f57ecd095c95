// Who is there, as the membership protocol told: auctions rest their guesses on it, never safety.
//
//   I1  This node is always there, with its present boot.
//
// Not thread safe.
#pragma once

#include "base/ids.hpp"
#include "base/moment.hpp"

#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <vector>

namespace starling::auction {

class Members {
public:
    // Until `settled` a member not yet heard of may still turn up.
    Members(NodeId self, Boot boot, BootTime settled);

    void alive(const NodeId& node, Boot boot);
    void gone(const NodeId& node);  // dead
    void left(const NodeId& node);

    [[nodiscard]] const NodeId& self() const { return self_; }

    [[nodiscard]] Boot boot() const { return boot_; }

    [[nodiscard]] BootTime settled() const { return settled_; }

    [[nodiscard]] bool is_alive(const NodeId& node) const { return alive_.contains(node); }

    [[nodiscard]] bool is_boot(const NodeId& node, Boot boot) const;

    [[nodiscard]] std::size_t count() const { return alive_.size(); }

    // Whether what this boot of the node did in memory is lost.
    [[nodiscard]] bool is_gone(const NodeId& node, Boot boot, BootTime now) const;

    // Whether the node cannot be reached, whatever its boot.
    [[nodiscard]] bool is_away(const NodeId& node, BootTime now) const;

    // Whether too few of them can be reached for a majority.
    [[nodiscard]] bool lacks_majority(std::span<const NodeId> nodes, BootTime now) const;

    // Who should keep a task.  Those that are alive come first; the dead are named only where fewer
    // than `count` are left of a mesh of three or more, so that a node which is cut off, and takes
    // all others for dead, finds no majority instead of promising alone.
    [[nodiscard]] std::vector<NodeId> custodians(const TaskId& task, std::size_t count) const;

    // The best members for a task by rendezvous hashing (Thaler and Ravishankar, 1998), best first.
    [[nodiscard]] std::vector<NodeId> nearest(const TaskId& task, std::size_t count) const;

private:
    NodeId self_;
    Boot boot_;
    BootTime settled_;
    std::map<NodeId, Boot> alive_;
    std::set<NodeId> gone_;  // dead or left
    std::set<NodeId> dead_;
};

}  // namespace starling::auction
