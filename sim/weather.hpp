// What befalls frames between which hosts while it is in force: delays, and the shares of them that
// a hostile network loses, doubles, reorders, replays or flips a bit of.
//
//      add(fault) ──> in force ──remove(number)──> over       several at once add up
//
// Not thread safe.
#pragma once

#include "base/moment.hpp"
#include "sim/border.hpp"
#include "sim/fault.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace starling::sim {

class Weather {
public:
    static constexpr std::uint64_t whole = 1'000'000;  // shares are of a million

    // REQUIRES: a fault between sides with an amount, not in force yet.
    void add(const Fault& fault, std::size_t hosts) {
        fronts_.push_back({fault.number, fault.kind, fault.amount,
                           Border(fault.left, fault.right, fault.direction, hosts)});
    }

    void remove(std::uint32_t number) {
        std::erase_if(fronts_, [&](const Front& front) { return front.number == number; });
    }

    [[nodiscard]] bool is_calm() const { return fronts_.empty(); }

    [[nodiscard]] Duration delay(std::uint32_t from, std::uint32_t to) const {
        return Duration{sum(FaultKind::delay, from, to)};
    }

    // Of a million frames.
    [[nodiscard]] std::uint64_t share(FaultKind kind, std::uint32_t from, std::uint32_t to) const {
        return std::min(whole, static_cast<std::uint64_t>(sum(kind, from, to)));
    }

private:
    struct Front {
        std::uint32_t number = 0;
        FaultKind kind{};
        std::int64_t amount = 0;
        Border border;
    };

    [[nodiscard]] std::int64_t sum(FaultKind kind, std::uint32_t from, std::uint32_t to) const {
        std::int64_t all = 0;
        for (const Front& front : fronts_) {
            if (front.kind != kind || !front.border.is_crossed(from, to)) continue;
            all += std::max<std::int64_t>(0, front.amount);
        }
        return all;
    }

    std::vector<Front> fronts_;
};

}  // namespace starling::sim
