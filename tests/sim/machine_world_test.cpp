#include "sim/run.hpp"
#include "sim/world.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <utility>
#include <vector>

namespace starling::sim::machine_world_test {
namespace {

using namespace std::chrono_literals;

// A plan without faults for nodes that share so many cores; 0: none is short of one.
Plan shared_plan(std::uint32_t nodes, std::uint32_t cores, std::uint64_t seed = 1) {
    Options options;
    options.nodes = nodes;
    options.seed = seed;
    options.duration = 20s;
    Plan plan = *default_plan(options);
    plan.faults.clear();
    plan.process.cores = cores;
    plan.process.turn = 50us;
    plan.process.wake = 20us;
    plan.process.frame = 30us;
    plan.disk.work = 200us;
    plan.disk.pieces = 5;
    return plan;
}

// When the first deaths were told, and of whom.
class Deaths final : public Check {
public:
    void on_traced(std::uint32_t host, const TraceRecord& record, Duration now) override {
        if (record.event == Event::member_dead) told.emplace_back(host, now);
    }

    void on_started(std::uint32_t, Boot, Duration) override {}

    void on_fault(const Fault&, Phase, Duration) override {}

    [[nodiscard]] std::optional<Duration> next_time() const override { return std::nullopt; }

    void on_time(Duration) override {}

    std::vector<std::pair<std::uint32_t, Duration>> told;
};

Fault fault_of(FaultKind kind, Duration at, Duration lasts, std::uint32_t host) {
    Fault fault;
    fault.kind = kind;
    fault.at = at;
    fault.lasts = lasts;
    fault.host = host;
    return fault;
}

TEST_CASE("the fewer cores nodes share, the later a batch is everywhere", "[sim][machine]") {
    const Report many = run(shared_plan(12, 64));
    const Report few = run(shared_plan(12, 2));
    REQUIRE(many.times.convergence.count > 0);
    CHECK(few.times.convergence.count == many.times.convergence.count);
    CHECK(few.times.convergence.p50 > many.times.convergence.p50);
}

TEST_CASE("what a signature costs its reader delays what it signs", "[sim][machine]") {
    Plan plan = shared_plan(5, 64);
    plan.disk.sync_mean = plan.network.jitter_mean = {};  // nothing else makes the runs differ
    const Report quick = run(plan);
    plan.process.verify = 3ms;
    const Report slow = run(std::move(plan));
    REQUIRE(quick.times.convergence.count > 0);
    CHECK(slow.times.convergence.p50 >= quick.times.convergence.p50 + 3ms);
}

TEST_CASE("a run with shared cores has one trace hash", "[sim][machine]") {
    const Report once = run(shared_plan(5, 2));
    const Report again = run(shared_plan(5, 2));
    CHECK(once.trace_hash == again.trace_hash);
    CHECK(once.trace_hash != run(shared_plan(5, 1)).trace_hash);
}

TEST_CASE("everything holds where seven nodes share two cores, whatever goes wrong",
          "[sim][machine]") {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        INFO("seed " << seed);
        Options options;
        options.nodes = 7;
        options.seed = seed;
        options.duration = 40s;
        Plan plan = *default_plan(options);
        const Plan shared = shared_plan(7, 2);
        plan.process = shared.process;
        plan.process.exit_min = 2ms;
        plan.process.exit_mean = 3ms;
        plan.disk = shared.disk;
        REQUIRE(run(std::move(plan)).ok());
    }
}

TEST_CASE("nobody knows of a killed process before its connections end", "[sim][machine]") {
    Plan plan = shared_plan(5, 2);
    plan.process.exit_min = 50ms;
    plan.faults = {fault_of(FaultKind::crash, 5s, 5s, 3)};
    Deaths deaths;
    World world(std::move(plan));
    world.watch(deaths);
    world.run_until(5s + 50ms);
    CHECK(deaths.told.empty());
    world.run_until(5s + 100ms);
    CHECK(deaths.told.size() == 4);
}

TEST_CASE("nobody knows of a killed process before the news of its links are read",
          "[sim][machine]") {
    Plan plan = shared_plan(5, 8);
    plan.process.link = 30ms;
    plan.faults = {fault_of(FaultKind::crash, 5s, 5s, 3)};
    Deaths deaths;
    World world(std::move(plan));
    world.watch(deaths);
    world.run_until(5s + 60ms);  // lost, and refused
    CHECK(deaths.told.empty());
    world.run_until(5s + 500ms);
    CHECK(deaths.told.size() == 4);
}

TEST_CASE("what a process began before it was stopped it ends when it goes on", "[sim][machine]") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        INFO("seed " << seed);
        Plan plan = shared_plan(3, 1, seed);
        plan.load.puts = 50'000;
        for (std::uint32_t i = 0; i < 8; ++i) {
            plan.faults.push_back(fault_of(FaultKind::pause, 3s + i * 433ms, 211ms, i % 3));
        }
        REQUIRE(run(std::move(plan)).ok());
    }
}

}  // namespace
}  // namespace starling::sim::machine_world_test
