#include "sim/shrink.hpp"

#include "sim/plan_flaw.hpp"
#include "sim/plan_text.hpp"
#include "sim/smaller_plan.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

namespace starling::sim::shrink_test {
namespace {

using namespace std::chrono_literals;

using Rule = std::function<bool(const Plan&)>;

// Ten rounds of faults over nine nodes.
Plan large_plan() {
    Options options;
    options.nodes = 9;
    options.seed = 11;
    options.duration = 250s;
    return default_plan(options).value();
}

// At the end of the plan, as what has to be true in the end.
Broke broke_by(const Rule& breaks, const Plan& plan) {
    return breaks(plan) ? Broke{plan.duration} : std::nullopt;
}

// Judges one after another and stops at the first that breaks the rule.
Judge first_by(Rule breaks) {
    return [breaks = std::move(breaks)](std::span<const Candidate> candidates) {
        std::vector<Broke> verdicts;
        for (const Candidate& candidate : candidates) {
            verdicts.push_back(broke_by(breaks, candidate.plan));
            if (verdicts.back()) break;
        }
        return verdicts;
    };
}

Judge all_by(Rule breaks) {
    return [breaks = std::move(breaks)](std::span<const Candidate> candidates) {
        std::vector<Broke> verdicts;
        for (const Candidate& candidate : candidates) {
            verdicts.push_back(broke_by(breaks, candidate.plan));
        }
        return verdicts;
    };
}

Shrunk shrunk_by(Rule breaks, std::uint64_t trials_max = 10'000) {
    return shrink(large_plan(), {large_plan().duration, trials_max}, first_by(std::move(breaks)));
}

std::int64_t count(const Plan& plan, FaultKind kind) {
    return std::ranges::count(plan.faults, kind, &Fault::kind);
}

bool has_both(const Plan& plan) {
    return count(plan, FaultKind::crash) > 0 && count(plan, FaultKind::stall_disk) > 0;
}

TEST_CASE("of a failure that needs two faults these two are left", "[sim][shrink]") {
    REQUIRE(large_plan().faults.size() > 20);
    const Shrunk small = shrunk_by(has_both);
    CHECK(small.finished);
    CHECK(small.plan.faults.size() == 2);
    CHECK(has_both(small.plan));
}

TEST_CASE("of a failure that needs many faults as many are left", "[sim][shrink]") {
    const Shrunk small =
        shrunk_by([](const Plan& plan) { return count(plan, FaultKind::pause) >= 5; });
    CHECK(small.finished);
    CHECK(small.plan.faults.size() == 5);
}

TEST_CASE("a failure that needs nothing is left with the smallest plan", "[sim][shrink]") {
    const Shrunk small = shrunk_by([](const Plan&) { return true; });
    CHECK(small.finished);
    CHECK(small.plan.faults.empty());
    CHECK(small.plan.nodes == plan_nodes_min);
    for (const LoadRow& row : load_rows) CHECK(small.plan.load.*row.rate == 0);
}

TEST_CASE("as many nodes are left as the failure needs", "[sim][shrink]") {
    const Shrunk small = shrunk_by([](const Plan& plan) { return plan.nodes >= 3; });
    CHECK(small.plan.nodes == 3);
}

TEST_CASE("without a node its faults go, and sides lose it", "[sim][shrink]") {
    const auto cut_of_two = [](const Plan& plan) {
        return std::ranges::any_of(plan.faults, [](const Fault& fault) {
            return fault.kind == FaultKind::cut && fault.left.size() + fault.right.size() >= 2;
        });
    };
    const Shrunk small = shrunk_by(cut_of_two);
    CHECK(small.plan.nodes == 2);
    REQUIRE(small.plan.faults.size() == 1);
    CHECK(small.plan.faults.front().left.size() == 1);
    CHECK(small.plan.faults.front().right.size() == 1);
}

TEST_CASE("a rate is halved as long as that keeps the failure", "[sim][shrink]") {
    const Shrunk small = shrunk_by([](const Plan& plan) { return plan.load.puts >= 100; });
    CHECK(small.plan.load.puts >= 100);
    CHECK(small.plan.load.puts < 200);
    CHECK(small.plan.load.tasks == 0);
}

TEST_CASE("faults come early and are short, at times that read well", "[sim][shrink]") {
    const Shrunk small = shrunk_by(has_both);
    for (const Fault& fault : small.plan.faults) {
        CHECK(fault.at == 0s);
        CHECK(fault.lasts < 2ms);
    }
}

TEST_CASE("the time to recover stays", "[sim][shrink]") {
    const Plan plan = large_plan();
    const Shrunk small = shrunk_by(has_both);
    const Duration before = plan.duration - plan.healed_at;
    const Duration after = small.plan.duration - small.plan.healed_at;
    CHECK(after >= before);
    CHECK(after < before + 1s);
    CHECK(small.plan.healed_at < 2s);
}

TEST_CASE("models become those of any plan", "[sim][shrink]") {
    Plan plan = large_plan();
    plan.network.latency_min = 30ms;
    plan.disk.read = 7ms;
    const Shrunk small = shrink(plan, {plan.duration}, first_by([](const Plan& candidate) {
                                    return candidate.network.latency_min >= 10ms;
                                }));
    CHECK(small.plan.network.latency_min == 30ms);
    CHECK(small.plan.disk.read == DiskModel{}.read);
}

TEST_CASE("a fault is no stronger than the failure needs", "[sim][shrink]") {
    Plan plan = large_plan();
    Fault slow;
    slow.kind = FaultKind::slow;
    slow.amount = 100;
    slow.lasts = 1s;
    plan.faults.insert(plan.faults.begin(), slow);
    const Shrunk small =
        shrink(plan, {plan.duration}, first_by([](const Plan& candidate) {
                   return std::ranges::any_of(candidate.faults, [](const Fault& fault) {
                       return fault.kind == FaultKind::slow && fault.amount >= 10;
                   });
               }));
    REQUIRE(small.plan.faults.size() == 1);
    CHECK(small.plan.faults.front().amount == 12);
}

// Breaks at this time, if the rule says so.
Judge breaks_at(Duration at, Rule breaks, std::vector<Candidate>& judged) {
    return [at, breaks = std::move(breaks), &judged](std::span<const Candidate> candidates) {
        std::vector<Broke> verdicts;
        for (const Candidate& candidate : candidates) {
            judged.push_back(candidate);
            verdicts.push_back(breaks(candidate.plan) ? Broke{at} : std::nullopt);
            if (verdicts.back()) break;
        }
        return verdicts;
    };
}

TEST_CASE("what follows the break goes first", "[sim][shrink]") {
    std::vector<Candidate> judged;
    const Plan plan = large_plan();
    (void)shrink(plan, {.broke_at = 30s}, breaks_at(30s, has_both, judged));
    REQUIRE_FALSE(judged.empty());
    CHECK(judged.front().plan.healed_at == 30s + 1ms);
    for (const Fault& fault : judged.front().plan.faults) CHECK(fault.at < 30s + 1ms);
}

TEST_CASE("no trial lasts much longer than the break took", "[sim][shrink]") {
    std::vector<Candidate> judged;
    (void)shrink(large_plan(), {.broke_at = 40s}, breaks_at(20s, has_both, judged));
    CHECK(judged.front().until < 55s);
    CHECK(judged.back().until < 30s);
}

TEST_CASE("a plan that is much smaller has a chance with every seed", "[sim][shrink]") {
    Plan plan = large_plan();
    const auto lucky = [&](const Plan& candidate) {
        return candidate.nodes == plan.nodes || candidate.seed == plan.seed + 3;
    };
    const auto nodes_with = [&](std::uint64_t seeds) {
        return shrink(plan, {.broke_at = plan.duration, .seeds = seeds}, first_by(lucky))
            .plan.nodes;
    };
    CHECK(nodes_with(1) == plan.nodes);
    CHECK(nodes_with(5) <= 5);
}

TEST_CASE("with the faults that matter a small mesh has a chance with more seeds",
          "[sim][shrink]") {
    const Plan plan = large_plan();
    const auto lucky = [&](const Plan& candidate) {
        return candidate.nodes == plan.nodes || candidate.seed == plan.seed + 30;
    };
    const auto nodes_with = [&](std::uint64_t seeds_more) {
        const Shrinking how{.broke_at = plan.duration, .seeds = 2, .seeds_more = seeds_more};
        return shrink(plan, how, first_by(lucky)).plan.nodes;
    };
    CHECK(nodes_with(30) == plan.nodes);
    CHECK(nodes_with(31) <= 5);
}

TEST_CASE("clients that a failure does not need go before faults do", "[sim][shrink]") {
    std::vector<Plan> best = {large_plan()};
    (void)shrunk_by([&](const Plan& plan) {
        const bool breaks = has_both(plan) && plan.load.edits > 0;
        if (breaks) best.push_back(plan);
        return breaks;
    });
    const auto first_with = [&](std::size_t clients) {
        return std::ranges::find_if(
            best, [&](const Plan& plan) { return clients_in(plan).size() <= clients; });
    };
    REQUIRE(first_with(1) != best.end());
    CHECK(first_with(1)->load.edits > 0);
    CHECK(first_with(1)->faults.size() == first_with(load_rows.size() - 1)->faults.size());
}

TEST_CASE("faults of a kind that a failure does not need go together", "[sim][shrink]") {
    const std::size_t kinds = kinds_in(large_plan()).size();
    std::vector<Plan> judged;
    (void)shrunk_by([&](const Plan& plan) {
        judged.push_back(plan);
        return count(plan, FaultKind::crash) > 0;
    });
    const auto one =
        std::ranges::find_if(judged, [](const Plan& plan) { return kinds_in(plan).size() == 1; });
    REQUIRE(one != judged.end());
    CHECK(one - judged.begin() < static_cast<std::ptrdiff_t>(kinds) * 2 + 10);
}

TEST_CASE("a plan that breaks something else is not taken", "[sim][shrink]") {
    const Shrunk small = shrunk_by([](const Plan&) { return false; });
    CHECK(text_of(small.plan) == text_of(large_plan()));
    CHECK(small.finished);
}

TEST_CASE("no more candidates are judged than allowed", "[sim][shrink]") {
    for (const std::uint64_t most : {0U, 1U, 7U, 20U}) {
        std::uint64_t judged = 0;
        const Shrunk small = shrunk_by(
            [&](const Plan& plan) {
                ++judged;
                return has_both(plan);
            },
            most);
        INFO(most);
        CHECK(small.trials <= most);
        CHECK(judged <= most);
        CHECK_FALSE(small.finished);
    }
}

TEST_CASE("the judge can end the search", "[sim][shrink]") {
    int asked = 0;
    const auto rule = first_by(has_both);
    const Shrunk small =
        shrink(large_plan(), {large_plan().duration}, [&](std::span<const Candidate> candidates) {
            return ++asked <= 3 ? rule(candidates) : std::vector<Broke>{};
        });
    CHECK(asked == 4);
    CHECK_FALSE(small.finished);
    CHECK(has_both(small.plan));
}

TEST_CASE("every candidate is a valid plan, and none is judged twice", "[sim][shrink]") {
    std::set<std::string> judged;
    const auto look = [&](std::span<const Candidate> candidates) {
        std::vector<Broke> verdicts;
        for (const Candidate& candidate : candidates) {
            REQUIRE_FALSE(flaw_of(candidate.plan));
            REQUIRE(judged.insert(text_of(candidate.plan)).second);
            verdicts.push_back(broke_by(has_both, candidate.plan));
            if (verdicts.back()) break;
        }
        return verdicts;
    };
    CHECK(shrink(large_plan(), {large_plan().duration}, look).finished);
    CHECK(judged.size() > 20);
}

TEST_CASE("how many are judged at once changes neither the result nor the trials",
          "[sim][shrink]") {
    const Shrunk one = shrink(large_plan(), {large_plan().duration}, first_by(has_both));
    const Shrunk other = shrink(large_plan(), {large_plan().duration}, all_by(has_both));
    CHECK(text_of(one.plan) == text_of(other.plan));
    CHECK(one.trials == other.trials);
}

}  // namespace
}  // namespace starling::sim::shrink_test
