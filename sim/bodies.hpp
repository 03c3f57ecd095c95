// Frame bodies in flight, each stored once however many receivers it has, with room for a head
// before it.
//
//      add(bytes) ──> handle, one use ── retain ──> n uses ── release ──> 0: slot is free again
//
// Invariants:
//   I1  A body does not change while somebody holds it.
//   I2  Slots keep their memory: a warm world allocates nothing per frame.
//
// Not thread safe.
#pragma once

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "base/limits.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace starling::sim {

using FrameHead = std::array<std::uint8_t, limits::frame_header_bytes>;

class Bodies {
public:
    struct Handle {
        std::uint32_t slot = 0;
    };

    // One use of a copy of `bytes`.
    Handle add(ByteView bytes) {
        if (free_.empty()) {
            free_.push_back(static_cast<std::uint32_t>(slots_.size()));
            slots_.emplace_back();
        }
        const std::uint32_t slot = free_.back();
        free_.pop_back();
        Slot& taken = slots_[slot];
        taken.bytes.resize(head_bytes);
        append(taken.bytes, bytes);
        taken.uses = 1;
        taken.number = ++made_;
        return {slot};
    }

    void retain(Handle handle) { ++used(handle).uses; }

    void release(Handle handle) {
        Slot& slot = used(handle);
        if (--slot.uses > 0) return;
        // One large frame must not hold its memory for ever.
        if (slot.bytes.capacity() > kept_max) slot.bytes = Bytes{};
        free_.push_back(handle.slot);
    }

    [[nodiscard]] ByteView view(Handle handle) {
        return ByteView(used(handle).bytes).subspan(head_bytes);
    }

    // The frame with this head, until another is asked for or the body is released.
    [[nodiscard]] ByteView frame(const FrameHead& head, Handle handle) {
        Bytes& bytes = used(handle).bytes;
        copy_into(bytes, head);
        return bytes;
    }

    // Never given to another body.
    [[nodiscard]] std::uint64_t number_of(Handle handle) { return used(handle).number; }

    [[nodiscard]] std::size_t in_use() const { return slots_.size() - free_.size(); }

private:
    static constexpr std::size_t kept_max = 1024;
    static constexpr std::size_t head_bytes = std::tuple_size_v<FrameHead>;

    struct Slot {
        Bytes bytes;  // of a head, whoever wrote one last, and of the body
        std::uint32_t uses = 0;
        std::uint64_t number = 0;
    };

    Slot& used(Handle handle) {
        STARLING_ASSERT(handle.slot < slots_.size() && slots_[handle.slot].uses > 0);
        return slots_[handle.slot];
    }

    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_;
    std::uint64_t made_ = 0;
};

}  // namespace starling::sim
