#include "tests/gossip/mesh_test_world.hpp"

namespace starling::gossip::dissemination_test {
namespace {

TEST_CASE("in a calm mesh news reach everybody, each member from three others",
          "[gossip][dissemination]") {
    constexpr std::size_t nodes = 100;
    constexpr std::size_t rings = 4;  // for as many
    World world = settled({.nodes = nodes});
    world.run(10s);
    const auto before = world.frames(Kind::cells);
    world.with(ann, [](Gossip& core, Moment now, Effects& out) {
        core.set_attributes({1, 2, 3}, now, out);
    });
    REQUIRE(world.run_until(200ms, [&] { return world.tables_are_equal(); }));
    world.run(2s);
    CHECK(world.frames(Kind::cells) - before <= 2 * rings + 3 * (nodes - 1));
}

}  // namespace
}  // namespace starling::gossip::dissemination_test
