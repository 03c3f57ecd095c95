#include "base/interner.hpp"

#include "base/assert.hpp"

namespace starling {

NodeIndex NodeInterner::retain(const NodeId& id) {
    if (const auto known = find(id)) {
        ++entries_[known->value].uses;
        return *known;
    }
    if (free_.empty()) add_block();
    const std::uint32_t index = free_.back();
    free_.pop_back();
    entries_[index] = {id, 1};
    indices_.insert(id, index);
    return {index};
}

void NodeInterner::release(NodeIndex index) {
    STARLING_ASSERT(index.value < entries_.size() && entries_[index.value].uses > 0);
    Entry& entry = entries_[index.value];
    if (--entry.uses > 0) return;
    indices_.erase(entry.id);
    free_.push_back(index.value);
}

void NodeInterner::add_block() {
    constexpr std::uint32_t block = 64;
    const auto first = static_cast<std::uint32_t>(entries_.size());
    entries_.resize(entries_.size() + block);
    for (std::uint32_t i = 0; i < block; ++i) free_.push_back(first + i);
    rng_.shuffle(std::span(free_));
}

}  // namespace starling
