#include "sim/run.hpp"

#include "base/probes.hpp"
#include "sim/admission_check.hpp"
#include "sim/award_check.hpp"
#include "sim/ballot_check.hpp"
#include "sim/custody_check.hpp"
#include "sim/decision_load.hpp"
#include "sim/edit_load.hpp"
#include "sim/head_check.hpp"
#include "sim/lease_load.hpp"
#include "sim/lost_writes.hpp"
#include "sim/membership_check.hpp"
#include "sim/overlay_check.hpp"
#include "sim/register_load.hpp"
#include "sim/rumour_check.hpp"
#include "sim/spin_check.hpp"
#include "sim/state_load.hpp"
#include "sim/survey.hpp"
#include "sim/task_check.hpp"
#include "sim/task_load.hpp"
#include "sim/timings.hpp"
#include "sim/watch_load.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <map>
#include <utility>

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

// One way, between the two hosts that are farthest from each other.
Duration longest_way(const Plan& plan) {
    const NetworkModel& network = plan.network;
    if (!network.regions.matrix) return network.latency_min + network.latency_spread;
    Duration longest{};
    for (std::uint32_t from = 0; from < plan.nodes; ++from) {
        for (std::uint32_t to = 0; to < plan.nodes; ++to) {
            if (from != to) longest = std::max(longest, network.regions.latency(from, to));
        }
    }
    return longest + network.latency_spread;
}

// Of a question in the end: eight round trips, for who is asked may have to dial whom it asks, and
// a margin.
Duration last_timeout(const Plan& plan) {
    return 400ms + 16 * (longest_way(plan) + plan.network.jitter_mean);
}

// When clients ask for the last time.
Duration survey_time(const Plan& plan) {
    return plan.duration - 100ms - last_timeout(plan);
}

// `times`: how often each of them was needed, in milliseconds.
NoticeTimes notice_of(const std::map<std::int64_t, std::uint64_t>& times) {
    NoticeTimes notice;
    for (const auto& [ms, count] : times) notice.count += count;
    std::uint64_t passed = 0;
    for (const auto& [ms, count] : times) {
        if (passed <= notice.count / 2) notice.p50_ms = ms;
        if (passed <= notice.count * 95 / 100) notice.p95_ms = ms;
        notice.max_ms = ms;
        passed += count;
    }
    return notice;
}

// How long the calls took that were answered, ascending.
std::vector<Duration> answered_within(const CallHistory& calls) {
    std::vector<Duration> times;
    for (const Call& call : calls) {
        if (call.return_ns) times.emplace_back(*call.return_ns - call.call_ns);
    }
    std::ranges::sort(times);
    return times;
}

constexpr Duration load_from = 2s;
// Until the survey; far hosts need more.
constexpr Duration writes_settle = 1500ms;
constexpr Duration tasks_settle = 4500ms;
constexpr int hops_to_settle = 16;

LoadSetup load_setup(const Plan& plan, std::uint32_t rate, Duration settle) {
    return {.seed = plan.seed,
            .rate = rate,
            .from = load_from,
            .until = survey_time(plan) - settle - hops_to_settle * longest_way(plan),
            .survey_at = survey_time(plan),
            .healed_at = plan.healed_at,
            .last_timeout = last_timeout(plan)};
}

// Of those who write what one disk may hold alone.
LoadSetup writer_setup(const Plan& plan, std::uint32_t rate, const LostWrites& lost) {
    LoadSetup setup = load_setup(plan, rate, writes_settle);
    setup.lost = &lost;
    return setup;
}

// Whether a run is long enough for one operation.
bool has_room(std::uint32_t rate, const Options& options) {
    return rate > 0 && options.duration - load_from - tasks_settle >= rate_unit / rate;
}

// The clients of a plan.
struct Programs {
    Programs(const Plan& plan, const LostWrites& lost, Findings& findings)
        : survey(survey_time(plan), findings),
          state(writer_setup(plan, plan.load.puts, lost), findings),
          registers(load_setup(plan, plan.load.swaps, writes_settle), findings),
          tasks(load_setup(plan, plan.load.tasks, tasks_settle), findings, plan.load.workers,
                plan.healed_at),
          leases(load_setup(plan, plan.load.leases, writes_settle), findings),
          decisions(load_setup(plan, plan.load.decisions, tasks_settle), findings),
          edits(writer_setup(plan, plan.load.edits, lost), findings),
          watches(load_setup(plan, plan.load.puts + plan.load.edits, writes_settle), findings) {}

