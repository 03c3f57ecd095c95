#include "node/cli/sim_sweep.hpp"

#include "base/assert.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <vector>

namespace starling::cli::sim_sweep_test {
namespace {

using namespace std::chrono_literals;

// A world in which seeds 5 and 8 break something and seed 11 crashes.
std::string report_of(std::uint64_t seed, const std::string& hash) {
    const bool breaks = seed == 5 || seed == 8;
    return fmt::format(R"({{"checks":10,"trace_hash":"{}","invariants":{{"planted":{{"checks":10,)"
                       R"("violations":{},"first":{{"at_s":1.5,"node":2,"what":"seen"}}}}}}}})"
                       "\ntext\n",
                       hash, breaks ? 1 : 0);
}

Work planted(const SeedPlan& plan) {
    const std::uint64_t seed = plan.plan.seed;
    return [seed](Outlet& outlet) {
        STARLING_ASSERT(seed != 11);
        outlet.write(report_of(seed, fmt::format("hash of {}", seed)));
    };
}

struct Run {
    SweepTotals totals;
    std::vector<SeedFailure> failures;
};

Result<SeedPlan> empty_plan(std::uint64_t seed) {
    SeedPlan plan;
    plan.plan.seed = seed;
    plan.plan.duration = 10s;
    return plan;
}

Run run(const SweepSetup& setup, std::function<Work(const SeedPlan&)> work = planted) {
    const auto signals = Signals::block({SIGUSR2});
    REQUIRE(signals);
    Run result;
    SweepCalls calls;
    calls.plan = empty_plan;
    calls.work = std::move(work);
    calls.on_failure = [&](const SeedFailure& failed) -> Result<void> {
        result.failures.push_back(failed);
        return {};
    };
    calls.on_progress = [](const SweepTotals&) {};
    const auto totals = Sweep(setup, calls).run(*signals);
    REQUIRE(totals);
    result.totals = *totals;
    return result;
}

std::vector<std::uint64_t> seeds_of(const Run& result) {
    std::vector<std::uint64_t> seeds;
    for (const SeedFailure& failed : result.failures) seeds.push_back(failed.seed);
    return seeds;
}

using Seeds = std::vector<std::uint64_t>;

TEST_CASE("a sweep tells which seeds broke what, a crash included", "[cli][sim_sweep]") {
    const Run swept = run({.first = 1, .last = 20, .jobs = 3});
    CHECK(swept.totals.seeds == 20);
    CHECK(swept.totals.failed == 3);
    CHECK(swept.totals.checks == 190);
    CHECK(swept.totals.virtual_time == 200s);
    REQUIRE(seeds_of(swept) == Seeds{5, 8, 11});
    CHECK(swept.failures[0].invariant == "planted");
    CHECK(swept.failures[0].what == "at 1.500 s on node 2: seen");
    CHECK(swept.failures[2].invariant.find("assertion ") == 0);
}

TEST_CASE("how many run at once changes nothing", "[cli][sim_sweep]") {
    const Run one = run({.first = 1, .last = 40, .jobs = 1, .doubled = whole_share / 4});
    const Run many = run({.first = 1, .last = 40, .jobs = 7, .doubled = whole_share / 4});
    CHECK(one.totals.hash == many.totals.hash);
    CHECK(one.totals.doubled == many.totals.doubled);
    CHECK(seeds_of(one) == seeds_of(many));
}

TEST_CASE("a sweep ends after as many failures as asked for, the earliest seeds first",
          "[cli][sim_sweep]") {
    const Run swept = run({.first = 1, .last = 100, .jobs = 5, .stop_after = 2});
    CHECK(seeds_of(swept) == Seeds{5, 8});
    CHECK(swept.totals.seeds == 8);
}

TEST_CASE("seeds that run twice must do the same", "[cli][sim_sweep]") {
    const auto unequal = [](const SeedPlan& plan) -> Work {
        const std::uint64_t seed = plan.plan.seed;
        // Another process, another hash: what a leak of the surroundings does.
        return [seed](Outlet& outlet) {
            outlet.write(report_of(seed, seed == 3 ? std::to_string(::getpid()) : "same"));
        };
    };
    const Run swept = run({.first = 1, .last = 4, .jobs = 2, .doubled = whole_share}, unequal);
    CHECK(swept.totals.doubled == 4);
    REQUIRE(seeds_of(swept) == Seeds{3});
    CHECK(swept.failures[0].invariant == "equal_runs_are_equal");
}

TEST_CASE("about as many seeds run twice as asked for", "[cli][sim_sweep]") {
    const Run swept = run({.first = 100, .last = 299, .jobs = 2, .doubled = whole_share / 10});
    CHECK(swept.totals.doubled >= 10);
    CHECK(swept.totals.doubled <= 35);
}

TEST_CASE("the last seeds there are can be swept", "[cli][sim_sweep]") {
    const Run swept = run({.first = UINT64_MAX - 2, .last = UINT64_MAX, .jobs = 2});
    CHECK(swept.totals.seeds == 3);
    CHECK(swept.totals.failed == 0);
}

TEST_CASE("the hash of a sweep depends on what every seed did", "[cli][sim_sweep]") {
    const auto all_same = [](const SeedPlan& plan) -> Work {
        const std::uint64_t seed = plan.plan.seed;
        return [seed](Outlet& outlet) { outlet.write(report_of(seed, "same")); };
    };
    const auto last_differs = [](const SeedPlan& plan) -> Work {
        const std::uint64_t seed = plan.plan.seed;
        return [seed](Outlet& out) { out.write(report_of(seed, seed == 4 ? "other" : "same")); };
    };
    const SweepSetup setup{.first = 1, .last = 4, .jobs = 2};
    CHECK(run(setup, all_same).totals.hash != run(setup, last_differs).totals.hash);
}

}  // namespace
}  // namespace starling::cli::sim_sweep_test
