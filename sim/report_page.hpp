// A run as one page: opens offline, in any browser, light or dark.
//
//      ToldRun ──page_of──> HTML with its pictures inside, the plan and the command to run it again
//
// Pure function: thread safe.
#pragma once

#include "sim/run.hpp"

#include <string>

namespace starling::sim {

// `again` is the command that repeats the run.
[[nodiscard]] std::string page_of(const ToldRun& run, const std::string& again);

}  // namespace starling::sim
