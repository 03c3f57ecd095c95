// Draws from the models of answer times.
//
// Invariants:
//   I1  Equal draws give equal times in every build: integers and tables only.
//
// Pure functions, thread safe.
#pragma once

#include "base/moment.hpp"
#include "base/rng.hpp"
#include <starling/sim_models.hpp>

#include <cstdint>

namespace starling::sim {

[[nodiscard]] Duration draw_time(const agents::AnswerTime& model, Rng& rng);

// A number of the standard normal distribution in units of 1/65536, between -3.5 and 3.5.
[[nodiscard]] std::int64_t normal_q16(std::uint64_t number);

// 2^(x/65536), rounded down.  REQUIRES: x < 63 * 65536.
[[nodiscard]] std::uint64_t exp2_q16(std::uint64_t x);

}  // namespace starling::sim
