#include "gossip/judge_clock.hpp"

#include "base/limits.hpp"

#include <algorithm>

namespace starling::gossip {

void JudgeClock::advance(BootTime now, Input input) {
    if (input == Input::drained) judged_ += step(now);
    last_ = std::max(last_, now);
}

void JudgeClock::asked_until(std::optional<BootTime> deadline) {
    sleep_.reset();
    if (deadline) sleep_ = std::max(*deadline - last_, Duration::zero());
}

Duration JudgeClock::step(BootTime now) const {
    const Duration passed = std::max(now - last_, Duration::zero());
    // With no sleep asked for, nothing is due: the heartbeat's period is as long as anybody waits.
    const Duration asked = sleep_.value_or(limits::heartbeat_period);
    return std::min(passed, asked + limits::lateness_tolerated);
}

}  // namespace starling::gossip