    [[nodiscard]] std::array<Workload*, 8> all() {
        return {&survey, &state, &registers, &tasks, &leases, &decisions, &edits, &watches};
    }

    Survey survey;
    StateLoad state;
    RegisterLoad registers;
    TaskLoad tasks;
    LeaseLoad leases;
    DecisionLoad decisions;
    EditLoad edits;
    WatchLoad watches;
};

void conclude(const World& world, Programs& programs, Findings& findings) {
    std::vector<Survey::Truth> truths;
    std::vector<bool> running;
    for (std::uint32_t number = 0; number < world.plan().nodes; ++number) {
        const Host& host = world.host(number);
        running.push_back(host.state() == ProcessState::running);
        truths.push_back({host.id(), running.back(), host.boot()});
    }
    programs.survey.learn(std::move(truths));
    for (Workload* program : programs.all()) program->conclude(world.now());
    check_overlay(world.network().open_connections(), running, world.now(), findings);
}

LoadCounts counts_of(Programs& programs) {
    LoadCounts sum;
    for (const Workload* program : programs.all()) {
        const LoadCounts counts = program->counts();
        sum.puts += counts.puts;
        sum.swaps += counts.swaps;
        sum.tasks += counts.tasks;
        sum.leases += counts.leases;
        sum.decisions += counts.decisions;
        sum.edits += counts.edits;
        sum.answered += counts.answered;
        sum.failed += counts.failed;
        sum.lost += counts.lost;
    }
    return sum;
}

void add_hosts(const World& world, Report& report) {
    for (std::uint32_t number = 0; number < world.plan().nodes; ++number) {
        const Host& host = world.host(number);
        report.turns += host.counts().turns;
        report.inputs += host.counts().inputs;
        report.syncs += host.disk().syncs();
        report.lost_batches += host.disk().lost_batches();
    }
}

}  // namespace

bool Report::ok() const {
    return missing.empty() && violations() == 0;
}

std::uint64_t Report::checks() const {
    std::uint64_t sum = 0;
    for (const auto& [name, result] : invariants) sum += result.checks;
    return sum;
}

std::uint64_t Report::violations() const {
    std::uint64_t sum = 0;
    for (const auto& [name, result] : invariants) sum += result.violations;
    return sum;
}

Result<Report> run(const Options& options) {
    const Result<Plan> plan = default_plan(options);
    if (!plan) return tl::unexpected<Error>(plan.error());
    Report report = run(*plan);
    report.options = options;
    report.missing = missing_from(report, options);
    return report;
}

std::vector<std::string> missing_from(const Report& report, const Options& options) {
    struct Required {
        const char* name;
        std::uint64_t happened;
        bool wanted;
    };

    const FaultCounts& faults = report.faults;
    const bool crashes = options.asked.crashes != 0U;
    const auto required = std::to_array<Required>({
        {"crashes", faults.struck(FaultKind::crash), crashes},
        {"restarts", faults.repaired(FaultKind::crash), crashes},
        {"partitions", faults.struck(FaultKind::cut), options.asked.partitions != 0U},
        {"pauses", faults.struck(FaultKind::pause), true},
        {"puts", report.load.puts, options.load.puts > 0},
        {"cas", report.load.swaps, options.load.swaps > 0},
        {"tasks", report.load.tasks, options.load.tasks > 0},
        {"leases", report.load.leases, has_room(options.load.leases, options)},
        {"decisions", report.load.decisions, has_room(options.load.decisions, options)},
        {"edits", report.load.edits, has_room(options.load.edits, options)},
    });
    std::vector<std::string> missing;
    for (const Required& each : required) {
        if (each.wanted && each.happened == 0) missing.emplace_back(each.name);
    }
    return missing;
}

