#include "node/cli/commands.hpp"
#include "node/cli/document_fields.hpp"
#include "node/cli/places.hpp"
#include "node/cli/progress_line.hpp"
#include "node/cli/sim_mutant.hpp"
#include "node/cli/sim_sweep.hpp"
#include "node/cli/sim_verdict.hpp"
#include "node/cli/terminal.hpp"
#include "node/cli/words.hpp"
#include "sim/plan_text.hpp"
#include "sim/quantity.hpp"
#include "sim/report_text.hpp"
#include "sim/swarm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <utility>

namespace starling::cli {
namespace {

constexpr std::uint32_t default_nodes = 5;

tl::unexpected<Error> wrong_option(std::string_view option, std::string_view must) {
    return failure(ErrorCode::invalid, "bad_option", fmt::format("--{} must be {}", option, must),
                   "starling help sim sweep");
}

// "A..B", or one seed.
Result<void> take_seeds(const Invocation& call, SweepSetup& setup) {
    const std::string text = call.text("seeds");
    const std::size_t dots = text.find("..");
    const auto first = parse_number(text.substr(0, dots));
    const auto last = dots == std::string::npos ? first : parse_number(text.substr(dots + 2));
    if (!first || !last || *first > *last) {
        return wrong_option("seeds", fmt::format("one seed or A..B such as 1..1000, A not above B "
                                                 "and both at most {}, not {}",
                                                 UINT64_MAX, printable(text)));
    }
    if (*last - *first >= sweep_seeds_max) {
        return wrong_option("seeds", fmt::format("at most {} seeds", sweep_seeds_max));
    }
    setup.first = *first;
    setup.last = *last;
    return {};
}

// "5%" or "0.5%".
Result<void> take_share(const Invocation& call, SweepSetup& setup) {
    if (!call.has("double")) return {};
    const auto share = sim::quantity_from(sim::Quantity::share, call.text("double"));
    if (!share || *share > whole_share) {
        return wrong_option("double", "a share from 0% to 100%, such as 5% or 0.5%");
    }
    setup.doubled = static_cast<std::uint32_t>(*share);
    return {};
}

Result<void> take_time(const Invocation& call, std::string_view option, Duration& time) {
    if (!call.has(option)) return {};
    const auto given = parse_duration(call.text(option));
    if (!given || given->count() == 0) return wrong_option(option, "a time such as 20s or 10m");
    time = *given;
    return {};
}

Result<SweepSetup> sweep_setup_of(const Invocation& call) {
    SweepSetup setup;
    if (auto taken = take_seeds(call, setup); !taken) return tl::unexpected(taken.error());
    if (auto taken = take_share(call, setup); !taken) return tl::unexpected(taken.error());
    if (auto taken = take_time(call, "cpu", setup.cpu); !taken) {
        return tl::unexpected(taken.error());
    }
    const auto jobs = call.number("jobs", 1, sim_jobs_max);
    if (!jobs) return tl::unexpected(jobs.error());
    setup.jobs = *jobs;
    if (!call.has("stop-after")) return setup;
    const auto failures = call.number("stop-after", 1, sweep_seeds_max);
    if (!failures) return tl::unexpected(failures.error());
    setup.stop_after = *failures;
    return setup;
}

// What the plan of every seed is made from.
struct Maker {
    bool swarm = false;
    sim::Options options{};      // default plans
    sim::SwarmOptions habits{};  // plans of the swarm
    std::string directory{};     // for plans that fail; empty: they are not written

    [[nodiscard]] Result<SeedPlan> plan(std::uint64_t seed) const {
        sim::Options with_seed = options;
        with_seed.seed = seed;
        sim::SwarmOptions swarm_seed = habits;
        swarm_seed.seed = seed;
        auto made = swarm ? sim::swarm_plan(swarm_seed) : sim::default_plan(with_seed);
        if (!made) return tl::unexpected(made.error());
        SeedPlan plan{std::move(*made), {}};
        if (!swarm) plan.options = with_seed;
        return plan;
    }

    [[nodiscard]] std::string path(std::uint64_t seed) const {
        return fmt::format("{}/seed-{}.plan", directory, seed);
    }

