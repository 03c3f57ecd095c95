// How old a write is when the other nodes show it.
//
//   commit at the writer ──pair for each other node──> seen there: a sample | excluded
//
// Invariants:
//   I1  Every committed item makes nodes - 1 pairs, each counted once: sampled, excluded, or
//       still awaited.
//   I2  A pair is excluded when its receiver was not ready at the commit, went away before it saw
//       the item, or saw it only in a replay; and when the commit itself is in doubt.
//
// Not thread safe.
#pragma once

#include "node/cli/load_numbers.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace starling::cli {

// A set of nodes by number, at most 64.
using NodeSet = std::uint64_t;

class Freshness {
public:
    using Clock = std::chrono::steady_clock;

    Freshness(std::size_t nodes, std::size_t items) : nodes_(nodes), items_(items) {}

    void on_committed(std::size_t item, std::size_t writer, NodeSet ready, Clock::time_point now);

    // The write was repeated after a lost answer: when it was committed is not known.
    void on_doubt(std::size_t item) { items_[item].doubtful = true; }

    void on_replayed(std::size_t item, std::size_t node);
    void on_seen(std::size_t item, std::size_t node, Clock::time_point now);
    void on_gone(std::size_t node);

    [[nodiscard]] const Samples& samples() const { return samples_; }

    [[nodiscard]] std::size_t excluded() const { return excluded_; }

    [[nodiscard]] std::size_t awaited() const;

private:
    struct Item {
        NodeSet seen = 0;      // by a live event
        NodeSet replayed = 0;  // in the beginning of a stream
        NodeSet awaited = 0;   // ready at the commit, not seen yet
        bool committed = false;
        bool doubtful = false;
        Clock::time_point at{};
    };

    void exclude(Item& item, std::size_t node);

    std::size_t nodes_;
    std::vector<Item> items_;
    Samples samples_;
    std::size_t excluded_ = 0;
};

}  // namespace starling::cli
