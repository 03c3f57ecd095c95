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
// The order of each ring is the directory's; this is who of it is there, one bit for each.  Whoever
// is not there is passed by: as long as most are, that costs little.
//
// Not thread safe; the free function is pure.
#pragma once

#include "base/ids.hpp"
#include "gossip/directory.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace starling::gossip {

// clamp(ceil(log2(n) / 2), 3, 8), moved away from `current` only when n is a quarter past the step.
[[nodiscard]] std::uint32_t ring_count(std::size_t n, std::uint32_t current);

class Rings {
public:
    static constexpr std::uint32_t rings_max = Directory::rings_max;

    // Nobody is there.  `directory` outlives this object.
    explicit Rings(const Directory& directory) : directory_(&directory) {}

    // On a directory of their own.  REQUIRES: members ascending, without repetitions.
    Rings(std::span<const NodeId> members, std::uint64_t salt, std::uint32_t count);

    // REQUIRES: it has a number, and is not among the members.
    void add(const NodeId& id);
    // REQUIRES: it is among them.
    void remove(const NodeId& id);
    // The same members on so many rings.  REQUIRES: 1 <= count <= rings_max.
    void recount(std::uint32_t count);

    // Who judges `subject`, ascending.  Nobody for a stranger.
    [[nodiscard]] std::vector<NodeId> observers(const NodeId& subject) const;

    // Whom `observer` judges, ascending.
    [[nodiscard]] std::vector<NodeId> subjects(const NodeId& observer) const {
        return subjects(observer, count_);
    }

    // Whom the first `rings` rings give it: on each of them everybody is some member's subject.
    [[nodiscard]] std::vector<NodeId> subjects(const NodeId& observer, std::uint32_t rings) const;

    // Observers and subjects together, ascending: the links `node` keeps.
    [[nodiscard]] std::vector<NodeId> neighbours(const NodeId& node) const;

    [[nodiscard]] bool observes(const NodeId& observer, const NodeId& subject) const;

    [[nodiscard]] bool is_full_mesh() const { return size_ <= 2 * count_ + 1; }

    [[nodiscard]] bool contains(const NodeId& id) const;

    // Ascending.
    [[nodiscard]] std::vector<NodeId> members() const;

    [[nodiscard]] std::size_t size() const { return size_; }

    [[nodiscard]] std::uint32_t count() const { return count_; }

private:
    // The observers that the first rings gave to a member.
    struct Chosen {
        std::array<NodeIndex, rings_max> numbers{};
        std::uint32_t count = 0;

        [[nodiscard]] bool contains(NodeIndex number) const;
    };

    [[nodiscard]] bool is_there(NodeIndex number) const {
        return number.value < there_.size() && there_[number.value];
    }

    // Of those who are there.
    [[nodiscard]] std::optional<NodeIndex> number_of(const NodeId& id) const;
    [[nodiscard]] Chosen chosen(NodeIndex subject, std::uint32_t rings) const;
    [[nodiscard]] std::vector<NodeId> others(NodeIndex number) const;

    std::shared_ptr<Directory> own_;  // or null
    const Directory* directory_;
    std::uint32_t count_ = 3;
    std::vector<bool> there_;  // by number
    std::size_t size_ = 0;
};

}  // namespace starling::gossip
