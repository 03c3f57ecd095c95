// How long a suspect may still refute: the more observers accuse beyond the majority, the shorter
// (Dadgar et al., "Lifeguard", DSN'18; there confirmations, here accusers of a known set).
//
//   T(c) = T_max - (T_max - T_min) * L(c) / L(C)       L(x) = ln(1 + x), c accusers beyond the
//                                                      majority, C the most there can be
//
// Invariants:
//   I1  T_min <= T(c) <= T_max; T does not grow with c; T(C) = T_min; T_min when C = 0.
//
// Pure functions: thread safe.
#pragma once

#include "base/moment.hpp"

#include <cstdint>

namespace starling::gossip {

struct SuspicionBounds {
    Duration min{};
    Duration max{};
};

// REQUIRES: beyond <= most, bounds.min <= bounds.max.
[[nodiscard]] Duration suspicion_time(std::uint32_t beyond, std::uint32_t most,
                                      const SuspicionBounds& bounds);

}  // namespace starling::gossip