// Everybody who looks on at any plan.
struct Onlookers {
    Onlookers(World& world, Findings& findings)
        : ids(ids_of(world.identities())),
          membership(ids, findings),
          tasks(findings),
          admission(world.identities(), findings),
          ballots(world.identities(), findings),
          custody(ids, findings),
          awards(ids, findings),
          rumours(ids, findings),
          heads(ids, findings),
          lost(world.plan(), ids),
          timings(ids) {
        for (Check* each :
             std::initializer_list<Check*>{&membership, &tasks, &admission, &ballots, &custody,
                                           &awards, &rumours, &heads, &lost, &timings}) {
            world.watch(*each);
        }
    }

    std::vector<NodeId> ids;
    MembershipCheck membership;
    TaskCheck tasks;
    AdmissionCheck admission;
    BallotCheck ballots;
    CustodyCheck custody;
    AwardCheck awards;
    RumourCheck rumours;
    HeadCheck heads;
    LostWrites lost;
    Timings timings;
};

namespace {

// A world with all who act and look on in it.
struct Scene {
    Scene(const Plan& plan, std::span<Check* const> others)
        : world(plan),
          onlookers(world, findings),
          programs(plan, onlookers.lost, findings),
          spins(plan.nodes, findings) {
        programs.leases.compare_with(onlookers.ballots);
        programs.registers.compare_with(onlookers.ballots);
        for (Check* other : others) world.watch(*other);
        for (Workload* program : programs.all()) world.engage(*program);
    }

    // One step, at most to `end`.  False: somebody spins, and the end may never come.
    bool step(Duration end) {
        world.run_until(std::min(world.now() + trial_step, end));
        for (std::uint32_t number = 0; number < world.plan().nodes; ++number) {
            spins.look(number, world.host(number).counts(), world.now());
        }
        return !spins.found();
    }

    void conclude() { sim::conclude(world, programs, findings); }

    // The earliest, of this invariant or of any.
    [[nodiscard]] std::optional<Break> first_break(const std::string& invariant) const {
        std::optional<Break> earliest;
        for (const auto& [name, result] : findings.results()) {
            if (!result.first || (!invariant.empty() && name != invariant)) continue;
            if (earliest && earliest->first.at <= result.first->at) continue;
            earliest = Break{name, *result.first};
        }
        return earliest;
    }

    Findings findings;
    World world;
    Onlookers onlookers;
    Programs programs;
    SpinCheck spins;
};

}  // namespace

std::optional<Break> first_break(const Plan& plan, const Trial& trial) {
    Scene scene(plan, {});
    const Duration end = std::min(trial.until, plan.duration);
    while (scene.world.now() < end) {
        const bool goes_on = scene.step(end);
        if (auto broke = scene.first_break(trial.invariant)) return broke;
        if (!goes_on) return std::nullopt;
        if (trial.on_step) trial.on_step();
    }
    if (end < plan.duration) return std::nullopt;
    scene.conclude();
    return scene.first_break(trial.invariant);
}

Report run(const Plan& plan, std::span<Check* const> others) {
    const auto probes_before = probe_hits();
    Scene scene(plan, others);
    auto& [findings, world, onlookers, programs, spins] = scene;
    while (world.now() < plan.duration && scene.step(plan.duration)) {
    }
    if (!spins.found()) scene.conclude();

    Report report;
    report.plan = plan;
    report.faults = world.faults();
    report.network = world.network().counts();
    report.appointments = world.appointments();
    report.signatures_asked = world.verifier().asked();
    report.signatures_computed = world.verifier().computed();
    add_hosts(world, report);
    report.notice = notice_of(onlookers.membership.notice_ms());
    report.times = onlookers.timings.times();
    report.invariants = findings.results();
    report.load = counts_of(programs);
    report.executions = programs.tasks.executions();
    report.trace_hash = world.trace_hash();
    report.register_times = answered_within(programs.registers.history());
    report.probes = probe_hits();
    for (std::size_t i = 0; i < report.probes.size(); ++i) {
        report.probes[i].second -= probes_before[i].second;
    }
    return report;
}

ToldRun run_and_tell(const Plan& plan) {
    Chronicle chronicle(ids_of(make_identities(plan.seed, plan.nodes)));
    const std::array<Check*, 1> others = {&chronicle};
    ToldRun told{run(plan, others), {}};
    told.story = chronicle.finish(plan.healed_at, plan.duration);
    return told;
}

}  // namespace starling::sim
