// Gives every node id that something names a small number, for dense tables.
//
//   retain(id) ──> index, used n times ── release(index) n times ──> free, the number is given out
//   again
//
// Invariants:
//   I1  Two ids in use never share an index; an id in use keeps its index.
//   I2  An index has no order and means nothing outside this process.
//   I3  Indices stay below the largest number of ids in use at one time, plus one block of 64.
//
// Tests run with several scramble seeds, which change the numbers given out: nothing may depend on
// them. Not thread safe.
#pragma once

#include "base/assert.hpp"
#include "base/hash_index.hpp"
#include "base/ids.hpp"
#include "base/rng.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace starling {

class NodeInterner {
public:
    explicit NodeInterner(std::uint64_t scramble = 0) : rng_(scramble), indices_(scramble) {}

    // Counts one more use.
    NodeIndex retain(const NodeId& id);

    // Counts one use less; the last one frees the index.  REQUIRES: the index is in use.
    void release(NodeIndex index);

    [[nodiscard]] std::optional<NodeIndex> find(const NodeId& id) const {
        const std::uint32_t* index = indices_.find(id);
        if (index == nullptr) return std::nullopt;
        return NodeIndex{*index};
    }

    // REQUIRES: the index is in use.
    [[nodiscard]] const NodeId& id_of(NodeIndex index) const {
        STARLING_ASSERT(index.value < entries_.size() && entries_[index.value].uses > 0);
        return entries_[index.value].id;
    }

    // One past the largest index ever given out: the size of a dense table.
    [[nodiscard]] std::size_t capacity() const { return entries_.size(); }

    [[nodiscard]] std::size_t in_use() const { return indices_.size(); }

private:
    struct Entry {
        NodeId id;
        std::uint32_t uses = 0;
    };

    void add_block();

    Rng rng_;
    HashIndex<NodeId, std::uint32_t> indices_;
    std::vector<Entry> entries_;
    std::vector<std::uint32_t> free_;
};

}  // namespace starling
