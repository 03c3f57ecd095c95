// A report as people and programs read it.
//
//      text:  head (the whole run, with the CPU time that whoever ran it learned)
//             body (counts, invariants, what broke, trace hash)
//      JSON:  one object on one line
//
// Pure functions, thread safe.
#pragma once

#include "sim/run.hpp"

#include <string>

namespace starling::sim {

[[nodiscard]] std::string text_of(const Report& report, Duration cpu);
[[nodiscard]] std::string head_of(const Plan& plan, Duration cpu);
[[nodiscard]] std::string body_of(const Report& report);

[[nodiscard]] std::string json_of(const Report& report, Duration cpu);

// The whole of the options: another run with them is the same run.
[[nodiscard]] std::string command_line(const Options& options);

}  // namespace starling::sim
