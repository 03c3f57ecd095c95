// What a public World is made of, and how its parts become a stage.
//
// Not thread safe.
#pragma once

#include "sim/agents/outside.hpp"
#include "sim/agents/stage.hpp"
#include "sim/plan.hpp"
#include <starling/error.hpp>
#include <starling/sim.hpp>

#include <map>
#include <memory>
#include <string>

namespace starling::sim {

struct agents::World::Parts {
    Result<Plan> plan;
    Stage stage;  // its plan aside
    std::map<std::string, std::shared_ptr<RecordedOutside>> recorded;
    bool ran = false;
};

// What a scenario does.  Errors: plan_invalid, option_invalid.
[[nodiscard]] Result<Plan> plan_of(const agents::Scenario& scenario);

inline namespace agents {

// Builds worlds for an exploration.
class Explorer {
public:
    // The world that the setup makes of this plan.  rule_too_late.
    [[nodiscard]] static Result<Stage> stage_of(const Setup& setup, const Plan& plan);
    [[nodiscard]] static Result<Stage> stage_of(World& world);
};

}  // namespace agents

[[nodiscard]] agents::Report report_of(const Plan& plan, const Performance& performance);

}  // namespace starling::sim