    // The command that runs this seed again.
    [[nodiscard]] std::string command(const SeedFailure& failed) const {
        if (failed.plan.options) return sim::command_line(*failed.plan.options);
        if (!directory.empty()) return "starling sim run " + shell_word(path(failed.seed));
        return fmt::format("starling sim run --swarm --nodes {} --seed {}", habits.nodes,
                           failed.seed);
    }
};

Result<Maker> maker_of(const Invocation& call) {
    Maker maker;
    maker.swarm = call.has("swarm");
    maker.options.nodes = default_nodes;
    maker.options.duration = sim_default_duration;
    if (call.has("nodes")) {
        const auto nodes = call.number("nodes", 1, sim::plan_nodes_max);
        if (!nodes) return tl::unexpected(nodes.error());
        maker.options.nodes = maker.habits.nodes = static_cast<std::uint32_t>(*nodes);
    }
    if (maker.swarm && call.has("duration")) {
        return wrong_option("duration", "left out with --swarm, whose plans have their own");
    }
    if (auto taken = take_time(call, "duration", maker.options.duration); !taken) {
        return tl::unexpected(taken.error());
    }
    maker.directory = call.text("plans-out");
    return maker;
}

Result<void> make_directory(const std::string& directory) {
    if (directory.empty()) return {};
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (!error) return {};
    return failure(ErrorCode::failed, "file_unwritable",
                   fmt::format("{} cannot be made: {}", directory, error.message()),
                   "choose another --plans-out");
}

// Seeds over what JSON readers take for whole numbers stand as text.
Value seed_value(std::uint64_t seed) {
    if (seed > INT64_MAX) return std::to_string(seed);
    return static_cast<std::int64_t>(seed);
}

Value::List never_hit(const SweepTotals& totals) {
    Value::List names;
    for (const auto& [name, hits] : totals.probes) {
        if (hits == 0) names.emplace_back(name);
    }
    return names;
}

Value::Map faults_of(const SweepTotals& totals) {
    Value::Map kinds;
    for (const auto& [kind, total] : totals.faults) {
        kinds.emplace(kind, Value::Map{{"struck", number_value(total.struck)},
                                       {"repaired", number_value(total.repaired)}});
    }
    return kinds;
}

// What a sweep found, for the result.
class Story {
public:
    explicit Story(const Maker& maker) : maker_(maker) {}

    Result<void> add(const SeedFailure& failed) {
        const bool written = !maker_.directory.empty();
        const std::string path = written ? maker_.path(failed.seed) : "";
        if (written) {
            const auto kept = write_text(path, sim::text_of(failed.plan.plan));
            if (!kept) return kept;
        }
        const std::string command = maker_.command(failed);
        fmt::format_to(std::back_inserter(text_), "seed {} broke {}\n  {}\n", failed.seed,
                       failed.invariant, printable(failed.what));
        if (written) fmt::format_to(std::back_inserter(text_), "  plan {}\n", path);
        fmt::format_to(std::back_inserter(text_), "  again with: {}\n", command);
        list_.emplace_back(Value::Map{{"seed", seed_value(failed.seed)},
                                      {"plan", written ? Value(path) : Value()},
                                      {"invariant", failed.invariant},
                                      {"what", failed.what},
                                      {"command", command}});
        return {};
    }

    [[nodiscard]] Value::Map document(const SweepTotals& totals) const {
        return {{"seeds", number_value(totals.seeds)},
                {"failed", number_value(totals.failed)},
                {"failures", list_},
                {"checks", number_value(totals.checks)},
                {"faults", faults_of(totals)},
                {"probes_never_hit", never_hit(totals)},
                {"virtual_seconds", seconds_of(totals.virtual_time)},
                {"cpu_seconds", seconds_of(totals.cpu)},
                {"doubled", number_value(totals.doubled)},
                {"interrupted", totals.interrupted},
                {"hash", totals.hash}};
    }

