// A mesh of many nodes that start at once, and of which some come and go all the time; nothing else
// happens.
//
//      0 ── all start ── begins ── crash, crash, ... each back after `away` ── ends ── settles
//
// Invariants:
//   I1  Crashes are as far apart as the churn says, and end before the last of them heals.
//   I2  The same options give the same plan.
//
// A pure function: thread safe.
#pragma once

#include "sim/plan.hpp"

namespace starling::sim {

struct ScaleOptions {
    std::uint32_t nodes = 100;
    std::uint64_t seed = 1;
    Duration steady = std::chrono::minutes{10};  // how long members come and go
    std::uint32_t churn = 10'000;                // share of the nodes that goes each minute
};

inline constexpr Duration scale_start = std::chrono::seconds{30};   // for all to meet
inline constexpr Duration scale_away = std::chrono::seconds{20};    // of a node that crashed
inline constexpr Duration scale_settle = std::chrono::seconds{40};  // at the end

// invalid: nodes, time or churn out of range; the message names the range.
[[nodiscard]] Result<Plan> scale_plan(const ScaleOptions& options);

}  // namespace starling::sim
