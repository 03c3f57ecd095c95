// What simulated disks keep, each content once however many of them hold it: most records of a
// mesh's nodes are equal.
//
//      keep(bytes) ──> number, one use ── keep again ──> n uses ── release ──> 0: gone
//
// Invariants:
//   I1  Equal contents have one number while anybody uses it; numbers have no order.
//
// Not thread safe.
#pragma once

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "base/rng.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace starling::sim {

class Blobs {
public:
    Blobs() : heads_(64), slots_(1) {}

    [[nodiscard]] std::uint32_t keep(ByteView bytes) {
        const std::uint64_t hash = hash_of(bytes);
        for (std::uint32_t at = head_of(hash); at != 0; at = slots_[at].next) {
            Slot& slot = slots_[at];
            if (slot.hash != hash || !std::ranges::equal(slot.bytes, bytes)) continue;
            ++slot.uses;
            return at;
        }
        const std::uint32_t made = make();
        std::uint32_t& head = head_of(hash);
        slots_[made] = {copy_of(bytes), hash, 1, std::exchange(head, made)};
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
        slot = {{}, 0, 0, std::exchange(free_, number)};
        --size_;
    }

    [[nodiscard]] ByteView view(std::uint32_t number) const { return slots_[number].bytes; }

    [[nodiscard]] std::size_t size() const { return size_; }

private:
    struct Slot {
        Bytes bytes;
        std::uint64_t hash = 0;
        std::uint32_t uses = 0;
        std::uint32_t next = 0;  // of those in one bucket, or of the free ones
    };

    static std::uint64_t hash_of(ByteView bytes) {
        std::uint64_t hash = bytes.size();
        while (bytes.size() >= 8) {
            hash = draw(hash, 0, load_u64(bytes));
            bytes = bytes.subspan(8);
        }
        for (const std::uint8_t byte : bytes) hash = draw(hash, 1, byte);
        return hash;
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
