#include "sim/smaller_plan.hpp"

#include "sim/plan_flaw.hpp"
#include "sim/plan_text.hpp"

#include <catch2/catch.hpp>

namespace starling::sim::smaller_plan_test {
namespace {

using namespace std::chrono_literals;

Plan plan_of_seven() {
    const auto plan = plan_from(R"([run] seed=1 nodes=7 duration=60s healed_at=40s
[at 1s] crash node 2 for 3s
[at 5s] partition {1,6} | {2,7} for 20s
[at 6s] pause node 7 for 2s
[at 9s] break node 3
)");
    REQUIRE(plan);
    return *plan;
}

std::vector<FaultKind> kinds_of(const Plan& plan) {
    std::vector<FaultKind> kinds;
    for (const Fault& fault : plan.faults) kinds.push_back(fault.kind);
    return kinds;
}

TEST_CASE("a plan that heals sooner has no fault from then on, and its time to recover",
          "[sim][shrink]") {
    const Plan smaller = healed_sooner(plan_of_seven(), 6s);
    CHECK(kinds_of(smaller) == std::vector{FaultKind::crash, FaultKind::cut});
    CHECK(smaller.healed_at == 6s);
    CHECK(smaller.duration == 26s);
    CHECK(smaller.faults.back().lasts == 1s);
    CHECK_FALSE(flaw_of(smaller));
}

TEST_CASE("with fewer hosts the faults of those who are gone strike those who stay",
          "[sim][shrink]") {
    const Plan smaller = folded(plan_of_seven(), 5);
    CHECK(smaller.nodes == 5);
    CHECK(kinds_of(smaller) ==
          std::vector{FaultKind::crash, FaultKind::cut, FaultKind::pause, FaultKind::break_links});
    CHECK(smaller.faults[1].left == std::vector{0U});
    CHECK(smaller.faults[1].right == std::vector{1U});
    CHECK(smaller.faults[2].host == 1);
    CHECK_FALSE(flaw_of(smaller));
}

TEST_CASE("of kinds of faults only some are left, or of clients", "[sim][shrink]") {
    const Plan plan = plan_of_seven();
    REQUIRE(kinds_in(plan).size() == 4);
    const Places kept{static_cast<std::uint32_t>(FaultKind::pause)};
    CHECK(kinds_of(with_kinds(plan, kept)) == std::vector{FaultKind::pause});
    CHECK(with_kinds(plan, {}).faults.empty());
    CHECK(with_kinds(plan, kinds_in(plan)).faults == plan.faults);

    REQUIRE(clients_in(plan) == all_places(load_rows.size()));
    const Plan of_one = with_clients(plan, Places{1});
    CHECK(clients_in(of_one) == Places{1});
    CHECK(of_one.load.*load_rows[1].rate == plan.load.*load_rows[1].rate);
    CHECK(clients_in(with_clients(plan, {})).empty());
}

TEST_CASE("hosts that faults strike come before others", "[sim][shrink]") {
    const Plan plan = plan_of_seven();
    CHECK(struck_hosts(plan, 3) == Places{1, 2, 6});
    CHECK(struck_hosts(plan, 5) == Places{0, 1, 2, 3, 6});
    CHECK(struck_hosts(plan, 7) == all_places(7));
    CHECK(struck_hosts(*plan_from("[run] nodes=7\n"), 2) == Places{0, 1});
}

TEST_CASE("a fault between sides that become one goes", "[sim][shrink]") {
    const auto plan = plan_from("[run] nodes=6\n[at 1s] partition {1} | {6} for 1s\n");
    REQUIRE(plan);
    CHECK(folded(*plan, 5).faults.empty());
    CHECK(folded(*plan, 4).faults.size() == 1);
}

TEST_CASE("without some hosts only the faults of others are left", "[sim][shrink]") {
    const Places kept{0, 6};
    const Plan smaller = with_hosts(plan_of_seven(), kept);
    CHECK(kinds_of(smaller) == std::vector{FaultKind::cut, FaultKind::pause});
    CHECK(smaller.faults[0].left == std::vector{0U});
    CHECK(smaller.faults[0].right == std::vector{1U});
}

}  // namespace
}  // namespace starling::sim::smaller_plan_test
