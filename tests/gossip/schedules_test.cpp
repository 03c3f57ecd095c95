#include "tests/gossip/mesh_test_world.hpp"

namespace starling::gossip::schedules_test {
namespace {

// One random fault or repair; names are drawn among the nodes of the plan.
void disturb(World& world, Rng& rng, std::set<World::Name>& down, std::set<World::Name>& stopped,
             std::size_t nodes) {
    const auto name = static_cast<World::Name>(rng.between(1, nodes));
    const auto other = static_cast<World::Name>(rng.between(1, nodes));
    const bool is_up = !down.contains(name) && !stopped.contains(name);
    switch (rng.below(6)) {
        case 0:
            if (is_up) {
                world.kill(name);
                down.insert(name);
            }
            break;
        case 1:
            if (down.erase(name) > 0) world.start(name);
            break;
        case 2:
            if (is_up) {
                world.stop(name);
                stopped.insert(name);
            }
            break;
        case 3:
            if (stopped.erase(name) > 0) world.resume(name);
            break;
        case 4:
            if (name != other) world.cut(name, other);
            break;
        default:
            world.heal_all();
            break;
    }
}

// gossip.md 4.1 I6 and I13; the world checks I1 and I2 whenever a table changes.
TEST_CASE("after any faults all nodes agree again that all are alive", "[gossip][schedules]") {
    const std::size_t nodes = GENERATE(2U, 3U, 5U, 12U);
    const std::uint64_t seed = GENERATE(range<std::uint64_t>(1, 9));
    CAPTURE(nodes, seed);
    World world(Plan{.nodes = nodes, .seed = seed});
    Rng rng(seed, nodes);
    std::set<World::Name> down;
    std::set<World::Name> stopped;
    for (int i = 0; i < 40; ++i) {
        disturb(world, rng, down, stopped, nodes);
        world.run(rng.between(1ms, 4s));
    }
    world.heal_all();
    for (const World::Name name : stopped) world.resume(name);
    for (const World::Name name : down) world.start(name);
    const auto whole = [&] {
        for (World::Name name = 1; name <= nodes; ++name) {
            if (world.core(name).alive_count() != nodes) return false;
        }
        return world.converged();
    };
    CHECK(world.run_until(120s, whole));
}

}  // namespace
}  // namespace starling::gossip::schedules_test
