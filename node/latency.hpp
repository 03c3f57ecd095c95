// Histograms of durations, all with the same bounds, so that nodes' counts can be added up.
//
// Pure functions, thread safe.
#pragma once

#include "base/moment.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace starling::node {

// Upper bounds; a last count is of what lies above all of them.
[[nodiscard]] constexpr auto latency_bounds() {
    using namespace std::chrono_literals;
    return std::array<Duration, 15>{1ms,   2ms,   5ms,   10ms,  20ms,  30ms, 50ms, 75ms,
                                    100ms, 150ms, 200ms, 300ms, 500ms, 1s,   5s};
}

// REQUIRES: counts has one element more than latency_bounds().
inline void count_latency(std::vector<std::uint64_t>& counts, Duration duration) {
    constexpr auto bounds = latency_bounds();
    const auto* above = std::ranges::lower_bound(bounds, duration);
    ++counts[static_cast<std::size_t>(above - bounds.begin())];
}

}  // namespace starling::node
