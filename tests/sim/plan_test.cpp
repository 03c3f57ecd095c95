#include "sim/plan.hpp"

#include "sim/scale.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace starling::sim::plan_test {
namespace {

using namespace std::chrono_literals;

Options options_of(std::uint32_t nodes, std::uint64_t seed, Duration duration) {
    Options options;
    options.nodes = nodes;
    options.seed = seed;
    options.duration = duration;
    return options;
}

std::int64_t count(const Plan& plan, FaultKind kind) {
    return std::ranges::count(plan.faults, kind, &Fault::kind);
}

TEST_CASE("every default plan has each required fault, in order and over when it heals",
          "[sim][plan]") {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        const auto nodes = static_cast<std::uint32_t>(2 + seed % 20);
        const Duration duration = 10s + 1s * static_cast<std::int64_t>(seed);
        INFO("seed " << seed);
        const auto plan = default_plan(options_of(nodes, seed, duration));
        REQUIRE(plan);
        for (const FaultKind kind : {FaultKind::crash, FaultKind::pause, FaultKind::cut}) {
            REQUIRE(count(*plan, kind) >= 1);
        }
        REQUIRE(std::ranges::is_sorted(plan->faults, {}, &Fault::at));
        for (const Fault& fault : plan->faults) {
            REQUIRE(fault.at + fault.lasts <= plan->healed_at);
        }
        REQUIRE(plan->healed_at < plan->duration);
    }
}

TEST_CASE("equal options give equal plans", "[sim][plan]") {
    const auto one = default_plan(options_of(5, 7, 60s));
    const auto other = default_plan(options_of(5, 7, 60s));
    CHECK(one->faults == other->faults);
}

TEST_CASE("another seed gives another plan", "[sim][plan]") {
    const auto one = default_plan(options_of(5, 7, 60s));
    const auto other = default_plan(options_of(5, 8, 60s));
    CHECK_FALSE(one->faults == other->faults);
}

TEST_CASE("a longer run has more rounds of faults", "[sim][plan]") {
    const auto brief = default_plan(options_of(5, 7, 30s));
    const auto lengthy = default_plan(options_of(5, 7, 300s));
    CHECK(count(*brief, FaultKind::crash) == 1);
    CHECK(count(*lengthy, FaultKind::crash) >= 5);
}

TEST_CASE("nodes and duration at their limits make a plan, one past them an error", "[sim][plan]") {
    CHECK(default_plan(options_of(plan_nodes_min, 1, plan_duration_min)));
    CHECK(default_plan(options_of(plan_nodes_max, 1, 60s)));
    for (const Options& options :
         {options_of(plan_nodes_min - 1, 1, 60s), options_of(plan_nodes_max + 1, 1, 60s)}) {
        const auto plan = default_plan(options);
        REQUIRE_FALSE(plan);
        CHECK(plan.error().name == "nodes_out_of_range");
    }
    for (const Options& options :
         {options_of(5, 1, plan_duration_min - 1ms), options_of(5, 1, plan_duration_max + 1ms)}) {
        const auto plan = default_plan(options);
        REQUIRE_FALSE(plan);
        CHECK(plan.error().name == "duration_out_of_range");
    }
}

TEST_CASE("a plan has as many crashes and partitions as were asked for", "[sim][plan]") {
    for (const std::uint32_t number : {0U, 1U, 3U, 10U}) {
        INFO(number << " asked for");
        Options options = options_of(5, 7, 60s);
        options.asked = {number, number};
        const auto plan = default_plan(options);
        REQUIRE(plan);
        CHECK(count(*plan, FaultKind::crash) == number);
        CHECK(count(*plan, FaultKind::cut) == number);
        CHECK(count(*plan, FaultKind::pause) >= 1);
    }
}

TEST_CASE("as many faults as a run has room for make a plan, one more an error", "[sim][plan]") {
    const std::uint32_t most = plan_faults_max(60s);
    Options options = options_of(5, 7, 60s);
    options.asked = {most, most};
    CHECK(default_plan(options));
    for (const FaultNumbers& asked :
         {FaultNumbers{most + 1, std::nullopt}, FaultNumbers{std::nullopt, most + 1}}) {
        options.asked = asked;
        const auto plan = default_plan(options);
        REQUIRE_FALSE(plan);
        CHECK(plan.error().name == "faults_out_of_range");
    }
}

TEST_CASE("the largest load makes a plan, one more of any kind an error", "[sim][plan]") {
    Options options = options_of(5, 7, 60s);
    for (const LoadRow& row : load_rows) options.load.*row.rate = plan_rate_max;
    CHECK(default_plan(options));
    for (const LoadRow& row : load_rows) {
        options.load = {};
        options.load.*row.rate = plan_rate_max + 1;
        const auto plan = default_plan(options);
        REQUIRE_FALSE(plan);
        CHECK(plan.error().name == "load_out_of_range");
    }
}

TEST_CASE("as many nodes of a large mesh go each minute as the churn says", "[sim][plan]") {
    ScaleOptions options;
    options.nodes = 200;
    options.steady = 3min;
    const auto plan = scale_plan(options);
    REQUIRE(plan);
    CHECK(count(*plan, FaultKind::crash) == 6);
    CHECK(plan->faults.front().at == scale_start);
    CHECK(std::ranges::is_sorted(plan->faults, {}, &Fault::at));
    CHECK(plan->faults.back().at + scale_away <= plan->healed_at);
    CHECK(plan->healed_at < plan->duration);
}

}  // namespace
}  // namespace starling::sim::plan_test
