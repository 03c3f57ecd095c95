#include "node/cli/commands.hpp"
#include "node/cli/places.hpp"
#include "node/cli/sim_mutant.hpp"
#include "node/cli/sim_verdict.hpp"
#include "node/cli/terminal.hpp"
#include "node/cli/words.hpp"
#include "sim/plan_text.hpp"
#include "sim/quantity.hpp"
#include "sim/report_text.hpp"
#include "sim/swarm.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace starling::cli {
namespace {

// Options look at their texts, which must outlive them.
std::string_view load_help(std::size_t row) {
    static const auto texts = [] {
        std::array<std::string, sim::load_rows.size()> made;
        for (std::size_t i = 0; i < made.size(); ++i) {
            const sim::LoadRow& each = sim::load_rows.at(i);
            made.at(i) = fmt::format("{} (default {})", each.what, each.usual);
        }
        return made;
    }();
    return texts.at(row);
}

Result<void> take_load(const Invocation& call, sim::Load& load) {
    for (const sim::LoadRow& row : sim::load_rows) {
        if (!call.has(row.name)) continue;
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

Result<void> take_shape(const Invocation& call, sim::Options& options) {
    if (call.has("nodes")) {
        const auto nodes = call.number("nodes", 1, 10'000);
        if (!nodes) return tl::unexpected(nodes.error());
        options.nodes = static_cast<std::uint32_t>(*nodes);
    }
    if (call.has("seed")) {
        const auto seed = call.number("seed", 0, UINT64_MAX);
        if (!seed) return tl::unexpected(seed.error());
        options.seed = *seed;
    }
    if (!call.has("duration")) return {};
    const auto duration = parse_duration(call.text("duration"));
    if (!duration) {
        return failure(ErrorCode::invalid, "bad_option",
                       "--duration must be a time such as 20s or 10m", "starling help sim run");
    }
    options.duration = *duration;
    return {};
}

Result<sim::Options> sim_options_of(const Invocation& call) {
    sim::Options options;
    options.duration = sim_default_duration;
    if (auto taken = take_shape(call, options); !taken) return tl::unexpected(taken.error());
    if (auto taken = take_load(call, options.load); !taken) return tl::unexpected(taken.error());
    if (auto taken = take_faults(call, options.asked); !taken) {
        return tl::unexpected(taken.error());
    }
    return options;
}

// A run that was asked for.
struct Job {
    sim::Plan plan;
    std::string text;                     // of the plan
    std::optional<sim::Options> options;  // that it was made from
    std::string file;                     // where it stands; empty: nowhere
    std::string command;                  // that makes and runs it again; empty: it was a file
};

// bad_option when one of the options, or of those that shape a default plan, is given.
Result<void> refuse(const Invocation& call, std::vector<std::string_view> options,
                    std::string_view why) {
    options.insert(options.end(), {"duration", "crashes", "partitions"});
    for (const sim::LoadRow& row : sim::load_rows) options.push_back(row.name);
    for (const std::string_view option : options) {
        if (!call.has(option)) continue;
        return failure(ErrorCode::invalid, "bad_option", fmt::format("--{} goes {}", option, why),
                       "leave one of them out");
    }
    return {};
}

// A file says everything itself.
Result<Job> job_of_file(const Invocation& call) {
    if (auto fine = refuse(call, {"nodes", "seed", "swarm", "plan-out"},
                           "without a PLAN: a file says everything itself");
        !fine) {
        return tl::unexpected(fine.error());
    }
    const std::string& path = call.words.front();
    auto plan = read_plan(path);
    if (!plan) return tl::unexpected(plan.error());
    std::string text = sim::text_of(*plan);
    return Job{std::move(*plan), std::move(text), std::nullopt, path, {}};
}

// The seed decides all but the number of nodes.
Result<Job> job_of_swarm(const Invocation& call) {
    if (auto fine = refuse(call, {}, "without --swarm, whose plans have their own"); !fine) {
        return tl::unexpected(fine.error());
    }
    sim::Options shape;
    sim::SwarmOptions habits;
    shape.nodes = habits.nodes;
    if (auto taken = take_shape(call, shape); !taken) return tl::unexpected(taken.error());
    habits.nodes = shape.nodes;
    habits.seed = shape.seed;
    auto plan = sim::swarm_plan(habits);
    if (!plan) return tl::unexpected(plan.error());
    std::string text = sim::text_of(*plan);
    return Job{
        std::move(*plan), std::move(text), std::nullopt, call.text("plan-out"),
        fmt::format("starling sim run --swarm --nodes {} --seed {}", habits.nodes, habits.seed)};
}

Result<Job> job_of_options(const Invocation& call) {
    const auto options = sim_options_of(call);
    if (!options) return tl::unexpected(options.error());
    auto plan = sim::default_plan(*options);
    if (!plan) return tl::unexpected(plan.error());
    std::string text = sim::text_of(*plan);
    return Job{std::move(*plan), std::move(text), *options, call.text("plan-out"),
               sim::command_line(*options)};
}

// Before the run, so that it is there whatever becomes of the run.
Result<void> keep(const Invocation& call, const Job& job) {
    if (!call.has("plan-out") && !call.has("print-plan")) return {};
    if (auto fine = sim::plan_from(job.text, "this plan"); !fine) {
        return tl::unexpected(fine.error());
    }
    return call.has("plan-out") ? write_text(job.file, job.text) : Result<void>();
}

// How to have this run again.
std::string again_with(const Job& job) {
    if (job.file.empty()) return job.command;
    return "starling sim run " + printable(shell_word(job.file));
}

void tell_broken(const Job& job, Verdict& verdict) {
    verdict.document["plan"] = job.text;
    if (job.file.empty()) {
        verdict.text += "its plan (--plan-out FILE keeps it):\n" + job.text;
    }
    if (!job.command.empty()) {
        verdict.text += fmt::format("seed {}; again with: {}\n", job.plan.seed, job.command);
    }
    if (!job.file.empty()) verdict.text += "again with: " + again_with(job) + '\n';
}

Result<Exit> sim_run(const Invocation& call, Terminal& terminal) {
    if (auto taken = take_mutant(call); !taken) return tl::unexpected(taken.error());
    const auto job = !call.words.empty() ? job_of_file(call)
                     : call.has("swarm") ? job_of_swarm(call)
                                         : job_of_options(call);
    if (!job) return tl::unexpected(job.error());
    if (auto kept = keep(call, *job); !kept) return tl::unexpected(kept.error());
    if (call.has("print-plan")) {
        terminal.result({{"plan", job->text}}, [&] { return job->text; });
        return Exit::ok;
    }
    auto verdict = run_guarded(job->plan, job->options);
    if (!verdict) return tl::unexpected(verdict.error());
    const bool fine = verdict->broken.empty();
    verdict->document["command"] = again_with(*job);
    if (!job->file.empty()) verdict->document["plan_file"] = job->file;
    if (!fine) tell_broken(*job, *verdict);
    terminal.result(verdict->document, [&] { return verdict->text; });
    return fine ? Exit::ok : Exit::invariant_broken;
}

// "fine: 7 nodes, 60 s, 12 faults"
std::string summary_of(const sim::Plan& plan) {
    std::string duration =
        sim::text_of(sim::Quantity::time, static_cast<std::uint64_t>(plan.duration.count()));
    duration.insert(duration.find('s'), " ");
    return fmt::format("fine: {} nodes, {}, {} fault{}", plan.nodes, duration, plan.faults.size(),
                       plan.faults.size() == 1 ? "" : "s");
}

Result<Exit> sim_check(const Invocation& call, Terminal& terminal) {
    const auto plan = read_plan(call.words.front());
    if (!plan) return tl::unexpected(plan.error());
    terminal.result({{"ok", true},
                     {"plan_file", call.words.front()},
                     {"nodes", std::int64_t{plan->nodes}},
                     {"duration_ms", count_ms(plan->duration)},
                     {"healed_at_ms", count_ms(plan->healed_at)},
                     {"faults", static_cast<std::int64_t>(plan->faults.size())}},
                    [&] { return summary_of(*plan); });
    return Exit::ok;
}

}  // namespace

Command sim_run_command() {
    Command command{"sim run", "simulate", "run a mesh with faults on virtual time",
                    "[PLAN]",  0,          1};
    command.options = {
        {"nodes", "N", "how many nodes (default 5, or 7 with --swarm)", "", 'n'},
        {"seed", "S", "everything that happens follows from it (default 1)"},
        {"duration", "TIME", "virtual time (default 20s)"},
        {"swarm", "", "a plan such as sim sweep --swarm makes of this seed"},
        {"crashes", "N", "kill -9 and restart so often; else once a round of 25s"},
        {"partitions", "N", "split the network so often; else once a round"},
        {"plan-out", "FILE", "write the plan of these options to a file, before the run"},
        {"print-plan", "", "print the plan and run nothing"}};
    for (std::size_t row = 0; row < sim::load_rows.size(); ++row) {
        command.options.push_back({sim::load_rows.at(row).name, "RATE", load_help(row)});
    }
    add_mutant_option(command);
    command.examples = {"starling sim run --nodes 100 --seed 7 --duration 60s --json",
                        "starling sim run --nodes 100 --duration 60s --puts 10 --tasks 5 --cas 2 "
                        "--crashes 1 --partitions 1",
                        "starling sim run --seed 7 --print-plan > crash.plan",
                        "starling sim run crash.plan"};
    command.notes =
        "Runs the plan in a file, or one made from the options: the same plan gives the same run\n"
        "and the same trace_hash. Exit code 9: an invariant broke, and the plan and the command "
        "to\n"
        "run it again are printed. What a plan can say: docs/SIMULATION.md.";
    command.run = sim_run;
    return command;
}

Command sim_check_command() {
    Command command{"sim check", "simulate", "read a plan without running it", "PLAN", 1, 1};
    command.examples = {"starling sim check crash.plan", "starling sim check crash.plan --json"};
    command.notes =
        "Says how large the plan is, or what is wrong with it: FILE:LINE:COLUMN, what was found\n"
        "and what expected. What a plan can say: docs/SIMULATION.md.";
    command.run = sim_check;
    return command;
}

}  // namespace starling::cli
