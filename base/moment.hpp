// Time as it is handed to a core: nobody can read it by himself, since these clocks have no now().
//
//   boot_time  since the machine booted, suspends included (CLOCK_BOOTTIME): every timer, lease,
//   judge wall       since 1970 (UTC): only for the hybrid clock and for the boot number
//
// Values: thread safe to read.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace starling {

using Duration = std::chrono::nanoseconds;

struct BootClock {
    using duration = Duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<BootClock>;
    static constexpr bool is_steady = true;
};

struct WallClock {
    using duration = Duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<WallClock>;
    static constexpr bool is_steady = false;
};

using BootTime = BootClock::time_point;
using WallTime = WallClock::time_point;

struct Moment {
    BootTime boot_time{};
    WallTime wall{};
};

[[nodiscard]] constexpr std::int64_t count_ms(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

[[nodiscard]] constexpr std::uint64_t wall_ms(WallTime wall) {
    return static_cast<std::uint64_t>(count_ms(wall.time_since_epoch()));
}

// The earlier of two deadlines, where nothing means never.
[[nodiscard]] constexpr std::optional<BootTime> earlier(std::optional<BootTime> a,
                                                        std::optional<BootTime> b) {
    if (!a) return b;
    if (!b) return a;
    return *a < *b ? a : b;
}

}  // namespace starling
