// What happens next in virtual time: a heap of events without closures.
//
//      push(at, payload) ──> [ (time, hash(seed, number), number) ... ] ──pop()──> earliest
//
// Invariants:
//   I1  Events leave in the order of time; those of one instant in an order that the seed decides:
//       many orders are explored, and each can be repeated.
//   I2  Nothing is pushed before the time of the event popped last.
//
// Not thread safe.
#pragma once

#include "base/assert.hpp"
#include "base/moment.hpp"
#include "base/rng.hpp"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

namespace starling::sim {

// Times are durations since the world began.
template <class Payload>
class EventQueue {
public:
    struct Due {
        Duration at{};
        Payload payload{};
    };

    explicit EventQueue(std::uint64_t seed) : seed_(seed) {}

    void push(Duration at, const Payload& payload) {
        STARLING_ASSERT(at >= now_);  // I2
        heap_.push_back({at, draw(seed_, 0, pushed_), pushed_, payload});
        ++pushed_;
        sift_up(heap_.size() - 1);
    }

    [[nodiscard]] bool empty() const { return heap_.empty(); }

    [[nodiscard]] std::size_t size() const { return heap_.size(); }

    [[nodiscard]] std::uint64_t pushed() const { return pushed_; }

    // REQUIRES: not empty.
    [[nodiscard]] Duration next_time() const { return heap_.front().at; }

    // REQUIRES: not empty.
    Due pop() {
        STARLING_ASSERT(!heap_.empty());
        const Due due{heap_.front().at, heap_.front().payload};
        now_ = due.at;
        heap_.front() = std::move(heap_.back());
        heap_.pop_back();
        if (!heap_.empty()) sift_down(0);
        return due;
    }

private:
    // Four children each: half the depth of a binary heap, and siblings share cache lines.
    static constexpr std::size_t arity = 4;

    struct Entry {
        Duration at{};
        std::uint64_t tie = 0;
        std::uint64_t number = 0;
        Payload payload{};
    };

    static bool earlier(const Entry& a, const Entry& b) {
        return std::tie(a.at, a.tie, a.number) < std::tie(b.at, b.tie, b.number);
    }

    void sift_up(std::size_t place) {
        while (place > 0) {
            const std::size_t parent = (place - 1) / arity;
            if (!earlier(heap_[place], heap_[parent])) return;
            std::swap(heap_[place], heap_[parent]);
            place = parent;
        }
    }

    void sift_down(std::size_t place) {
        for (;;) {
            const std::size_t first = place * arity + 1;
            if (first >= heap_.size()) return;
            const std::size_t last = std::min(first + arity, heap_.size());
            std::size_t least = first;
            for (std::size_t child = first + 1; child < last; ++child) {
                if (earlier(heap_[child], heap_[least])) least = child;
            }
            if (!earlier(heap_[least], heap_[place])) return;
            std::swap(heap_[least], heap_[place]);
            place = least;
        }
    }

    std::uint64_t seed_;
    std::uint64_t pushed_ = 0;
    Duration now_{};
    std::vector<Entry> heap_;
};

}  // namespace starling::sim
