// What simulated disks keep, each record once however many of them hold it: most records of a
// mesh's nodes are equal.
//
//      keep(key, value) ──> number, one use ── keep again ──> n uses ── release ──> 0: gone
//
// Invariants:
//   I1  Equal records have one number while anybody uses it; numbers have no order.
//
// Not thread safe.
#pragma once

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "base/quick_hash.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace starling::sim {

class Entries {
public:
    Entries() : heads_(64), slots_(1) {}

    [[nodiscard]] std::uint32_t keep(ByteView key, ByteView value) {
        const std::uint64_t hash = quick_hash(quick_hash(0, key), value);
        for (std::uint32_t at = head_of(hash); at != 0; at = slots_[at].next) {
            Slot& slot = slots_[at];
            if (slot.hash != hash || !holds(slot, key, value)) continue;
            ++slot.uses;
            return at;
        }
        const std::uint32_t made = make();
        std::uint32_t& head = head_of(hash);
        const auto key_bytes = static_cast<std::uint32_t>(key.size());
        slots_[made] = {joined(key, value), hash, beginning_of(key),
                        key_bytes,          1,    std::exchange(head, made)};
        if (++size_ > heads_.size()) grow();
        return made;
    }

    void release(std::uint32_t number) {
        Slot& slot = slots_[number];
        STARLING_ASSERT(number != 0 && slot.uses > 0);
        if (--slot.uses > 0) return;
        std::uint32_t* at = &head_of(slot.hash);
        while (*at != number) at = &slots_[*at].next;
        *at = slot.next;
        slot = {{}, 0, 0, 0, 0, std::exchange(free_, number)};
        --size_;
    }

    [[nodiscard]] ByteView key(std::uint32_t number) const { return key_of(slots_[number]); }

    [[nodiscard]] ByteView value(std::uint32_t number) const { return value_of(slots_[number]); }

    // How a key begins, as a number: of two keys that begin differently the lower has the lower
    // one.
    [[nodiscard]] static std::uint64_t beginning_of(ByteView key) {
        std::array<std::uint8_t, 8> bytes{};
        copy_into(bytes, key.first(std::min(key.size(), bytes.size())));
        return load_u64(bytes);
    }

    [[nodiscard]] std::uint64_t beginning(std::uint32_t number) const {
        return slots_[number].beginning;
    }

    [[nodiscard]] std::size_t size() const { return size_; }

private:
    struct Slot {
        Bytes bytes;  // of the key, then of the value
        std::uint64_t hash = 0;
        std::uint64_t beginning = 0;  // of the key
        std::uint32_t key_bytes = 0;
        std::uint32_t uses = 0;
        std::uint32_t next = 0;  // of those in one bucket, or of the free ones
    };

    static ByteView key_of(const Slot& slot) { return ByteView(slot.bytes).first(slot.key_bytes); }

    static ByteView value_of(const Slot& slot) {
        return ByteView(slot.bytes).subspan(slot.key_bytes);
    }

    static bool holds(const Slot& slot, ByteView key, ByteView value) {
        return std::ranges::equal(key_of(slot), key) && std::ranges::equal(value_of(slot), value);
    }

    static Bytes joined(ByteView key, ByteView value) {
        Bytes bytes;
        bytes.reserve(key.size() + value.size());
        append(bytes, key);
        append(bytes, value);
        return bytes;
    }

    std::uint32_t& head_of(std::uint64_t hash) { return heads_[hash & (heads_.size() - 1)]; }

    std::uint32_t make() {
        if (free_ != 0) return std::exchange(free_, slots_[free_].next);
        slots_.emplace_back();
        return static_cast<std::uint32_t>(slots_.size() - 1);
    }

    void grow() {
        heads_.assign(heads_.size() * 2, 0);
        for (std::uint32_t number = 1; number < slots_.size(); ++number) {
            Slot& slot = slots_[number];
            if (slot.uses == 0) continue;
            std::uint32_t& head = head_of(slot.hash);
            slot.next = std::exchange(head, number);
        }
    }

    std::vector<std::uint32_t> heads_;  // a power of two
    std::deque<Slot> slots_;            // the first is none
    std::uint32_t free_ = 0;
    std::size_t size_ = 0;
};

}  // namespace starling::sim
