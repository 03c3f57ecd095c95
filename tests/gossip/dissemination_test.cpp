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

TEST_CASE("a table that goes on changing is shown when it has settled", "[gossip][dissemination]") {
    World world = settled({.nodes = 5});
    world.run(5s);
    const auto unasked = [&] { return world.frames(Kind::pong) - world.frames(Kind::ping); };
    const auto before = unasked();
    for (std::uint8_t i = 0; i < 7; ++i) {
        world.with(ann, [&](Gossip& core, Moment now, Effects& out) {
            core.set_attributes({i}, now, out);
        });
        world.run(30ms);
    }
    constexpr std::size_t under_way = 5;
    CHECK(unasked() <= before + under_way);
    world.run(200ms);
    CHECK(unasked() + under_way >= before + 5 * 4);
}

}  // namespace
}  // namespace starling::gossip::dissemination_test
