// What one run of a plan, in a guarded child, says about it.
//
//      Plan ──work_of──> child ──report as JSON, text──> verdict_of ──> Verdict
//
// A program that crashes while it is simulated is a failure of the plan, not of the tool.
//
// Not thread safe, as sim_child.hpp.
#pragma once

#include "node/cli/sim_child.hpp"
#include "sim/run.hpp"
#include <starling/error.hpp>
#include <starling/value.hpp>

#include <optional>
#include <string>
#include <vector>

namespace starling::cli {

inline constexpr std::uint64_t sim_jobs_max = 1024;  // children at once
inline constexpr Duration sim_default_duration = std::chrono::seconds{20};

struct Verdict {
    // What broke, earliest first: invariants; or the one way in which the process ended instead.
    std::vector<std::string> broken;
    std::string what;        // of the first: where, when, how
    std::string trace_hash;  // none when it did not finish
    std::uint64_t checks = 0;
    Duration cpu{};
    std::uint64_t memory = 0;  // the most at once, bytes
    Value::Map document;       // as `starling sim run --json` prints it
    std::string text;          // for people
};

// What a child says in the end, for verdict_of().
[[nodiscard]] std::string message_of(const sim::Report& report);

// Options: when the plan was made from them, which it then has to live up to.
[[nodiscard]] Work work_of(const sim::Plan& plan, const std::optional<sim::Options>& options);

[[nodiscard]] Verdict verdict_of(const sim::Plan& plan, const SimCrew::Done& done);

// Both for one run.  Ctrl-C ends the child with this process.
[[nodiscard]] Result<Verdict> run_guarded(const sim::Plan& plan,
                                          const std::optional<sim::Options>& options = {});

// The plan in a file; the error of a plan that cannot be read names file, line and column.
[[nodiscard]] Result<sim::Plan> read_plan(const std::string& path);

}  // namespace starling::cli
