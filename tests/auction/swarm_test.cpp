// Random faults under load: whatever happens, acknowledged tasks end, once.
#include "tests/auction/world.hpp"

#include <catch2/catch.hpp>

namespace starling::auction::test::swarm_test {
namespace {

struct Swarm {
    Swarm(WorldOptions options, std::size_t most_down)
        : world(options), rng(options.seed, 9), down_max(most_down) {
        for (std::size_t node = 0; node < options.nodes; ++node)
            world.serve(node, "quote", 2, run());
        world.run(300ms);
    }

    Duration run() { return rng.between(Duration{1ms}, Duration{400ms}); }

    std::size_t any() { return static_cast<std::size_t>(rng.below(nodes())); }

    [[nodiscard]] std::size_t nodes() const { return world.size(); }

    void offer() {
        const std::size_t node = any();
        if (!world.is_ready(node) || paused.contains(node)) return;
        TaskSpec spec = quote();
        if (rng.chance(1, 3)) spec.key = "key " + std::to_string(rng.below(20));
        world.offer(node, spec);
    }

    // At most `down_max` nodes are dead, stopped or cut off at a time.
    void fault() {
        const std::size_t node = any();
        const auto back = rng.between(Duration{50ms}, Duration{9s});
        if (down.contains(node) || down.size() >= down_max) return;
        down.insert(node);
        switch (rng.below(3)) {
            case 0:
                world.crash(node);
                world.at(back, [this, node] { world.restart(node); });
                break;
            case 1:
                world.pause(node);
                paused.insert(node);
                if (rng.chance(1, 2)) world.at(back / 2, [this, node] { told(node); });
                world.at(back, [this, node] { wake(node); });
                break;
            default:
                world.isolate(node);
                world.at(back, [this] { world.heal(); });
                break;
        }
        world.at(back, [this, node] { down.erase(node); });
    }

    void told(std::size_t node) {
        if (!paused.contains(node)) return;
        world.declare_gone(node);
    }

    void wake(std::size_t node) {
        paused.erase(node);
        world.resume(node);
        world.declare_alive(node);
    }

    World world;
    Rng rng;
    std::size_t down_max;
    std::set<std::size_t> down;
    std::set<std::size_t> paused;
};

void check(const WorldOptions& options, std::size_t down_max) {
    Swarm swarm(options, down_max);
    World& world = swarm.world;
    for (int i = 0; i < 400; ++i) {
        swarm.offer();
        if (swarm.rng.chance(1, 20)) swarm.fault();
        world.run(swarm.rng.between(Duration{1ms}, Duration{80ms}));
    }
    world.run(100s);
    CAPTURE(options.seed, options.nodes, down_max);
    REQUIRE(world.acknowledged().size() > 20);
    std::set<std::pair<TaskId, Epoch>> once;
    for (const Execution& each : world.executed) {
        CHECK(once.emplace(each.task, each.epoch).second);
    }
    for (const TaskId& task : world.acknowledged()) {
        CAPTURE(task.brief(), world.describe(task));
        REQUIRE(world.outcome(task));
        CHECK(world.accepted_count(task) == 1);
    }
    CHECK(world.sum().completed_twice == 0);
    CHECK(world.sum().malformed == 0);
    CHECK(world.refused == 0);
}

TEST_CASE("random crashes, stops and cuts of one node lose and repeat nothing",
          "[auction][swarm]") {
    for (std::uint64_t seed = 1; seed <= 15; ++seed) check({.seed = seed}, 1);
}

TEST_CASE("of two nodes at a time", "[auction][swarm]") {
    for (std::uint64_t seed = 101; seed <= 115; ++seed) check({.seed = seed}, 2);
}

TEST_CASE("in a mesh of three, with slow disks and a bad network", "[auction][swarm]") {
    for (std::uint64_t seed = 201; seed <= 215; ++seed) {
        check({.nodes = 3,
               .seed = seed,
               .latency_max = 30ms,
               .sync = 20ms,
               .drop = 20,
               .duplicate = 50,
               .reorder = true},
              1);
    }
}

}  // namespace
}  // namespace starling::auction::test::swarm_test
