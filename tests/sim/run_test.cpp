#include "sim/run.hpp"

#include "sim/plan_text.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string_view>

namespace starling::sim::run_test {
namespace {

using namespace std::chrono_literals;

Options options_of(std::uint32_t nodes, std::uint64_t seed, Duration duration) {
    Options options;
    options.nodes = nodes;
    options.seed = seed;
    options.duration = duration;
    return options;
}

TEST_CASE("the same seed twice gives the same trace hash", "[sim][run]") {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        INFO("seed " << seed);
        const Report one = *run(options_of(5, seed, 20s));
        const Report other = *run(options_of(5, seed, 20s));
        REQUIRE(one.trace_hash == other.trace_hash);
        REQUIRE(one.turns == other.turns);
    }
}

TEST_CASE("another seed gives another trace hash", "[sim][run]") {
    CHECK(run(options_of(5, 1, 20s))->trace_hash != run(options_of(5, 2, 20s))->trace_hash);
}

TEST_CASE("every invariant holds over sixty seeds of small meshes", "[sim][run]") {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        const auto nodes = static_cast<std::uint32_t>(2 + seed % 8);
        INFO("seed " << seed << ", " << nodes << " nodes");
        const Report report = *run(options_of(nodes, seed, 60s));
        for (const auto& [name, result] : report.invariants) {
            INFO(name << ": " << (result.first ? result.first->what : "") << " on host "
                      << (result.first ? result.first->host : 0) << " at "
                      << (result.first ? count_ms(result.first->at) : 0) << " ms");
            REQUIRE(result.violations == 0);
        }
        REQUIRE(report.missing.empty());
    }
}

TEST_CASE("a run counts its faults and looks at every invariant", "[sim][run]") {
    const Report report = *run(options_of(5, 1, 120s));
    CHECK(report.faults.struck(FaultKind::crash) >= 1);
    CHECK(report.faults.repaired(FaultKind::crash) >= 1);
    CHECK(report.faults.struck(FaultKind::pause) >= 1);
    CHECK(report.faults.struck(FaultKind::cut) >= 1);
    CHECK(report.load.puts >= 1);
    CHECK(report.load.swaps >= 1);
    CHECK(report.load.tasks >= 1);
    CHECK(report.network.frames > 0);
    CHECK(report.invariants.at("truth_is_known").checks == 25);
    for (const auto& [name, result] : report.invariants) {
        INFO(name);
        CHECK(result.checks > 0);
    }
    CHECK(report.signatures_computed < report.signatures_asked);
}

TEST_CASE("what a default run must have is missed when it did not happen", "[sim][run]") {
    const Options options = options_of(3, 1, 10s);
    Plan plan = *default_plan(options);
    plan.faults.clear();
    const Report report = run(plan);
    CHECK(report.violations() == 0);
    CHECK(missing_from(report, options).size() == 4);
}

TEST_CASE("a plan without a fault that nobody asked for is fine without it", "[sim][run]") {
    Options options = options_of(3, 1, 10s);
    options.asked = {0U, 0U};
    const Report report = *run(options);
    CHECK(report.faults.struck(FaultKind::crash) == 0);
    CHECK(report.faults.struck(FaultKind::cut) == 0);
    CHECK(report.missing.empty());
}

