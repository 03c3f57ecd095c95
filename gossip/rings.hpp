// Who links to whom and who observes whom: a pure function of who is a member (Suresh et al.,
// "Stable and Consistent Membership at Scale with Rapid", ATC'18: K pseudo-random rings are an
// expander).
//
//   ring k: members in the order of a hash of (mesh, k, id)
//   observers of s: on every ring the nearest predecessor not yet chosen; few members: everybody
//   else
//
// Invariants:
//   I1  Equal members, salt and ring count give equal observers everywhere.
//   I2  A member has min(K, N - 1) observers, or N - 1 in a full mesh (N - 1 <= 2K); never itself.
//   I3  Neighbours are symmetric: a links to b if and only if b links to a.
//
// Not thread safe; the free function is pure.
#pragma once

#include "base/ids.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace starling::gossip {

// clamp(ceil(log2(n) / 2), 3, 8), moved away from `current` only when n is a quarter past the step.
[[nodiscard]] std::uint32_t ring_count(std::size_t n, std::uint32_t current);

class Rings {
public:
    Rings() = default;
    // REQUIRES: members ascending, without repetitions.
    Rings(std::span<const NodeId> members, std::uint64_t salt, std::uint32_t count);

    // Who judges `subject`, ascending.  Nobody for a stranger.
    [[nodiscard]] std::vector<NodeId> observers(const NodeId& subject) const;

    // Whom `observer` judges, ascending.
    [[nodiscard]] std::vector<NodeId> subjects(const NodeId& observer) const;

    // Observers and subjects together, ascending: the links `node` keeps.
    [[nodiscard]] std::vector<NodeId> neighbours(const NodeId& node) const;

    [[nodiscard]] bool observes(const NodeId& observer, const NodeId& subject) const;

    [[nodiscard]] bool is_full_mesh() const { return members_.size() <= 2 * count_ + 1; }

    [[nodiscard]] bool contains(const NodeId& id) const { return place_of(id).has_value(); }

    // Ascending.
    [[nodiscard]] const std::vector<NodeId>& members() const { return members_; }

    [[nodiscard]] std::size_t size() const { return members_.size(); }

    [[nodiscard]] std::uint32_t count() const { return count_; }

private:
    // The places of a member's observers among the members.
    using Chosen = std::span<const std::uint32_t>;

    void choose_observers(std::uint64_t salt);
    [[nodiscard]] std::optional<std::uint32_t> place_of(const NodeId& id) const;
    [[nodiscard]] Chosen chosen(std::uint32_t member) const;
    [[nodiscard]] std::vector<NodeId> others(const NodeId& id) const;

    std::uint32_t count_ = 3;
    std::vector<NodeId> members_;           // ascending
    std::vector<std::uint32_t> observers_;  // count_ of each member; none in a full mesh
};

}  // namespace starling::gossip
