#include "sim/scale.hpp"

#include "base/rng.hpp"

#include <string>

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t churn_stream = 0x636875726eULL << 24U;
constexpr std::uint64_t whole = 1'000'000;

Result<void> check(const ScaleOptions& options) {
    const Duration most = plan_duration_max - scale_start - scale_settle;
    if (options.nodes < plan_nodes_min || options.nodes > plan_nodes_max) {
        return failure(ErrorCode::invalid, "nodes_out_of_range",
                       "nodes is " + std::to_string(options.nodes) + ", possible are " +
                           std::to_string(plan_nodes_min) + " to " + std::to_string(plan_nodes_max),
                       "starling sim scale --nodes 100");
    }
    if (options.steady < 1min || options.steady > most) {
        return failure(ErrorCode::invalid, "duration_out_of_range",
                       "duration is " + std::to_string(options.steady / 1s) +
                           "s, possible are 60s to " + std::to_string(most / 1s) + "s",
                       "starling sim scale --duration 10m");
    }
    if (options.churn > whole / 10) {
        return failure(ErrorCode::invalid, "churn_out_of_range",
                       "churn is above the 10% of all nodes a minute that are possible",
                       "starling sim scale --churn 1%");
    }
    return {};
}

// One after the other, as far apart as the churn says; of a node that is down nothing happens.
std::vector<Fault> crashes(const ScaleOptions& options) {
    std::vector<Fault> faults;
    const std::uint64_t share = std::uint64_t{options.nodes} * options.churn;
    const auto count = static_cast<std::uint64_t>(options.steady / 1s) * share / 60 / whole;
    for (std::uint64_t i = 0; i < count; ++i) {
        Fault fault;
        fault.kind = FaultKind::crash;
        fault.at = scale_start +
                   options.steady * static_cast<std::int64_t>(i) / static_cast<std::int64_t>(count);
        fault.lasts = scale_away;
        fault.host =
            static_cast<std::uint32_t>(Rng(options.seed, churn_stream | i).below(options.nodes));
        fault.number = static_cast<std::uint32_t>(i + 1);
        faults.push_back(fault);
    }
    return faults;
}

}  // namespace

Result<Plan> scale_plan(const ScaleOptions& options) {
    if (auto fine = check(options); !fine) return tl::unexpected(fine.error());
    Plan plan;
    plan.seed = options.seed;
    plan.nodes = options.nodes;
    plan.healed_at = scale_start + options.steady + scale_away;
    plan.duration = scale_start + options.steady + scale_settle;
    plan.load = {0, 0, 0, 0, 0, 0, {}};
    plan.disk.journal = false;  // the table of every member, SQLite's pages around it: too much
    plan.faults = crashes(options);
    return plan;
}

}  // namespace starling::sim
