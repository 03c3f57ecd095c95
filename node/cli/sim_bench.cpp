#include "node/cli/sim_bench.hpp"

#include "node/cli/commands.hpp"
#include "node/cli/document_fields.hpp"
#include "node/cli/json.hpp"
#include "node/cli/progress_line.hpp"
#include "node/cli/sim_verdict.hpp"
#include "node/cli/terminal.hpp"
#include "node/cli/words.hpp"
#include "sim/plan.hpp"
#include "sim/swarm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace starling::cli {

Spread spread_of(std::vector<double> values) {
    if (values.empty()) return {};
    std::ranges::sort(values);
    const std::size_t half = values.size() / 2;
    const double median =
        values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
    return {median, values.front(), values.back()};
}

Value::Map spread_value(const Spread& spread) {
    return {{"median", spread.median}, {"min", spread.min}, {"max", spread.max}};
}

namespace {

constexpr std::uint64_t portions = 5;
constexpr std::uint64_t seeds_max = 1'000'000;
constexpr std::uint32_t many_nodes = 100;
constexpr Duration many_nodes_duration = std::chrono::seconds{20};

// What some runs of the simulator did, and the processor time of their processes.
struct Effort {
    std::uint64_t runs = 0;
    std::uint64_t failed = 0;
    std::uint64_t checks = 0;
    std::uint64_t events = 0;
    Duration virtual_time{};
    Duration cpu{};

    void add(const sim::Plan& plan, const Verdict& verdict) {
        ++runs;
        if (!verdict.broken.empty()) ++failed;
        checks += verdict.checks;
        events += static_cast<std::uint64_t>(number_at(verdict.document, "appointments"));
        virtual_time += plan.duration;
        cpu += verdict.cpu;
    }

    void add(const Effort& other) {
        runs += other.runs;
        failed += other.failed;
        checks += other.checks;
        events += other.events;
        virtual_time += other.virtual_time;
        cpu += other.cpu;
    }

    // Per second of processor time, which no run has less of than the system's clock tick.
    [[nodiscard]] double per_cpu_second(double amount) const {
        return amount / std::max(seconds_of(cpu), 0.001);
    }
};

// One kind of runs, in portions that are measured for themselves.
struct Series {
    std::uint32_t nodes = 0;
    std::vector<Effort> portions;

    [[nodiscard]] Effort sum() const {
        Effort all;
        for (const Effort& each : portions) all.add(each);
        return all;
    }

    [[nodiscard]] Spread virtual_rate() const {
        return spread_of(mapped(
            [](const Effort& each) { return each.per_cpu_second(seconds_of(each.virtual_time)); }));
    }

    [[nodiscard]] Spread event_rate() const {
        return spread_of(mapped([](const Effort& each) {
            return each.per_cpu_second(static_cast<double>(each.events));
        }));
    }

    [[nodiscard]] std::vector<double> mapped(
        const std::function<double(const Effort&)>& number) const {
        std::vector<double> numbers;
        for (const Effort& each : portions) numbers.push_back(number(each));
        return numbers;
    }
};

using PlanOfSeed = std::function<Result<sim::Plan>(std::uint64_t seed)>;

Result<sim::Plan> swarm_plan(std::uint64_t seed) {
    sim::SwarmOptions options;
    options.seed = seed;
    return sim::swarm_plan(options);
}

Result<sim::Plan> many_nodes_plan(std::uint64_t seed) {
    sim::Options options;
    options.nodes = many_nodes;
    options.seed = seed;
    options.duration = many_nodes_duration;
    return sim::default_plan(options);
}

// Seeds 1 to `seeds`, one after the other: nothing of ours runs beside what is measured.
Result<Series> measure(const PlanOfSeed& plan_of, std::uint64_t seeds, ProgressLine& line) {
    Series series;
    series.portions.resize(portions);
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const auto plan = plan_of(seed);
        if (!plan) return tl::unexpected(plan.error());
        line.show([&](double passed) {
            return fmt::format("{} nodes, run {} of {}, {:.0f} s", plan->nodes, seed, seeds,
                               passed);
        });
        const auto verdict = run_guarded(*plan);
        if (!verdict) return tl::unexpected(verdict.error());
        series.nodes = plan->nodes;
        series.portions[(seed - 1) * portions / seeds].add(*plan, *verdict);
    }
    return series;
}

Value::Map document_of(const Series& series) {
    const Effort all = series.sum();
    return {{"nodes", std::int64_t{series.nodes}},
            {"runs", number_value(all.runs)},
            {"failed", number_value(all.failed)},
            {"portions", number_value(series.portions.size())},
            {"checks", number_value(all.checks)},
            {"events", number_value(all.events)},
            {"virtual_seconds", seconds_of(all.virtual_time)},
            {"cpu_seconds", seconds_of(all.cpu)},
            {"virtual_seconds_per_cpu_second", spread_value(series.virtual_rate())},
            {"events_per_cpu_second", spread_value(series.event_rate())}};
}

std::string text_of(std::string_view what, const Series& series) {
    const Effort all = series.sum();
    const Spread time = series.virtual_rate();
    const Spread events = series.event_rate();
    return fmt::format(
        "{}: {} runs in {} portions, {} failed, {:.0f} virtual seconds in {:.1f} CPU seconds\n"
        "  virtual seconds per CPU second  {:.1f}, from {:.1f} to {:.1f}\n"
        "  events per CPU second           {:.0f}, from {:.0f} to {:.0f}\n",
        what, all.runs, series.portions.size(), all.failed, seconds_of(all.virtual_time),
        seconds_of(all.cpu), time.median, time.min, time.max, events.median, events.min,
        events.max);
}

Result<Exit> sim_bench(const Invocation& call, Terminal& terminal) {
    const auto seeds = call.number("seeds", portions, seeds_max);
    if (!seeds) return tl::unexpected(seeds.error());
    ProgressLine line(call.quiet);
    const auto swarm = measure(swarm_plan, *seeds, line);
    if (!swarm) return tl::unexpected(swarm.error());
    const auto many = measure(many_nodes_plan, portions, line);
    if (!many) return tl::unexpected(many.error());
    line.clear();
    terminal.result({{"swarm", document_of(*swarm)}, {"many_nodes", document_of(*many)}}, [&] {
        return text_of(fmt::format("{} nodes with all faults and checks", swarm->nodes), *swarm) +
               text_of(fmt::format("{} nodes with the default load", many->nodes), *many);
    });
    const bool fine = swarm->sum().failed + many->sum().failed == 0;
    return fine ? Exit::ok : Exit::invariant_broken;
}

}  // namespace

Command sim_bench_command() {
    Command command{"sim bench", "simulate", "how fast the simulator is on this machine", "", 0, 0};
    command.options = {{"seeds", "N", "how many plans of the swarm, at least 5", "50"}};
    command.examples = {"starling sim bench", "starling sim bench --seeds 200 --json"};
    command.notes =
        "Two kinds of runs, one at a time: plans of the swarm with 7 nodes, seeds 1 to N, 60 "
        "virtual\n"
        "seconds each; and 100 nodes with default plans, 5 runs of 20 virtual seconds. Every "
        "frame is\n"
        "encoded and decoded, every check looks. Time is the processor time, user and system, of "
        "the\n"
        "processes that ran; each figure is the median of 5 portions, with the least and the most. "
        "Exit code 9: a run broke an invariant.";
    command.run = sim_bench;
    return command;
}

}  // namespace starling::cli
