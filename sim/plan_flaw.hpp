// What makes a plan impossible, for plans that did not come from a generator: read from a text,
// changed by hand or by a search.
//
// Pure functions, thread safe.
#pragma once

#include "sim/plan.hpp"
#include <starling/error.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace starling::sim {

// Where in a plan: a field by its name, or a part of a fault.
enum class PlanPart : std::uint8_t { field, at, target, amount, lasts };

struct PlanFlaw {
    PlanPart part{};
    std::size_t index = 0;  // of plan_fields(), or of the plan's faults
    std::string what;       // the thing and the cause
};

// The first flaw: a field out of its range, healed_at after the end; a fault that begins before the
// one above it or not before healed_at, strikes a host that does not exist, has an empty side or a
// host on both, an amount out of range, or lasts no time; a second disk that is lost or put
// back, or one of two, or one that is put back to a time before all had started.
[[nodiscard]] std::optional<PlanFlaw> flaw_of(const Plan& plan);

// plan_invalid: the plan has a flaw, which the message tells.
[[nodiscard]] Result<void> check_plan(const Plan& plan);

}  // namespace starling::sim
