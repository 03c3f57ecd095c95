#include "node/cli/commands.hpp"
#include "node/cli/sim_mutant.hpp"
#include "node/cli/sim_verdict.hpp"
#include "node/cli/terminal.hpp"
#include "node/cli/words.hpp"
#include "sim/command.hpp"

#include <fmt/format.h>

#include <utility>

namespace starling::cli {
namespace {

Result<void> take_load(const Invocation& call, sim::Load& load) {
    for (const sim::LoadRow& row : sim::load_rows) {
        const std::string option(row.name);
        const auto given = sim::rate_from(call.text(option));
        if (!given || *given > sim::plan_rate_max) {
            return failure(ErrorCode::invalid, "bad_option",
                           fmt::format("--{} must be operations a second, 0 to {}, such as 10 or "
                                       "0.5 (at most three digits behind the point)",
                                       option, sim::plan_rate_max / 1000),
                           "starling help sim run");
        }
        load.*row.rate = *given;
    }
    return {};
}

Result<void> take_faults(const Invocation& call, sim::FaultNumbers& asked) {
    for (const auto& [option, number] :
         {std::pair{"crashes", &asked.crashes}, std::pair{"partitions", &asked.partitions}}) {
        if (!call.has(option)) continue;
        const auto given = call.number(option, 0, UINT32_MAX);
        if (!given) return tl::unexpected(given.error());
        *number = static_cast<std::uint32_t>(*given);
    }
    return {};
}

Result<sim::Options> options_of(const Invocation& call) {
    const auto nodes = call.number("nodes", 1, 10'000);
    if (!nodes) return tl::unexpected(nodes.error());
    const auto seed = call.number("seed", 0, UINT64_MAX);
    if (!seed) return tl::unexpected(seed.error());
    const auto duration = parse_duration(call.text("duration"));
    if (!duration) {
        return failure(ErrorCode::invalid, "bad_option",
                       "--duration must be a time such as 20s or 10m", "starling help sim run");
    }
    sim::Options options;
    options.nodes = static_cast<std::uint32_t>(*nodes);
    options.seed = *seed;
    options.duration = *duration;
    if (auto taken = take_load(call, options.load); !taken) {
        return tl::unexpected(taken.error());
    }
    if (auto taken = take_faults(call, options.asked); !taken) {
        return tl::unexpected(taken.error());
    }
    return options;
}

Result<Exit> sim_run(const Invocation& call, Terminal& terminal) {
    if (auto taken = take_mutant(call); !taken) return tl::unexpected(taken.error());
    const auto options = options_of(call);
    if (!options) return tl::unexpected(options.error());
    const auto plan = sim::default_plan(*options);
    if (!plan) return tl::unexpected(plan.error());
    const auto verdict = run_guarded(*plan, *options);
    if (!verdict) return tl::unexpected(verdict.error());
    terminal.result(verdict->document, [&] { return verdict->text; });
    return verdict->broken.empty() ? Exit::ok : Exit::invariant_broken;
}

}  // namespace

Command sim_run_command() {
    Command command{"sim run", "simulate", "run a mesh with faults on virtual time", "", 0, 0};
    command.options = {{"nodes", "N", "how many nodes", "5", 'n'},
                       {"seed", "S", "everything that happens follows from it", "1"},
                       {"duration", "TIME", "virtual time", "20s"},
                       {"crashes", "N", "kill -9 and restart so often; else once a round of 25s"},
                       {"partitions", "N", "split the network so often; else once a round"}};
    for (const sim::LoadRow& row : sim::load_rows) {
        command.options.push_back({row.name, "RATE", row.what, row.usual});
    }
    add_mutant_option(command);
    command.examples = {"starling sim run --nodes 100 --seed 7 --duration 60s --json",
                        "starling sim run --nodes 100 --duration 60s --puts 10 --tasks 5 --cas 2 "
                        "--crashes 1 --partitions 1"};
    command.notes =
        "The same seed gives the same run and the same trace_hash. Exit code 9: an invariant "
        "broke.";
    command.run = sim_run;
    return command;
}

}  // namespace starling::cli
