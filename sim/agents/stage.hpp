// One run of a plan with agents instead of the usual clients.
//
//   plan, actors, outsides, rules ──perform──> breaches, trace hash, counts, notes
//
// Invariants:
//   I1  Equal settings with equal agents give equal performances.
//   I2  A run that stops at its first breach is the beginning of the whole run.
//
// Not thread safe.
#pragma once

#include "sim/agents/agent_ground.hpp"
#include "sim/agents/outside.hpp"
#include "sim/agents/rules.hpp"
#include "sim/plan.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace starling::sim {

enum class Length : std::uint8_t { whole, to_first_breach };

struct Stage {
    Plan plan;
    std::vector<Actor> actors;
    Outsides outsides;
    std::vector<Rule> rules;
    Length length{};
};

struct Performance {
    std::vector<Breach> breaches;
    std::string trace_hash;
    AgentCounts counts;
    std::uint64_t faults = 0;
    std::uint64_t looks = 0;
    std::vector<agents::Note> notes;
};

// REQUIRES: check_plan(stage.plan), actors on its hosts.
[[nodiscard]] Performance perform(const Stage& stage);

}  // namespace starling::sim
