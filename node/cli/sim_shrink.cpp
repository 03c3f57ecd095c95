#include "node/cli/commands.hpp"
#include "node/cli/places.hpp"
#include "node/cli/plan_judge.hpp"
#include "node/cli/progress_line.hpp"
#include "node/cli/sim_mutant.hpp"
#include "node/cli/sim_verdict.hpp"
#include "node/cli/terminal.hpp"
#include "node/cli/words.hpp"
#include "sim/plan_text.hpp"
#include "sim/quantity.hpp"
#include "sim/shrink.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <utility>

namespace starling::cli {
namespace {

constexpr Duration candidate_cpu_min = std::chrono::seconds{10};
constexpr int slower_max = 4;  // a candidate that takes longer than the plan by this is given up

constexpr std::uint64_t seeds_tried = 10;
constexpr std::uint64_t seeds_tried_more = 50;

struct ShrinkSetup {
    std::string path;
    std::string out;
    sim::Plan plan;
    Duration budget{};
    std::size_t jobs = 1;
};

// PLAN with .small before its ending.
std::string small_name(const std::string& path) {
    const std::filesystem::path file(path);
    return (file.parent_path() / (file.stem().string() + ".small" + file.extension().string()))
        .string();
}

Result<ShrinkSetup> shrink_setup_of(const Invocation& call) {
    ShrinkSetup setup;
    setup.path = call.words.front();
    setup.out = call.has("out") ? call.text("out") : small_name(setup.path);
    const auto jobs = call.number("jobs", 1, sim_jobs_max);
    if (!jobs) return tl::unexpected(jobs.error());
    setup.jobs = *jobs;
    const auto budget = parse_duration(call.text("budget"));
    if (!budget || budget->count() == 0) {
        return failure(ErrorCode::invalid, "bad_option", "--budget must be a time such as 60s",
                       "starling help sim shrink");
    }
    setup.budget = *budget;
    auto plan = read_plan(setup.path);
    if (!plan) return tl::unexpected(plan.error());
    setup.plan = std::move(*plan);
    // Told before minutes of search, not after.
    if (auto fine = check_writable(setup.out); !fine) return tl::unexpected(fine.error());
    return setup;
}

// What the plan breaks first.
Result<PlanFailure> first_failure(const ShrinkSetup& setup) {
    auto failed = failure_of(setup.plan, setup.budget);
    if (!failed) return tl::unexpected(failed.error());
    if (*failed) return **failed;
    return failure(ErrorCode::invalid, "nothing_broken",
                   printable(setup.path) + " breaks no invariant within --budget",
                   "starling sim run " + printable(shell_word(setup.path)));
}

// How the small plan fails: the same invariant, maybe elsewhere.
PlanFailure failure_of_small(const PlanFailure& broken, const sim::Plan& small) {
    const auto again = failure_of(small, std::max(candidate_cpu_min, broken.cpu * slower_max));
    const bool same = again && *again && (*again)->invariant == broken.invariant;
    return same ? **again : broken;
}

std::string time_text(Duration time) {
    return sim::text_of(sim::Quantity::time, static_cast<std::uint64_t>(time.count()));
}

std::string reduction_text(const sim::Plan& from, const sim::Plan& to) {
    return fmt::format("faults {} to {}, nodes {} to {}, virtual time {} to {}", from.faults.size(),
                       to.faults.size(), from.nodes, to.nodes, time_text(from.duration),
                       time_text(to.duration));
}

// What is kept says what it once broke.
std::string kept_text(const PlanFailure& broken, const sim::Plan& small) {
    return fmt::format("# Broke {}: {}\n", broken.invariant, printable(broken.what)) +
           sim::text_of(small);
}

struct Outcome {
    const ShrinkSetup& setup;
    const PlanFailure& broken;
    const sim::Shrunk& small;
    Duration spent{};
};

std::string outcome_text(const Outcome& outcome) {
    const sim::Plan& small = outcome.small.plan;
    std::string text =
        fmt::format("{}: {}\n{}; {} plans run in {:.1f} CPU seconds\n", outcome.broken.invariant,
                    printable(outcome.broken.what), reduction_text(outcome.setup.plan, small),
                    outcome.small.trials, seconds_of(outcome.spent));
    if (!outcome.small.finished) text += "not finished: a larger --budget may remove more\n";
    return text + sim::text_of(small) +
           fmt::format(
               "written to {}; again with: starling sim run {}\n"
               "once it passes, keep it where plans are run with the tests, such as "
               "tests/plans\n",
               printable(outcome.setup.out), printable(shell_word(outcome.setup.out)));
}

Value shape_of(const sim::Plan& plan) {
    return Value::Map{{"faults", static_cast<std::int64_t>(plan.faults.size())},
                      {"nodes", std::int64_t{plan.nodes}},
                      {"virtual_seconds", seconds_of(plan.duration)}};
}

Value::Map outcome_document(const Outcome& outcome) {
    return {{"invariant", outcome.broken.invariant},
            {"what", outcome.broken.what},
            {"before", shape_of(outcome.setup.plan)},
            {"after", shape_of(outcome.small.plan)},
            {"trials", static_cast<std::int64_t>(outcome.small.trials)},
            {"finished", outcome.small.finished},
            {"cpu_seconds", seconds_of(outcome.spent)},
            {"plan", outcome.setup.out},
            {"text", sim::text_of(outcome.small.plan)},
            {"command", "starling sim run " + shell_word(outcome.setup.out)}};
}

Result<Exit> sim_shrink(const Invocation& call, Terminal& terminal) {
    if (auto taken = take_mutant(call); !taken) return tl::unexpected(taken.error());
    const auto setup = shrink_setup_of(call);
    if (!setup) return tl::unexpected(setup.error());
    const auto broken = first_failure(*setup);
    if (!broken) return tl::unexpected(broken.error());
    const auto signals = Signals::block({SIGINT, SIGTERM});
    if (!signals) return tl::unexpected(signals.error());
    terminal.note(fmt::format("looking for what {} needs", broken->invariant));

    ProgressLine line(call.quiet);
    std::uint64_t runs = 0;
    const auto show = [&](const sim::Plan& candidate) {
        ++runs;
        line.show([&](double) {
            return fmt::format("{} plans run, now {} faults and {} nodes", runs,
                               candidate.faults.size(), candidate.nodes);
        });
    };
    PlanJudge judge({broken->invariant, setup->jobs, setup->budget - broken->cpu,
                     std::max(candidate_cpu_min, broken->cpu * slower_max)},
                    *signals, show);
    const sim::Shrunk small = sim::shrink(
        setup->plan, {.broke_at = broken->at, .seeds = seeds_tried, .seeds_more = seeds_tried_more},
        [&](std::span<const sim::Candidate> candidates) { return judge.judge(candidates); });
    line.clear();
    if (judge.error()) return tl::unexpected(*judge.error());
    const PlanFailure kept = failure_of_small(*broken, small.plan);
    const auto written = write_text(setup->out, kept_text(kept, small.plan));
    if (!written) return tl::unexpected(written.error());
    const Outcome outcome{*setup, kept, small, broken->cpu + judge.spent()};
    terminal.result(outcome_document(outcome), [&] { return outcome_text(outcome); });
    return judge.was_interrupted() ? Exit::interrupted : Exit::ok;
}

}  // namespace

Command sim_shrink_command() {
    Command command{"sim shrink", "simulate", "find what a failing plan needs to fail",
                    "PLAN",       1,          1};
    command.options = {
        {"out", "FILE", "where the small plan goes; else PLAN with .small before its ending"},
        {"budget", "TIME", "processor time, the first run included", "60s"},
        {"jobs", "N", "how many plans run at once", "2", 'j'}};
    command.examples = {"starling sim shrink failed/seed-17.plan --budget 5m"};
    command.notes =
        "Removes faults, nodes, load and time as long as the same invariant breaks. The result "
        "does not depend on --jobs, unless the budget runs out. A search that is interrupted "
        "leaves what it has.";
    add_mutant_option(command);
    command.run = sim_shrink;
    return command;
}

}  // namespace starling::cli
