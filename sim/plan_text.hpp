// Plans as text: what a bug report is made of, to be read, edited, kept and run again.
//
//      # comment
//      [run]      seed=42 nodes=7 duration=60s healed_at=40s
//      [network]  latency=60us jitter=20us             fields and ranges: plan_fields.hpp
//      [at 12.5s] crash node 3 for 4s                  kinds of faults:   fault.hpp
//      [at 13s]   partition {1,2} | {3-5} one-way for 10s
//
//      Plan ──text_of──> text ──plan_from──> the same Plan
//
// Invariants:
//   I1  A plan read from its own text runs as the plan did: equal trace hash.
//   I2  Any bytes give a plan without flaw or an error that names line and column.
//
// Pure functions, thread safe.
#pragma once

#include "sim/plan.hpp"
#include <starling/error.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace starling::sim {

inline constexpr std::size_t plan_text_bytes_max = 1024 * 1024;
inline constexpr std::size_t plan_text_faults_max = 20'000;
inline constexpr std::size_t plan_text_named_max = 16'000'000;  // nodes on sides of faults

// Everything that the plan says, defaults included.  REQUIRES: check_plan(plan).
[[nodiscard]] std::string text_of(const Plan& plan);

// What the text leaves out is as in Options, its duration deciding healed_at.  Faults may stand in
// any order.  plan_invalid: the message is "NAME:LINE:COLUMN: what was found and what expected",
// both counted from 1, the column in bytes.
[[nodiscard]] Result<Plan> plan_from(std::string_view text, std::string_view name = "plan");

}  // namespace starling::sim
