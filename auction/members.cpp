#include "auction/members.hpp"

#include "auction/task.hpp"
#include "base/assert.hpp"
#include "base/limits.hpp"
#include "base/rng.hpp"

#include <algorithm>
#include <utility>

namespace starling::auction {
namespace {

std::vector<NodeId> best_of(const std::set<NodeId>& nodes, const TaskId& task, std::size_t count) {
    std::vector<std::pair<std::uint64_t, NodeId>> scored;
    scored.reserve(nodes.size());
    const std::uint64_t tail = load_u64(task.view().last(8));
    for (const NodeId& node : nodes) {
        scored.emplace_back(draw(task.prefix(), node.prefix(), tail), node);
    }
    const auto kept = std::min(count, scored.size());
    std::partial_sort(scored.begin(), scored.begin() + static_cast<std::ptrdiff_t>(kept),
                      scored.end());
    std::vector<NodeId> best;
    for (std::size_t i = 0; i < kept; ++i) best.push_back(scored[i].second);
    return best;
}

}  // namespace

Members::Members(NodeId self, Boot boot, BootTime settled)
    : self_(self), boot_(boot), settled_(settled) {
    alive_.emplace(self_, boot_);
    admitted_.insert(self_);
    sees_majority_ = BootTime{};
}

void Members::certified(const NodeId& node) {
    admitted_.insert(node);
    look_around(settled_);  // at most one more of them: a majority may be lost, never won
}

void Members::alive(const NodeId& node, Boot boot, BootTime now) {
    if (node == self_) return;  // I1
    alive_[node] = std::max(alive_[node], boot);
    admitted_.insert(node);
    gone_.erase(node);
    left_.erase(node);
    look_around(now);
}

void Members::gone(const NodeId& node, BootTime now) {
    if (node == self_) return;  // I1
    left_.erase(node);
    drop(node, now);
}

void Members::left(const NodeId& node, BootTime now) {
    if (node == self_) return;  // I1
    left_.insert(node);
    drop(node, now);
}

void Members::drop(const NodeId& node, BootTime now) {
    alive_.erase(node);
    behind_.erase(node);
    gone_.emplace(node, now);
    admitted_.insert(node);
    look_around(now);
}

void Members::look_around(BootTime now) {
    if (alive_.size() <= (admitted_.size() - left_.size()) / 2) {
        sees_majority_.reset();
    } else if (!sees_majority_) {
        sees_majority_ = now;
    }
}

bool Members::is_boot(const NodeId& node, Boot boot) const {
    const auto found = alive_.find(node);
    return found != alive_.end() && found->second == boot;
}

bool Members::is_gone(const NodeId& node, Boot boot, BootTime now) const {
    const auto found = alive_.find(node);
    if (found != alive_.end()) return found->second > boot;
    return is_away(node, now);
}

bool Members::is_away(const NodeId& node, BootTime now) const {
    if (alive_.contains(node)) return false;
    return gone_.contains(node) || now >= settled_;
}

bool Members::lacks_majority(std::span<const NodeId> nodes, BootTime now) const {
    const auto away = static_cast<std::size_t>(std::count_if(
        nodes.begin(), nodes.end(), [&](const NodeId& node) { return is_away(node, now); }));
    return nodes.size() - away < nodes.size() / 2 + 1;
}

BootTime Members::majority_lost(std::span<const NodeId> nodes) const {
    std::vector<BootTime> away;
    for (const NodeId& node : nodes) {
        if (alive_.contains(node)) continue;
        const auto gone = gone_.find(node);
        away.push_back(gone != gone_.end() ? gone->second : settled_);
    }
    const std::size_t spare = nodes.size() - (nodes.size() / 2 + 1);
    STARLING_ASSERT(away.size() > spare);
    std::ranges::nth_element(away, away.begin() + static_cast<std::ptrdiff_t>(spare));
    return away[spare];
}

void Members::lag(const NodeId& node, bool behind) {
    if (!behind) {
        behind_.erase(node);
    } else if (node != self_ && alive_.contains(node)) {
        behind_.insert(node);
    }
}

std::vector<NodeId> Members::custodians(const TaskId& task, std::size_t count) const {
    std::vector<NodeId> nodes = nearest(task, alive_.size());
    std::stable_partition(nodes.begin(), nodes.end(),
                          [&](const NodeId& node) { return !is_behind(node); });
    nodes.resize(std::min(count, nodes.size()));
    std::vector<NodeId> dead;
    for (const auto& [node, since] : gone_) {
        if (!left_.contains(node)) dead.push_back(node);
    }
    if (alive_.size() + dead.size() < 3) return nodes;
    for (const NodeId& node : dead) {
        if (nodes.size() < count) nodes.push_back(node);
    }
    return nodes;
}

std::vector<NodeId> Members::custodians_of_key(const TaskId& task) const {
    return best_of(admitted_, task, limits::key_custodians);
}

std::vector<NodeId> Members::nearest(const TaskId& task, std::size_t count) const {
    std::set<NodeId> nodes;
    for (const auto& [node, boot] : alive_) nodes.insert(node);
    return best_of(nodes, task, count);
}

}  // namespace starling::auction
