// Which host a trace speaks of: traces name nodes by the first bytes of their ids.
//
// Invariants:
//   I1  Two hosts whose ids begin alike are one: the later one, as in a map that it was put into.
//
// Not thread safe.
#pragma once

#include "base/ids.hpp"
#include "base/rng.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace starling::sim {

class HostNumbers {
public:
    // Hosts are numbered from 0 in the order of `ids`.
    explicit HostNumbers(std::span<const NodeId> ids)
        : slots_(std::bit_ceil(2 * ids.size() + 1)), size_(ids.size()) {
        for (std::uint32_t host = 0; host < ids.size(); ++host) {
            slots_[slot_of(ids[host].prefix())] = {ids[host].prefix(), host + 1};
        }
    }

    [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t prefix) const {
        const Slot& slot = slots_[slot_of(prefix)];
        if (slot.number == 0) return std::nullopt;
        return slot.number - 1;
    }

    // Of hosts.
    [[nodiscard]] std::size_t size() const { return size_; }

private:
    struct Slot {
        std::uint64_t prefix = 0;
        std::uint32_t number = 0;  // one more than the host's; 0: free
    };

    // Where it is, or would go.
    [[nodiscard]] std::size_t slot_of(std::uint64_t prefix) const {
        std::size_t at = draw(0, 0, prefix) & (slots_.size() - 1);
        while (slots_[at].number != 0 && slots_[at].prefix != prefix) {
            at = (at + 1) & (slots_.size() - 1);
        }
        return at;
    }

    std::vector<Slot> slots_;  // a power of two, half of them free
    std::size_t size_;
};

}  // namespace starling::sim
