// Hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", OPODIS'14): wall milliseconds
// with a counter, never behind anything seen.  It orders concurrent writes and dates values;
// causality does not rest on it.
//
//   I1  tick() is greater than every stamp given out or observed before.
//   I2  A stamp further ahead than `ahead_max` does not move this clock; observe() says so.
//
// Not thread safe.
#pragma once

#include "base/moment.hpp"

#include <compare>
#include <cstdint>

namespace starling {

// 48 bits of wall milliseconds, 16 bits of counter.
struct HybridTime {
    std::uint64_t packed = 0;

    friend auto operator<=>(const HybridTime&, const HybridTime&) = default;

    [[nodiscard]] static constexpr HybridTime of(std::uint64_t ms, std::uint64_t counter) {
        return {ms << 16U | counter};
    }

    [[nodiscard]] constexpr std::uint64_t ms() const { return packed >> 16U; }
};

enum class Observed { taken, too_far_ahead };

class HybridClock {
public:
    static constexpr Duration ahead_max = std::chrono::seconds{60};

    // A stamp for an event here, now.
    [[nodiscard]] HybridTime tick(WallTime wall);

    // Learns a stamp from elsewhere.  too_far_ahead leaves the clock as it was.
    Observed observe(HybridTime stamp, WallTime wall);

    [[nodiscard]] HybridTime last() const { return last_; }

private:
    HybridTime last_;
};

}  // namespace starling
