// One run of the simulator from options to report: the plan, its world, every check.
//
// Equal options give equal reports.  Not thread safe; several runs may go on in several threads,
// but then each counts the probes of all.
#pragma once

#include "sim/check.hpp"
#include "sim/chronicle.hpp"
#include "sim/network.hpp"
#include "sim/plan.hpp"
#include "sim/timings.hpp"
#include "sim/workload.hpp"
#include "sim/world.hpp"
#include <starling/error.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace starling::sim {

// Milliseconds from a crash to the death at an observer.
struct NoticeTimes {
    std::uint64_t count = 0;
    std::int64_t p50_ms = 0;
    std::int64_t p95_ms = 0;
    std::int64_t max_ms = 0;
};

struct Report {
    Plan plan;
    std::optional<Options> options;  // when the plan was made from them
    FaultCounts faults;
    LoadCounts load;
    std::uint64_t executions = 0;  // of tasks, by workers
    NetworkCounts network;
    std::uint64_t turns = 0;
    std::uint64_t inputs = 0;
    std::uint64_t syncs = 0;
    std::uint64_t lost_batches = 0;  // written, not durable at a crash
    std::uint64_t appointments = 0;
    std::uint64_t signatures_asked = 0;
    std::uint64_t signatures_computed = 0;
    NoticeTimes notice;
    RunTimes times;
    std::vector<Duration> register_times;  // of calls that were answered, ascending
    Findings::Results invariants;
    // Rare paths (base/probes.hpp) and how often nodes of this run were on them.
    std::vector<std::pair<std::string_view, std::uint64_t>> probes;
    // Kinds of faults and operations that a default plan must have and that did not happen.
    std::vector<std::string> missing;
    std::string trace_hash;

    [[nodiscard]] bool ok() const;
    [[nodiscard]] std::uint64_t checks() const;
    [[nodiscard]] std::uint64_t violations() const;
};

// The default plan of these options.  invalid: options out of range.
[[nodiscard]] Result<Report> run(const Options& options);

// Any plan; nothing is missing from it.  Others may look on.
[[nodiscard]] Report run(const Plan& plan, std::span<Check* const> others = {});

// A run that is only asked what breaks first.
struct Trial {
    std::string invariant;                    // no other counts; empty: any
    Duration until{};                         // what breaks later does not count
    std::function<void()> on_step = nullptr;  // called after every trial_step of virtual time
};

inline constexpr Duration trial_step = std::chrono::milliseconds{250};

struct Break {
    std::string invariant;
    Violation first;
};

// The same run, up to the first break or to `until`: nothing is paid for what follows.
[[nodiscard]] std::optional<Break> first_break(const Plan& plan, const Trial& trial);

// The same run, and its story for a page (report_page.hpp).
struct ToldRun {
    Report report;
    Story story;
};

[[nodiscard]] ToldRun run_and_tell(const Plan& plan);

// What a run of a default plan would have to have: a crash, a restart, a pause and a partition
// unless none was asked for, and every operation that has a rate.
[[nodiscard]] std::vector<std::string> missing_from(const Report& report, const Options& options);

}  // namespace starling::sim
