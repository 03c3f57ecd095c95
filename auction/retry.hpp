// When a task is tried again, and when it has had enough.
//
// Pure functions, thread safe.
#pragma once

#include "auction/task.hpp"
#include "auction/timing.hpp"
#include "base/rng.hpp"

#include <optional>
#include <string>

namespace starling::auction {

// How long a task rests after its n-th failure (n from 1): full jitter below min(cap, base * 2^n),
// so that tasks that failed together do not come back together.
[[nodiscard]] Duration rest_after_failure(Rng& rng, const Timing& timing, std::size_t failures);

// How long after the n-th round that nobody won.
[[nodiscard]] Duration rest_after_round(Rng& rng, const Timing& timing, std::size_t rounds);

// The n-th repetition of a message that was not answered.
[[nodiscard]] Duration resend_after(Rng& rng, const Timing& timing, std::size_t repetitions);

// Attempts that ended by the worker's fault: it failed, or ran too long.
[[nodiscard]] std::size_t failures_in(const Attempts& attempts);

// Why the task must not be tried again; nothing when it may.  A task during which three different
// nodes died is poison, whatever its attempts.
[[nodiscard]] std::optional<std::string> given_up(const Attempts& attempts,
                                                  std::size_t failures_max);

}  // namespace starling::auction
