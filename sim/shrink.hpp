// From a plan that breaks an invariant to a small one that breaks the same: what is left is what
// the failure needs.
//
//      what follows ──> clients ──> kinds, faults ──> nodes ──> load, models, time, each fault ──┐
//           ^                                                                                    |
//           └────────────────── as long as a pass still removes something ───────────────────────┘
//
//      candidates ──Judge──> when each broke what is wanted ──> the first that did is kept
//
// Clients, kinds of faults, faults and nodes are removed as shrink_odds.hpp proposes: halves, then
// less and less.
//
// Invariants:
//   I1  The result breaks the wanted invariant, as the plan did.
//   I2  Every candidate is a valid plan, and none is judged twice.
//   I3  The time between the last repair and the end stays: with less of it a mesh would break what
//       must be true in the end for want of time.
//   I4  Equal plans and equal verdicts give equal results: how many are judged at once is the
//       judge's own affair.
//
// Pure as the judge is.  Not thread safe.
#pragma once

#include "sim/plan.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace starling::sim {

struct Candidate {
    Plan plan;
    Duration until{};  // what breaks later may count as not broken: a trial may end here
};

// When a plan first broke what is wanted; nothing: it did not.
using Broke = std::optional<Duration>;

// In the order of the candidates.  May leave out those behind the first that broke it; a shorter
// answer without such a one: stop here.
using Judge = std::function<std::vector<Broke>(std::span<const Candidate> candidates)>;

struct Shrinking {
    Duration broke_at{};                // when the plan did
    std::uint64_t trials_max = 10'000;  // candidates judged
    // Seeds that a plan is tried with that is much smaller: where a failure takes luck, a run that
    // goes another way needs another chance.
    std::uint64_t seeds = 1;
    std::uint64_t seeds_more = 1;  // once only those faults are left that matter
};

struct Shrunk {
    Plan plan;
    std::uint64_t trials = 0;
    bool finished = false;  // nothing more can be removed; else trials or the judge ran out
};

// REQUIRES: a valid plan.
[[nodiscard]] Shrunk shrink(const Plan& plan, const Shrinking& how, const Judge& judge);

}  // namespace starling::sim
