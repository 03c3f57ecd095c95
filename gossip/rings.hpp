// Who links to whom and who observes whom: a pure function of who is a member (Suresh et al.,
// "Stable and Consistent Membership at Scale with Rapid", ATC'18: K pseudo-random rings are an
// expander).
//
//   ring k: members in the order of a hash of (mesh, k, id); one more or less shifts a part of it
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

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <vector>

namespace starling::gossip {

// clamp(ceil(log2(n) / 2), 3, 8), moved away from `current` only when n is a quarter past the step.
[[nodiscard]] std::uint32_t ring_count(std::size_t n, std::uint32_t current);

class Rings {
public:
    Rings() = default;
    // REQUIRES: members ascending, without repetitions; 1 <= count <= rings_max.
    Rings(std::span<const NodeId> members, std::uint64_t salt, std::uint32_t count);

    static constexpr std::uint32_t rings_max = 8;

    // REQUIRES: it is not among the members.
    void add(const NodeId& id);
    // REQUIRES: it is among them.
    void remove(const NodeId& id);
    // The same members on so many rings.
    void recount(std::uint32_t count);

    // Who judges `subject`, ascending.  Nobody for a stranger.
    [[nodiscard]] std::vector<NodeId> observers(const NodeId& subject) const;

    // Whom `observer` judges, ascending.
    [[nodiscard]] std::vector<NodeId> subjects(const NodeId& observer) const;

    // Observers and subjects together, ascending: the links `node` keeps.
    [[nodiscard]] std::vector<NodeId> neighbours(const NodeId& node) const;

    [[nodiscard]] bool observes(const NodeId& observer, const NodeId& subject) const;

    [[nodiscard]] bool is_full_mesh() const { return members_.size() <= 2 * count_ + 1; }

    [[nodiscard]] bool contains(const NodeId& id) const;

    // Ascending.
    [[nodiscard]] const std::vector<NodeId>& members() const { return members_; }

    [[nodiscard]] std::size_t size() const { return members_.size(); }

    [[nodiscard]] std::uint32_t count() const { return count_; }

private:
    // A member on a ring.  Ties of the hash are in the order of ids.
    struct Place {
        std::uint64_t hash = 0;
        NodeId id;

        friend auto operator<=>(const Place&, const Place&) = default;
    };

    using Ring = std::vector<Place>;

    // The observers that the first rings gave to a member.
    struct Chosen {
        std::array<const NodeId*, rings_max> ids{};
        std::uint32_t count = 0;

        [[nodiscard]] bool contains(const NodeId& id) const;
    };

    [[nodiscard]] Place place_on(std::uint32_t ring, const NodeId& id) const;
    [[nodiscard]] std::size_t position(std::uint32_t ring, const NodeId& id) const;
    [[nodiscard]] Chosen chosen(const NodeId& subject, std::uint32_t rings) const;
    [[nodiscard]] std::vector<NodeId> others(const NodeId& id) const;

    std::uint64_t salt_ = 0;
    std::uint32_t count_ = 3;
    std::vector<NodeId> members_;  // ascending
    std::vector<Ring> rings_;
};

}  // namespace starling::gossip
