// Turns whose promises wait for the disk, oldest first, and the memory of turns that are over.
//
//   next() ──filled by a turn──> hold(gate) ──durable──> take_due() ──released──> recycle() ──>
//   next()
//
//   I1  Turns leave in the order they were held; none before its gate.
//   I2  A held turn is not changed: the journal's thread may still read it.
//
// Not thread safe.
#pragma once

#include "base/effects.hpp"
#include "base/moment.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace starling::io {

class TurnStore {
public:
    using Turn = std::unique_ptr<Effects>;

    // Empty effects, with the capacity of an earlier turn if there is one.
    [[nodiscard]] Turn next() {
        if (spare_.empty()) return std::make_unique<Effects>();
        Turn turn = std::move(spare_.back());
        spare_.pop_back();
        return turn;
    }

    void hold(Turn turn, std::uint64_t gate, BootTime now) {
        held_.push_back({std::move(turn), gate, now});
    }

    // The oldest turn, if its gate is durable.
    [[nodiscard]] Turn take_due(std::uint64_t durable) {
        if (held_.empty() || held_.front().gate > durable) return nullptr;
        Turn turn = std::move(held_.front().turn);
        held_.pop_front();
        return turn;
    }

    void recycle(Turn turn) {
        if (spare_.size() >= spare_max) return;
        turn->clear();
        spare_.push_back(std::move(turn));
    }

    [[nodiscard]] bool empty() const { return held_.empty(); }

    [[nodiscard]] std::size_t size() const { return held_.size(); }

    // When the oldest turn was held.
    [[nodiscard]] std::optional<BootTime> oldest() const {
        if (held_.empty()) return std::nullopt;
        return held_.front().since;
    }

private:
    static constexpr std::size_t spare_max = 4;

    struct Held {
        Turn turn;
        std::uint64_t gate = 0;
        BootTime since{};
    };

    std::deque<Held> held_;
    std::vector<Turn> spare_;
};

}  // namespace starling::io
