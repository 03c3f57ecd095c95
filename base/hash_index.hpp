// A hash table without an iteration API, so that nothing observable can depend on its order.
//
// Open addressing, linear probing, deletion by shifting back (Knuth, TAOCP 3, section 6.4,
// algorithm R). Keys are Ids: their first bytes are mixed with a seed, so that nobody can choose
// collisions.
//
//   I1  At most 3/4 of the slots are taken.
//   I2  Every key is reachable from its home slot without crossing a free one.
//
// Not thread safe.
#pragma once

#include "base/assert.hpp"
#include "base/rng.hpp"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace starling {

template <class Key, class Value>
class HashIndex {
public:
    explicit HashIndex(std::uint64_t seed = 0) : salt_(draw(seed, 0, 0)) {}

    [[nodiscard]] std::size_t size() const { return size_; }

    // The value of a key, or null.  The pointer lives until the next insert or erase.
    [[nodiscard]] Value* find(const Key& key) {
        if (size_ == 0) return nullptr;
        auto& slot = slots_[slot_of(key)];
        return slot ? &slot->second : nullptr;
    }

    [[nodiscard]] const Value* find(const Key& key) const {
        return const_cast<HashIndex*>(this)->find(key);
    }

    [[nodiscard]] bool contains(const Key& key) const { return find(key) != nullptr; }

    // False when the key was there already; its value stays.
    bool insert(const Key& key, Value value) {
        if ((size_ + 1) * 4 > slots_.size() * 3) grow();
        auto& slot = slots_[slot_of(key)];
        if (slot) return false;
        slot.emplace(key, std::move(value));
        ++size_;
        return true;
    }

    // False when there was no such key.
    bool erase(const Key& key) {
        if (size_ == 0) return false;
        std::size_t hole = slot_of(key);
        if (!slots_[hole]) return false;
        slots_[hole].reset();
        --size_;
        close_gap(hole);
        return true;
    }

private:
    using Slot = std::optional<std::pair<Key, Value>>;

    [[nodiscard]] std::size_t mask() const { return slots_.size() - 1; }

    [[nodiscard]] std::size_t home_of(const Key& key) const {
        return static_cast<std::size_t>(mixing::mix(key.prefix() ^ salt_)) & mask();
    }

    // Where the key is, or the free slot where it would go.
    [[nodiscard]] std::size_t slot_of(const Key& key) const {
        std::size_t slot = home_of(key);
        while (slots_[slot] && slots_[slot]->first != key) slot = (slot + 1) & mask();
        return slot;
    }

    void close_gap(std::size_t hole) {
        for (std::size_t next = (hole + 1) & mask(); slots_[next]; next = (next + 1) & mask()) {
            const std::size_t home = home_of(slots_[next]->first);
            // Keep I2: move back only what does not live between the hole and its place.
            if (((next - home) & mask()) < ((next - hole) & mask())) continue;
            slots_[hole] = std::move(slots_[next]);
            slots_[next].reset();
            hole = next;
        }
    }

    void grow() {
        std::vector<Slot> old(slots_.empty() ? 16 : slots_.size() * 2);
        old.swap(slots_);
        for (auto& slot : old) {
            if (slot) slots_[slot_of(slot->first)] = std::move(slot);
        }
    }

    std::uint64_t salt_;
    std::size_t size_ = 0;
    std::vector<Slot> slots_;
};

}  // namespace starling
