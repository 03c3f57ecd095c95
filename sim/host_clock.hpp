// The clocks of one machine: its boot-time clock and its wall clock, as the plan bends them.
//
//      world time ──(speed: exact, a little off, or standing still)──> boot time ──(steps)──> wall
//
// Invariants:
//   I1  Boot time never runs backwards; wall time may, by steps, but not before 1970.
//   I2  Both drift alike, at most drift_max a second, and both stand still while frozen.
//
// Not thread safe.
#pragma once

#include "base/assert.hpp"
#include "base/moment.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace starling::sim {

class HostClock {
public:
    static constexpr Duration drift_max = std::chrono::milliseconds{100};

    // What the clocks show when the world begins.
    HostClock(Duration boot, Duration wall) : boot_(boot), wall_(wall) {}

    [[nodiscard]] Moment at(Duration now) const {
        const Duration passed = passed_by(now);
        return {BootTime{boot_ + passed}, WallTime{std::max(Duration{}, wall_ + passed)}};
    }

    // When the boot-time clock shows this; nothing while it stands still.
    [[nodiscard]] std::optional<Duration> when(BootTime shown) const {
        if (frozen_) return std::nullopt;
        const Duration wanted = shown.time_since_epoch() - boot_;
        if (wanted <= Duration{}) return since_;
        if (gain_ == Duration{}) return since_ + wanted;
        const Duration pace = second + gain_;
        Duration after =
            second * (wanted / pace) + Duration{second * (wanted % pace).count() / pace};
        while (passed_by(since_ + after) < wanted) ++after;
        return since_ + after;
    }

    void step_wall(Duration amount) {
        constexpr Duration most = std::chrono::hours{24 * 365};
        wall_ = std::clamp(wall_ + std::clamp(amount, -most, most), -wall_max, wall_max);
    }

    // From now on the clocks gain this each second.
    void drift(Duration gain, Duration now) {
        advance(now);
        gain_ = std::clamp(gain, -drift_max, drift_max);
    }

    void freeze(Duration now) {
        advance(now);
        frozen_ = true;
    }

    void thaw(Duration now) {
        advance(now);
        frozen_ = false;
    }

    [[nodiscard]] bool is_frozen() const { return frozen_; }

private:
    static constexpr Duration second = std::chrono::seconds{1};
    static constexpr Duration wall_max = std::chrono::hours{24 * 365 * 200};  // however many steps

    [[nodiscard]] Duration passed_by(Duration now) const {
        if (frozen_) return {};
        const Duration passed = now - since_;
        if (gain_ == Duration{}) return passed;  // most clocks are exact
        return passed + gain_ * (passed / second) +
               gain_ * (passed % second).count() / second.count();
    }

    void advance(Duration now) {
        STARLING_ASSERT(now >= since_);
        const Duration passed = passed_by(now);
        boot_ += passed;
        wall_ += passed;
        since_ = now;
    }

    Duration since_{};  // world time of the last change of speed, when they showed:
    Duration boot_;
    Duration wall_;
    Duration gain_{};  // a second
    bool frozen_ = false;
};

}  // namespace starling::sim
