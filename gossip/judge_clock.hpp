// The clock that judges silence: a stall of this process cannot age anybody else.
//
//   judge += min(time that passed, sleep that was asked for + limits::lateness_tolerated)
//   judge stands still in a turn that ended with input unread
//
// Invariants:
//   I1  Never runs faster than the real clock, never backwards.
//   I2  One stall of any length moves it by no more than the sleep asked for and the tolerance.
//
// Not thread safe.
#pragma once

#include "base/moment.hpp"

#include <optional>

namespace starling::gossip {

// Whether the turn read all that had arrived.
enum class Input : std::uint8_t { drained, left };

// Time as judged: since the judge's start.
using JudgeTime = Duration;

class JudgeClock {
public:
    explicit JudgeClock(BootTime start) : last_(start) {}

    // Ends a turn.
    void advance(BootTime now, Input input);

    // Until when the driver is going to sleep after this turn; nothing: until something happens.
    void asked_until(std::optional<BootTime> deadline);

    [[nodiscard]] JudgeTime now() const { return judged_; }

    // What the clock will say at the end of a turn at `now` that leaves no input.
    [[nodiscard]] JudgeTime at(BootTime now) const { return judged_ + step(now); }

    // The earliest real time at which `at` can reach `deadline`.
    [[nodiscard]] BootTime real(JudgeTime deadline) const { return last_ + (deadline - judged_); }

private:
    [[nodiscard]] Duration step(BootTime now) const;

    JudgeTime judged_{};
    BootTime last_;
    std::optional<Duration> sleep_;
};

}  // namespace starling::gossip
