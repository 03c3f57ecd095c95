// The transcript of a run, read while it is made: the child waits when nobody reads.
//
//      child:   Transcript ──lines──> Outlet,   at the end the report
//      here:    next() ... next() ──> nothing more ──> verdict()
//
// Not thread safe, as sim_child.hpp.
#pragma once

#include "node/cli/sim_child.hpp"
#include "node/cli/sim_verdict.hpp"
#include "sim/plan.hpp"
#include <starling/error.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace starling::cli {

class SimTrace {
public:
    [[nodiscard]] static Result<SimTrace> start(const sim::Plan& plan);

    // The next line, without its end; it stays until the next call.  Nothing: the run is over.
    [[nodiscard]] std::optional<std::string_view> next();

    // What the run says in the end.  REQUIRES: next() gave nothing.
    [[nodiscard]] Verdict verdict();

private:
    SimTrace(sim::Plan plan, SimChild child) : plan_(std::move(plan)), child_(std::move(child)) {}

    // Whether another end of line is there, read if need be.
    bool fill();

    sim::Plan plan_;
    SimChild child_;
    std::string bytes_;
    std::size_t begin_ = 0;  // of what was not given yet
    std::size_t end_ = 0;    // of the next line
};

}  // namespace starling::cli
