// Who has which number in this process, and where everybody would stand on the rings.  What is the
// same for every table of a mesh is here, once: a node's own rings are this and one bit for each
// member (gossip/rings.hpp).
//
//   ring k: all ids in the order of a hash of (mesh, k, id); ties in the order of ids
//
// Invariants:
//   I1  An id that has a number keeps it; numbers have no order and mean nothing outside.
//   I2  ascending() and the rings name everybody who has a number, each once.
//
// Not thread safe.
#pragma once

#include "base/ids.hpp"
#include "base/interner.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace starling::gossip {

class Directory {
public:
    static constexpr std::uint32_t rings_max = 8;

    struct Ring {
        std::vector<NodeIndex> order;
        std::vector<std::uint32_t> places;  // by number: where in `order`
    };

    // `salt` is the mesh's; `scramble` changes the numbers given out.
    Directory(std::uint64_t salt, std::uint64_t scramble) : salt_(salt), interner_(scramble) {}

    // Its number, new if it had none.
    NodeIndex number_of(const NodeId& id);

    [[nodiscard]] std::optional<NodeIndex> find(const NodeId& id) const {
        return interner_.find(id);
    }

    [[nodiscard]] const NodeId& id_of(NodeIndex number) const { return interner_.id_of(number); }

    // One past the largest number.
    [[nodiscard]] std::size_t capacity() const { return interner_.capacity(); }

    [[nodiscard]] const std::vector<NodeIndex>& ascending() const { return ascending_; }

    // REQUIRES: number < rings_max.
    [[nodiscard]] const Ring& ring(std::uint32_t number) const;

private:
    void arrange(std::uint32_t number) const;

    std::uint64_t salt_;
    NodeInterner interner_;
    std::vector<NodeIndex> ascending_;
    std::vector<NodeIndex> joined_;              // in the order in which they got their numbers
    mutable std::array<Ring, rings_max> rings_;  // brought up to date when asked for
};

}  // namespace starling::gossip
