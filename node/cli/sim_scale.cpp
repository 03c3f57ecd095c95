#include "node/cli/commands.hpp"
#include "node/cli/document_fields.hpp"
#include "node/cli/json.hpp"
#include "node/cli/places.hpp"
#include "node/cli/progress_line.hpp"
#include "node/cli/sim_bench.hpp"
#include "node/cli/sim_verdict.hpp"
#include "node/cli/terminal.hpp"
#include "node/cli/words.hpp"
#include "sim/plan_text.hpp"
#include "sim/quantity.hpp"
#include "sim/scale.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace starling::cli {
namespace {

constexpr std::uint64_t runs_max = 100;
constexpr double mebibyte = 1024.0 * 1024.0;

struct ScaleRun {
    Verdict verdict;
    double speed = 0;  // virtual seconds a second of processor time
    double mebibytes = 0;
};

Result<sim::ScaleOptions> scale_options_of(const Invocation& call) {
    sim::ScaleOptions options;
    const auto nodes = call.number("nodes", sim::plan_nodes_min, sim::plan_nodes_max);
    if (!nodes) return tl::unexpected(nodes.error());
    options.nodes = static_cast<std::uint32_t>(*nodes);
    const auto seed = call.number("seed", 0, UINT64_MAX);
    if (!seed) return tl::unexpected(seed.error());
    options.seed = *seed;
    const auto steady = parse_duration(call.text("duration"));
    if (!steady) {
        return failure(ErrorCode::invalid, "bad_option", "--duration must be a time such as 10m",
                       "starling help sim scale");
    }
    options.steady = *steady;
    const auto churn = sim::quantity_from(sim::Quantity::share, call.text("churn"));
    if (!churn) {
        return failure(ErrorCode::invalid, "bad_option", "--churn must be a share such as 1%",
                       "starling help sim scale");
    }
    options.churn = static_cast<std::uint32_t>(*churn);
    return options;
}

Result<std::vector<ScaleRun>> run_all(const sim::Plan& plan, std::uint64_t runs, bool quiet) {
    ProgressLine line(quiet);
    std::vector<ScaleRun> all;
    for (std::uint64_t number = 1; number <= runs; ++number) {
        line.show([&](double passed) {
            return fmt::format("{} nodes, run {} of {}, {:.0f} s", plan.nodes, number, runs,
                               passed);
        });
        auto verdict = run_guarded(plan);
        if (!verdict) return tl::unexpected(verdict.error());
        const double cpu = std::max(seconds_of(verdict->cpu), 0.001);
        const double memory = static_cast<double>(verdict->memory) / mebibyte;
        all.push_back({std::move(*verdict), seconds_of(plan.duration) / cpu, memory});
    }
    line.clear();
    return all;
}

Spread spread_over(const std::vector<ScaleRun>& runs, double ScaleRun::*figure) {
    std::vector<double> values;
    for (const ScaleRun& each : runs) values.push_back(each.*figure);
    return spread_of(std::move(values));
}

// The first thing that broke, of the first run in which something did.
const Verdict* broken_one(const std::vector<ScaleRun>& runs) {
    const auto found = std::ranges::find_if(
        runs, [](const ScaleRun& each) { return !each.verdict.broken.empty(); });
    return found == runs.end() ? nullptr : &found->verdict;
}

std::string text_of(const sim::Plan& plan, const std::vector<ScaleRun>& runs) {
    const Verdict& first = runs.front().verdict;
    const Spread speed = spread_over(runs, &ScaleRun::speed);
    const auto met = static_cast<double>(number_at(first.document, "all_met_us"));
    std::string text = fmt::format(
        "{} nodes, {} that crashed and came back, {:.0f} virtual seconds\n"
        "  all have met after               {}\n"
        "  virtual seconds per CPU second   {:.1f}, from {:.1f} to {:.1f} in {} run{}\n"
        "  memory                           {:.0f} MiB at most\n"
        "  checks                           {}\n",
        plan.nodes, plan.faults.size(), seconds_of(plan.duration),
        met > 0 ? fmt::format("{:.3f} s", met / 1e6) : "not in this time", speed.median, speed.min,
        speed.max, runs.size(), runs.size() == 1 ? "" : "s",
        spread_over(runs, &ScaleRun::mebibytes).max, first.checks);
    if (const Verdict* broken = broken_one(runs)) {
        text += fmt::format("  broke {}: {}\n", broken->broken.front(), printable(broken->what));
        text += "  the same command does the same again; --plan-out FILE keeps its plan\n";
    }
    return text;
}

Value::Map document_of(const sim::Plan& plan, const std::vector<ScaleRun>& runs) {
    const Verdict& first = runs.front().verdict;
    const Spread speed = spread_over(runs, &ScaleRun::speed);
    const Verdict* one = broken_one(runs);
    return {{"nodes", std::int64_t{plan.nodes}},
            {"seed", number_value(plan.seed)},
            {"crashes", number_value(plan.faults.size())},
            {"runs", number_value(runs.size())},
            {"broken", one != nullptr ? texts_value(one->broken) : Value(Value::List{})},
            {"what", one != nullptr ? one->what : ""},
            {"checks", number_value(first.checks)},
            {"trace_hash", first.trace_hash},
            {"virtual_seconds", seconds_of(plan.duration)},
            {"all_met_us", at(first.document, "all_met_us")},
            {"virtual_seconds_per_cpu_second", spread_value(speed)},
            {"memory_bytes", number_value(static_cast<std::uint64_t>(
                                 spread_over(runs, &ScaleRun::mebibytes).max * mebibyte))}};
}

Result<Exit> sim_scale(const Invocation& call, Terminal& terminal) {
    const auto options = scale_options_of(call);
    if (!options) return tl::unexpected(options.error());
    const auto runs = call.number("runs", 1, runs_max);
    if (!runs) return tl::unexpected(runs.error());
    const auto plan = sim::scale_plan(*options);
    if (!plan) return tl::unexpected(plan.error());
    if (call.has("plan-out")) {
        const auto kept = write_text(call.text("plan-out"), sim::text_of(*plan));
        if (!kept) return tl::unexpected(kept.error());
    }
    const auto all = run_all(*plan, *runs, call.quiet);
    if (!all) return tl::unexpected(all.error());
    terminal.result(document_of(*plan, *all), [&] { return text_of(*plan, *all); });
    return broken_one(*all) == nullptr ? Exit::ok : Exit::invariant_broken;
}

}  // namespace

Command sim_scale_command() {
    Command command{"sim scale", "simulate", "how many nodes the simulator carries, and how fast",
                    "",          0,          0};
    command.options = {
        {"nodes", "N", "how many nodes, all with the table of all", "100", 'n'},
        {"seed", "S", "everything that happens follows from it", "1"},
        {"duration", "TIME", "how long members come and go, after a start of 30 s", "10m"},
        {"churn", "SHARE", "of the nodes that crash each minute, for 20 s each", "1%"},
        {"runs", "N", "so many times the same; figures are medians", "1"},
        {"plan-out", "FILE", "write the plan to a file, before the first run"},
    };
    command.examples = {"starling sim scale --nodes 100 --runs 5",
                        "starling sim scale --nodes 1000 --json"};
    command.notes =
        "All nodes start at once and meet; then some crash and come back, one after the other; "
        "clients\n"
        "ask for nothing. Every frame is encoded and decoded, every check looks; records lie in "
        "plain maps.\n"
        "Time is the processor time, user and system, of the process that ran, its start "
        "included;\n"
        "memory is the most that it had at once. Exit code 9: a run broke an invariant.";
    command.run = sim_scale;
    return command;
}

}  // namespace starling::cli
