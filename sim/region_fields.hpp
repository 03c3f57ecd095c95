// What [network] says of places instead of one latency for all:
//
//      latency=wan10                                       regions=dallas,tokyo
//      latency=file:PATH latency_unit=1ms latency_hash=..  regions=1-7,12
//
// A PATH is of plain characters: no blanks, no quotes, none of the marks of plans.  Pure functions,
// thread safe.
#pragma once

#include "sim/latency_matrix.hpp"
#include "sim/plan_cursor.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace starling::sim {

// Whether a field of [network] is one of these; latency is when it names a matrix.
[[nodiscard]] bool is_region_field(std::string_view name);

// The quantity of a latency, or where it is said.
[[nodiscard]] bool names_matrix(std::string_view word);

// What follows "name=".
[[nodiscard]] std::optional<Mistake> read_region_field(PlanCursor& cursor, std::string_view name,
                                                       Regions& regions);

// The names and numbers that regions= held, now that the matrix is known; nothing when they fit.
[[nodiscard]] std::optional<std::string> flaw_of(const Regions& regions);

// " latency_unit=1ms regions=dallas,tokyo": what stands behind latency=.  Empty without a matrix.
[[nodiscard]] std::string region_fields_text(const Regions& regions);

}  // namespace starling::sim
