// Plans that are all different: each seed takes some ways of going wrong and leaves the others out.
//
//      seed ──> habits (each in with 1/2; at times one alone, or a pair) ──> faults ──> Plan
//           ──> models (latency, disk, speed) and load, from tiny to large
//           ──> in one of eight: clients of one sort at most; in half of these, one long partition
//           ──> in one of five: a host loses its disk, one at most, since that excuses clients
//           ──> in one of six: one is put back (swarm_put_back.hpp), and its peers are in calm
//
//      0   faults of all kinds, by chance at once    faulty      nothing but repair faulty+healed
//      |────────────────────────────────────────────────|──────────────────────────────────|
//
// A habit is a way in which faults come: one crash is a fault, a crash loop is a habit.  Leaving
// habits out finds more than having all of them always (Groce et al., "Swarm Testing", ISSTA'12).
//
// Invariants:
//   I1  Equal options give equal plans; faults are in the order of time and end by `faulty`.
//   I2  Each fault draws from a stream of its own: a habit more or less moves no other fault; that
//       clients are left out moves no other draw.
//
// Pure functions: thread safe.
#pragma once

#include "sim/plan.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace starling::sim {

struct SwarmOptions {
    std::uint32_t nodes = 7;
    std::uint64_t seed = 1;
    Duration faulty = std::chrono::seconds{40};
    Duration healed = std::chrono::seconds{20};
};

inline constexpr Duration swarm_faulty_min = std::chrono::seconds{5};
inline constexpr Duration swarm_healed_min = std::chrono::seconds{10};

// invalid: nodes or times out of range; the message names the range.
[[nodiscard]] Result<Plan> swarm_plan(const SwarmOptions& options);

// The names of all habits, and of those that this seed has, in the same order.
[[nodiscard]] std::vector<std::string_view> all_habits();
[[nodiscard]] std::vector<std::string_view> habits_of(std::uint64_t seed);

}  // namespace starling::sim
