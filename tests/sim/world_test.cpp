#include "sim/world.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <map>
#include <vector>

namespace starling::sim::world_test {
namespace {

using namespace std::chrono_literals;

// A plan without faults; tests add their own.
Plan quiet_plan(std::uint32_t nodes, std::uint64_t seed = 1) {
    Plan plan;
    plan.seed = seed;
    plan.nodes = nodes;
    plan.duration = 60s;
    plan.healed_at = 60s;
    return plan;
}

Fault fault_of(Duration at, Duration lasts, FaultKind kind, std::uint32_t host) {
    Fault fault;
    fault.at = at;
    fault.lasts = lasts;
    fault.kind = kind;
    fault.host = host;
    return fault;
}

// Counts events per observer.
class Counter final : public Check {
public:
    void on_traced(std::uint32_t host, const TraceRecord& record, Duration now) override {
        ++counts[record.event];
        if (record.event == Event::member_dead) deaths.push_back({host, record.fields[0], now});
    }

    void on_started(std::uint32_t, Boot boot, Duration) override { boots.push_back(boot); }

    void on_fault(const Fault&, Phase, Duration) override {}

    [[nodiscard]] std::optional<Duration> next_time() const override { return std::nullopt; }

    void on_time(Duration) override {}

    struct Death {
        std::uint32_t observer = 0;
        std::uint64_t subject = 0;
        Duration at{};
    };

    std::map<Event, std::size_t> counts;
    std::vector<Death> deaths;
    std::vector<Boot> boots;
};

bool all_ready(const World& world) {
    for (std::uint32_t host = 0; host < world.plan().nodes; ++host) {
        if (!world.host(host).ready()) return false;
    }
    return true;
}

TEST_CASE("nodes that start together are all ready within two seconds", "[sim][world]") {
    for (const std::uint32_t nodes : {2U, 3U, 5U, 16U}) {
        INFO(nodes << " nodes");
        World world(quiet_plan(nodes));
        world.run_until(2s);
        REQUIRE(all_ready(world));
    }
}

TEST_CASE("a quiet mesh declares nobody suspect or dead in a minute", "[sim][world]") {
    Counter counter;
    World world(quiet_plan(5));
    world.watch(counter);
    world.run_until(60s);
    CHECK(counter.counts[Event::member_suspect] == 0);
    CHECK(counter.deaths.empty());
}

TEST_CASE("a killed node is dead on all others within a second", "[sim][world]") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        INFO("seed " << seed);
        Plan plan = quiet_plan(5, seed);
        plan.faults = {fault_of(10s, 50s, FaultKind::crash, 3)};
        Counter counter;
        World world(std::move(plan));
        world.watch(counter);
        world.run_until(11s);
        REQUIRE(counter.deaths.size() == 4);
    }
}

TEST_CASE("a stopped node is dead on all others within six seconds and alive again within three",
          "[sim][world]") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        INFO("seed " << seed);
        Plan plan = quiet_plan(5, seed);
        plan.faults = {fault_of(10s, 10s, FaultKind::pause, 3)};
        Counter counter;
        World world(std::move(plan));
        world.watch(counter);
        world.run_until(16s);
        REQUIRE(counter.deaths.size() == 4);
        world.run_until(20s);
        const std::size_t alive = counter.counts[Event::member_alive];
        world.run_until(23s);
        REQUIRE(counter.counts[Event::member_alive] >= alive + 4);
        REQUIRE(counter.counts[Event::claim_refuted] >= 1);
    }
}

TEST_CASE("a disk that stands still for three seconds makes nobody suspect", "[sim][world]") {
    Plan plan = quiet_plan(5);
    plan.faults = {fault_of(10s, 3s, FaultKind::stall_disk, 2)};
    Counter counter;
    World world(std::move(plan));
    world.watch(counter);
    world.run_until(30s);
    CHECK(counter.counts[Event::member_suspect] == 0);
    CHECK(counter.deaths.empty());
}

TEST_CASE("every start has a higher boot", "[sim][world]") {
    Plan plan = quiet_plan(2);
    for (int i = 0; i < 5; ++i) {
        plan.faults.push_back(fault_of(2s + 1s * i, 10ms, FaultKind::crash, 0));
    }
    Counter counter;
    World world(std::move(plan));
    world.watch(counter);
    world.run_until(10s);
    REQUIRE(counter.boots.size() >= 5);
    for (std::size_t i = 3; i < counter.boots.size(); ++i) {
        CHECK(counter.boots[i] > counter.boots[i - 1]);
    }
}

TEST_CASE("a fault that meets no host in the right state does not count", "[sim][world]") {
    Plan plan = quiet_plan(2);
    plan.faults = {fault_of(2s, 4s, FaultKind::crash, 0), fault_of(3s, 1s, FaultKind::crash, 0),
                   fault_of(3s, 1s, FaultKind::pause, 0)};
    World world(std::move(plan));
    world.run_until(5s);
    CHECK(world.host(0).state() == ProcessState::down);
    CHECK(world.faults().struck(FaultKind::crash) == 1);
    CHECK(world.faults().struck(FaultKind::pause) == 0);
    world.run_until(7s);
    CHECK(world.host(0).state() == ProcessState::running);
    CHECK(world.faults().repaired(FaultKind::crash) == 1);
}

TEST_CASE("a process that is killed while it is stopped is not resumed", "[sim][world]") {
    Plan plan = quiet_plan(2);
    plan.faults = {fault_of(2s, 2s, FaultKind::pause, 0), fault_of(3s, 4s, FaultKind::crash, 0)};
    World world(std::move(plan));
    world.run_until(5s);
    CHECK(world.host(0).state() == ProcessState::down);
    CHECK(world.faults().repaired(FaultKind::pause) == 0);
}

TEST_CASE("whatever is in force ends when the mesh heals", "[sim][world]") {
    Plan plan = quiet_plan(3);
    plan.healed_at = 20s;
    plan.faults = {fault_of(5s, 100s, FaultKind::crash, 0),
                   fault_of(5s, 100s, FaultKind::pause, 1)};
    World world(std::move(plan));
    world.run_until(25s);
    CHECK(all_ready(world));
}

TEST_CASE("the halves of a cut call each other dead and find each other after the heal",
          "[sim][world]") {
    Plan plan = quiet_plan(6, 3);
    Fault cut = fault_of(10s, 20s, FaultKind::cut, 0);
    cut.left = {0, 1, 2};
    cut.right = {3, 4, 5};
    plan.faults = {cut};
    Counter counter;
    World world(std::move(plan));
    world.watch(counter);
    world.run_until(30s);
    CHECK(counter.deaths.size() == 18);
    const std::size_t alive = counter.counts[Event::member_alive];
    world.run_until(60s);
    CHECK(counter.counts[Event::member_alive] >= alive + 18);
}

}  // namespace
}  // namespace starling::sim::world_test