    [[nodiscard]] std::string text(const SweepTotals& totals) const {
        std::string head = fmt::format(
            "{} seeds, {} failed, {} checks, {:.0f} virtual seconds in {:.1f} CPU seconds, {} "
            "seeds "
            "run twice\n",
            totals.seeds, totals.failed, totals.checks, seconds_of(totals.virtual_time),
            seconds_of(totals.cpu), totals.doubled);
        if (totals.interrupted) head += "interrupted: the seeds behind these did not run\n";
        const Value::List never = never_hit(totals);
        for (const Value& name : never) {
            head += (&name == never.data() ? "probes never hit: " : ", ") + *name.as<std::string>();
        }
        if (!never.empty()) head += '\n';
        return head + "hash " + totals.hash + '\n' + text_;
    }

private:
    const Maker& maker_;
    std::string text_;
    Value::List list_;
};

void show_progress(const SweepSetup& setup, const SweepTotals& totals, ProgressLine& line) {
    const std::uint64_t seeds = setup.last - setup.first + 1;
    line.show([&](double passed) {
        const double rate = static_cast<double>(totals.seeds) / passed;
        const auto left = static_cast<double>(seeds - totals.seeds) / std::max(rate, 1e-9);
        return fmt::format("{} of {} seeds, {} failed, {:.1f} seeds/s, {} left", totals.seeds,
                           seeds, totals.failed, rate, rough_time(left));
    });
}

Result<Exit> sim_sweep(const Invocation& call, Terminal& terminal) {
    if (auto taken = take_mutant(call); !taken) return tl::unexpected(taken.error());
    const auto setup = sweep_setup_of(call);
    if (!setup) return tl::unexpected(setup.error());
    const auto maker = maker_of(call);
    if (!maker) return tl::unexpected(maker.error());
    if (auto made = make_directory(maker->directory); !made) return tl::unexpected(made.error());
    const auto signals = Signals::block({SIGINT, SIGTERM});
    if (!signals) return tl::unexpected(signals.error());
    ProgressLine line(call.quiet);
    Story story(*maker);
    SweepCalls calls;
    calls.plan = [&](std::uint64_t seed) { return maker->plan(seed); };
    calls.work = [](const SeedPlan& plan) { return work_of(plan.plan, plan.options); };
    calls.on_failure = [&](const SeedFailure& failed) {
        line.clear();
        terminal.note(fmt::format("seed {} broke {}", failed.seed, failed.invariant));
        return story.add(failed);
    };
    calls.on_progress = [&](const SweepTotals& totals) { show_progress(*setup, totals, line); };
    const auto totals = Sweep(*setup, std::move(calls)).run(*signals);
    line.clear();
    if (!totals) return tl::unexpected(totals.error());
    terminal.result(story.document(*totals), [&] { return story.text(*totals); });
    if (totals->interrupted) return Exit::interrupted;
    return totals->failed == 0 ? Exit::ok : Exit::invariant_broken;
}

}  // namespace

Command sim_sweep_command() {
    Command command{"sim sweep", "simulate", "run many seeds, each in a process of its own",
                    "",          0,          0};
    command.options = {
        {"seeds", "A..B", "from A to B, both included; or one", "1..100"},
        {"jobs", "N", "how many run at once", "2", 'j'},
        {"swarm", "", "plans that are all different: each takes some kinds of faults, all rates"},
        {"nodes", "N", "how many nodes; else 5, or 7 with --swarm", "", 'n'},
        {"duration", "TIME", "virtual time of a run without --swarm; else 20s"},
        {"stop-after", "N", "end after so many failures"},
        {"plans-out", "DIR", "write the plan of each failure to DIR/seed-N.plan"},
        {"double", "SHARE", "run this share of the seeds twice: both must do the same"},
        {"cpu", "TIME", "processor time that one run may use, in seconds", "10m"}};
    add_mutant_option(command);
    command.examples = {"starling sim sweep --seeds 1..1000 --swarm --plans-out failed",
                        "starling sim sweep --seeds 1..200 --double 5% --json"};
    command.notes =
        "A run that breaks an invariant, crashes, reads a clock or runs out of time is a failure "
        "of its seed. The hash is over the trace hashes of all seeds: two builds that do the same "
        "have the same. Nothing but CPU time depends on --jobs. Exit code 9: a seed failed.";
    command.run = sim_sweep;
    return command;
}

}  // namespace starling::cli
