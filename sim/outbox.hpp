// What waits for the disk before it may be seen: frames and answers behind the batch they promise.
//
//      hold(gate, item) ──> [ (1, a) (1, b) (3, c) ] ──release(durable = 2)──> a, b
//
// Invariants:
//   I1  Nothing leaves before the batch of its gate is durable.
//   I2  What is held leaves in the order in which it was held: gates never fall.
//
// Not thread safe.
#pragma once

#include "base/assert.hpp"

#include <cstdint>
#include <deque>
#include <utility>

namespace starling::sim {

template <class Item>
class Outbox {
public:
    void hold(std::uint64_t gate, Item item) {
        STARLING_ASSERT(held_.empty() || gate >= held_.back().gate);  // I2
        held_.push_back({gate, std::move(item)});
    }

    // Calls visit(item) for everything whose gate is open.
    template <class Visit>
    void release(std::uint64_t durable, Visit visit) {
        while (!held_.empty() && held_.front().gate <= durable) {
            Item item = std::move(held_.front().item);
            held_.pop_front();
            visit(item);
        }
    }

    // Calls visit(item) for everything and forgets it.
    template <class Visit>
    void discard(Visit visit) {
        for (Held& held : held_) visit(held.item);
        held_.clear();
    }

    [[nodiscard]] bool empty() const { return held_.empty(); }

    [[nodiscard]] std::size_t size() const { return held_.size(); }

private:
    struct Held {
        std::uint64_t gate = 0;
        Item item;
    };

    std::deque<Held> held_;
};

}  // namespace starling::sim