TEST_CASE("a run has the load that was asked for", "[sim][run]") {
    Options options = options_of(5, 1, 20s);
    options.load = {10'000, 3000, 2000};
    const Report report = *run(options);
    // From 2 s on; writes until 2 s before the end, tasks until 5 s.  Who finds no process waits.
    CHECK(report.load.puts > 10 * 16 * 3 / 4);
    CHECK(report.load.puts <= 10 * 16);
    CHECK(report.load.swaps > 3 * 16 * 3 / 4);
    CHECK(report.load.swaps <= 3 * 16);
    CHECK(report.load.tasks > 2 * 13 * 3 / 4);
    CHECK(report.load.tasks <= 2 * 13);
}

TEST_CASE("a mesh keeps its promises on the production journal", "[sim][run][journal]") {
    const Plan plan = *default_plan(options_of(5, 3, 60s));
    REQUIRE(plan.disk.journal);
    const Report report = run(plan);
    CHECK(report.violations() == 0);
    CHECK(report.trace_hash == run(plan).trace_hash);
}

TEST_CASE("a lease that is told late, by a slow disk, is counted on for less",
          "[sim][run][lease]") {
    Options options;
    options.nodes = 3;
    options.duration = 30s;
    Plan plan = *default_plan(options);
    plan.load = {0, 0, 0, 20'000, 0, 0};
    plan.faults.clear();
    for (std::uint32_t i = 0; i < 4; ++i) {
        plan.faults.push_back({4s + 3s * i, 2s, FaultKind::stall_disk, i % 3, {}, {}, {}, 0, 0});
    }
    const Report report = run(plan);
    const auto one_holder = report.invariants.at("leases_have_one_holder");
    CHECK(one_holder.checks > 100);
    CHECK(one_holder.violations == 0);
}

// What clients of leases may count on in this run.
InvariantResult one_holder_in(std::string_view text) {
    const auto plan = plan_from(text);
    REQUIRE(plan);
    return run(*plan).invariants.at("leases_have_one_holder");
}

TEST_CASE("who acquires a lease that it holds for a shorter term gives up the rest",
          "[sim][run][lease]") {
    // The word that the term is shorter came when it was over.
    const auto one_holder = one_holder_in(
        "[run] seed=37 nodes=3 duration=37.2s healed_at=27.2s\n"
        "[network] latency=5ms spread=40ms jitter=10ms\n"
        "[load] puts=0/s cas=0/s tasks=0/s leases=20/s decisions=0/s edits=0/s\n"
        "[at 24.699s] freeze node 3 for 700ms\n");
    CHECK(one_holder.checks > 50);
    CHECK(one_holder.violations == 0);
}

TEST_CASE("a virtual machine that stood still while it asked for a lease was promised nothing",
          "[sim][run][lease]") {
    const auto one_holder = one_holder_in(
        "[run] seed=11 nodes=3 duration=28s healed_at=18s\n"
        "[network] latency=20ms spread=120us jitter=10ms\n"
        "[load] puts=0/s cas=0/s tasks=0/s leases=20/s decisions=0/s edits=0/s\n"
        "[at 12.5s] freeze node 1 for 30ms\n"
        "[at 14.498s] freeze node 3 for 24ms\n"
        "[at 16.455s] freeze node 2 for 1s\n");
    CHECK(one_holder.checks > 10);
    CHECK(one_holder.violations == 0);
}

TEST_CASE("two halves that mourned one another are one mesh again in time", "[sim][run]") {
    // Claims that went to ring neighbours only did not cross the links that heal a partition.
    const Report report = *run(options_of(6, 44, 60s));
    CHECK(report.violations() == 0);
}

TEST_CASE("removing a fault leaves the keys and the start of the run as they were", "[sim][run]") {
    Plan whole = *default_plan(options_of(3, 1, 20s));
    Plan less = whole;
    const Duration first = whole.faults.front().at;
    less.faults.pop_back();
    World one(whole);
    World other(less);
    one.run_until(first - 1ms);
    other.run_until(first - 1ms);
    CHECK(one.network().counts().frames == other.network().counts().frames);
    CHECK(one.host(0).id() == other.host(0).id());
}

// One node is cut off to the very end, and one forks its origin before.
Plan failing_plan() {
    const auto plan = plan_from(R"([run] seed=3 nodes=5 duration=20s healed_at=20s
[at 3s] equivocate node 2 80% for 5s
[at 4s] partition {1} | {2-5} for 16s
)");
    REQUIRE(plan);
    return *plan;
}

TEST_CASE("a trial ends with what a whole run tells of the earliest break", "[sim][run]") {
    const Plan plan = failing_plan();
    const Report report = run(plan);
    Duration earliest = plan.duration;
    for (const auto& [name, result] : report.invariants) {
        if (result.first) earliest = std::min(earliest, result.first->at);
    }
    const auto broke = first_break(plan, {"", plan.duration});
    REQUIRE(broke);
    const auto& told = report.invariants.at(broke->invariant).first;
    REQUIRE(told);
    CHECK(broke->first.at == earliest);
    CHECK(broke->first.what == told->what);
}

TEST_CASE("a trial of one invariant ends when that one breaks, or in time", "[sim][run]") {
    const Plan plan = failing_plan();
    int steps = 0;
    const auto count = [&] { ++steps; };
    const auto broke = first_break(plan, {"replicas_agree", plan.duration, count});
    REQUIRE(broke);
    CHECK(broke->invariant == "replicas_agree");
    CHECK(broke->first.at == plan.duration);
    steps = 0;
    CHECK_FALSE(first_break(plan, {"replicas_agree", 5s, count}));
    CHECK(steps == 5s / trial_step);
}

}  // namespace
}  // namespace starling::sim::run_test
