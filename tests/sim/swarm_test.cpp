#include "sim/swarm.hpp"

#include "sim/swarm_moves.hpp"
#include "sim/swarm_strobe.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace starling::sim::swarm_test {
namespace {

using namespace std::chrono_literals;

SwarmOptions options_of(std::uint64_t seed, std::uint32_t nodes = 7) {
    SwarmOptions options;
    options.seed = seed;
    options.nodes = nodes;
    return options;
}

bool are_valid_sides(const Fault& fault, std::uint32_t nodes) {
    std::set<std::uint32_t> named(fault.left.begin(), fault.left.end());
    named.insert(fault.right.begin(), fault.right.end());
    return !fault.left.empty() && !fault.right.empty() && *named.rbegin() < nodes &&
           named.size() == fault.left.size() + fault.right.size();
}

TEST_CASE("faults of a swarm's plan are in order, over in time and name hosts that exist",
          "[sim][swarm]") {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        const auto nodes = static_cast<std::uint32_t>(2 + seed % 24);
        INFO("seed " << seed);
        const auto plan = swarm_plan(options_of(seed, nodes));
        REQUIRE(plan);
        REQUIRE(std::ranges::is_sorted(plan->faults, {}, &Fault::at));
        for (const Fault& fault : plan->faults) {
            REQUIRE(fault.at >= 0s);
            REQUIRE(fault.at + fault.lasts <= plan->healed_at);
            REQUIRE((fault.lasts > 0s) == row_of(fault.kind).has_end);
            REQUIRE(fault.host < nodes);
            if (row_of(fault.kind).target == Target::sides) {
                REQUIRE(are_valid_sides(fault, nodes));
            }
        }
    }
}

TEST_CASE("equal seeds give equal plans of a swarm, others give others", "[sim][swarm]") {
    CHECK(swarm_plan(options_of(7))->faults == swarm_plan(options_of(7))->faults);
    CHECK_FALSE(swarm_plan(options_of(7))->faults == swarm_plan(options_of(8))->faults);
}

TEST_CASE("every kind of fault strikes in some plan of a swarm", "[sim][swarm]") {
    std::map<FaultKind, std::size_t> plans;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        std::set<FaultKind> kinds;
        const auto plan = swarm_plan(options_of(seed));
        for (const Fault& fault : plan->faults) kinds.insert(fault.kind);
        for (const FaultKind kind : kinds) ++plans[kind];
    }
    for (const FaultRow& row : fault_rows) {
        // Replicas that saw different batches for one dot stay apart: docs/RELIABILITY.md.
        if (row.kind == FaultKind::equivocate) continue;
        INFO(row.word);
        CHECK(plans[row.kind] >= 20);
    }
}

TEST_CASE("about one seed in eight has one habit, one in eight a pair", "[sim][swarm]") {
    std::map<std::size_t, std::size_t> sizes;
    for (std::uint64_t seed = 0; seed < 800; ++seed) ++sizes[habits_of(seed).size()];
    CHECK(sizes[1] >= 70);
    CHECK(sizes[2] >= 70);
    CHECK(sizes[1] + sizes[2] <= 400);
}

// Clients that share nothing with those of another sort.
std::size_t sorts_of_clients(const Load& load) {
    const std::array<bool, 3> sorts = {
        load.puts + load.edits > 0, load.swaps + load.leases + load.decisions > 0, load.tasks > 0};
    return static_cast<std::size_t>(std::ranges::count(sorts, true));
}

TEST_CASE("about one seed in eight has clients of one sort at most", "[sim][swarm]") {
    std::map<std::size_t, std::size_t> plans;
    for (std::uint64_t seed = 0; seed < 800; ++seed) {
        ++plans[sorts_of_clients(swarm_plan(options_of(seed))->load)];
    }
    CHECK(plans[0] >= 15);
    CHECK(plans[0] + plans[1] >= 80);
    CHECK(plans[0] + plans[1] <= 150);
}

TEST_CASE("in half of the seeds with few clients a long partition is all that goes wrong",
          "[sim][swarm]") {
    std::size_t few = 0;
    std::size_t alone = 0;
    for (std::uint64_t seed = 0; seed < 800; ++seed) {
        const Plan plan = *swarm_plan(options_of(seed));
        if (sorts_of_clients(plan.load) > 1) continue;
        ++few;
        const bool is_split = plan.faults.size() == 1 && plan.faults.front().kind == FaultKind::cut;
        if (is_split && plan.faults.front().lasts >= 10s) ++alone;
    }
    CHECK(alone * 3 >= few);
    CHECK(alone * 3 <= few * 2);
}

TEST_CASE("crashes that become moves leave one host where it is", "[sim][swarm]") {
    std::size_t moved = 0;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Plan plan;
        plan.nodes = 4;
        plan.faults.resize(40);
        for (std::uint32_t i = 0; i < plan.faults.size(); ++i) plan.faults[i].host = i % plan.nodes;
        move_hosts(plan, Rng(seed));
        std::set<std::uint32_t> hosts;
        for (const Fault& fault : plan.faults) {
            if (fault.kind == FaultKind::move) hosts.insert(fault.host);
        }
        CHECK(hosts.size() < plan.nodes);
        moved += hosts.size();
    }
    CHECK(moved >= 100);
}

TEST_CASE("a clock that is set forth and back shows in the end what it would have shown",
          "[sim][swarm]") {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Plan plan;
        plan.nodes = 4;
        plan.healed_at = 40s;
        strobe_a_clock(plan, Rng(seed));
        REQUIRE(plan.faults.size() >= 2);
        std::int64_t sum = 0;
        for (const Fault& step : plan.faults) {
            CHECK(step.at < plan.healed_at);
            CHECK(step.host == plan.faults.front().host);
            sum += step.amount;
        }
        CHECK(sum == 0);
        CHECK(std::ranges::is_sorted(plan.faults, {}, &Fault::at));
    }
}

TEST_CASE("nodes and times of a swarm at their limits make a plan, one past them an error",
          "[sim][swarm]") {
    SwarmOptions options;
    options.nodes = plan_nodes_min;
    options.faulty = swarm_faulty_min;
    options.healed = swarm_healed_min;
    CHECK(swarm_plan(options));
    SwarmOptions few = options;
    few.nodes = plan_nodes_min - 1;
    CHECK(swarm_plan(few).error().name == "nodes_out_of_range");
    SwarmOptions brief = options;
    brief.faulty = swarm_faulty_min - 1ms;
    CHECK(swarm_plan(brief).error().name == "duration_out_of_range");
    SwarmOptions lengthy = options;
    lengthy.healed = plan_duration_max;
    CHECK(swarm_plan(lengthy).error().name == "duration_out_of_range");
}

}  // namespace
}  // namespace starling::sim::swarm_test
