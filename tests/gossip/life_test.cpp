#include "tests/gossip/mesh_test_world.hpp"

namespace starling::gossip::life_test {
namespace {

TEST_CASE("five nodes that start together are one mesh within a second", "[gossip][join]") {
    World world(Plan{.nodes = 5});
    const auto took = world.run_until(5s, [&] { return world.converged() && world.all_joined(); });
    REQUIRE(took);
    CHECK(*took <= 500ms);
}

TEST_CASE("at rest a node sends one heartbeat a period and nothing else", "[gossip][rest]") {
    World world = settled({.nodes = 5});
    const auto pings = world.frames(Kind::ping);
    const auto cells = world.frames(Kind::cells);
    const auto digests = world.frames(Kind::table_digest);
    world.run(60s);
    CHECK(world.frames(Kind::ping) - pings <= 5 * 120);
    CHECK(world.frames(Kind::cells) == cells);
    CHECK(world.frames(Kind::table_digest) == digests);
}

TEST_CASE("nodes that know only one contact find all the others", "[gossip][join]") {
    World world = settled({.nodes = 8, .contacts_known = 1});
    for (World::Name name = 1; name <= 8; ++name) CHECK(world.core(name).alive_count() == 8);
}

TEST_CASE("a member admitted at one node may join at another", "[gossip][join]") {
    World world = settled({.nodes = 3});
    world.add(dan);
    world.with(ann, [](Gossip& core, Moment now, Effects& out) {
        CHECK(core.admit(test_contact(dan), now, out) == Verdict::taken);
        CHECK(core.admit(test_contact(dan), now, out) == Verdict::nothing_new);
    });
    world.run(100ms);
    CHECK(world.state(bob, dan) == MemberState::introduced);
    CHECK(world.core(bob).take_certificates().size() == 3);  // ann's, eve's and now dan's
    world.start(dan, std::vector<World::Name>{eve});
    CHECK(world.run_until(2s, [&] { return world.converged(); }));
    CHECK(world.all_see(dan, MemberState::alive));
}

// gossip.md 4.1 I12
TEST_CASE("a leave makes no failure and ends as soon as the others know", "[gossip][leave]") {
    World world = settled({.nodes = 5});
    world.with(bob, [](Gossip& core, Moment now, Effects& out) {
        core.set_mode(Mode::draining, now, out);
    });
    world.run(100ms);
    CHECK(world.core(ann).member(world.id(bob))->mode() == Mode::draining);
    world.with(bob, [](Gossip& core, Moment now, Effects& out) { core.leave(now, out); });
    const auto took = world.run_until(
        5s, [&] { return world.core(bob).departure(world.now().boot_time) == Departure::done; });
    REQUIRE(took);
    CHECK(*took <= 300ms);
    world.kill(bob);
    world.run(10s);
    CHECK(world.all_see(bob, MemberState::left));
    CHECK(world.changes_to(MemberState::suspect) == 0);
    CHECK(world.changes_to(MemberState::dead) == 0);
}

TEST_CASE("who cannot reach anybody leaves after the linger time", "[gossip][leave]") {
    World world = settled({.nodes = 3});
    world.partition({ann}, {bob, eve});
    world.with(ann, [](Gossip& core, Moment now, Effects& out) { core.leave(now, out); });
    world.run(limits::linger_time - 1ms);
    CHECK(world.core(ann).departure(world.now().boot_time) == Departure::lingering);
    world.run(1ms);
    CHECK(world.core(ann).departure(world.now().boot_time) == Departure::done);
}

TEST_CASE("a node that left comes back with its next boot", "[gossip][leave]") {
    World world = settled({.nodes = 3});
    world.with(bob, [](Gossip& core, Moment now, Effects& out) { core.leave(now, out); });
    world.run(1s);
    world.kill(bob);
    world.run(1s);
    world.start(bob);
    CHECK(world.run_until(2s, [&] { return world.converged(); }));
    CHECK(world.all_see(bob, MemberState::alive));
}

TEST_CASE("a mesh whose members all left comes together again", "[gossip][leave]") {
    World world = settled({.nodes = 3});
    for (const auto each : {ann, bob, eve}) {
        world.with(each, [](Gossip& core, Moment now, Effects& out) { core.leave(now, out); });
    }
    world.run(1s);
    for (const auto each : {ann, bob, eve}) world.kill(each);
    world.run(1s);
    for (const auto each : {ann, bob, eve}) world.start(each);
    CHECK(world.run_until(5s, [&] { return world.converged(); }));
    for (const auto each : {ann, bob, eve}) CHECK(world.all_see(each, MemberState::alive));
}

TEST_CASE("a quick restart replaces the old boot without a death", "[gossip][restart]") {
    World world = settled({.nodes = 5});
    const Boot old = world.core(ann).member(world.id(eve))->boot();
    world.kill(eve);
    world.start(eve);
    const auto took = world.run_until(5s, [&] {
        return world.all_see(eve, MemberState::alive) &&
               world.core(ann).member(world.id(eve))->boot() > old && world.converged();
    });
    REQUIRE(took);
    CHECK(*took <= 1s);
    const auto is_restart = [&](const auto& each) {
        return each.second.node == world.id(eve) && each.second.restarted;
    };
    CHECK(std::ranges::count_if(world.changes(), is_restart) == 4);
}

TEST_CASE("a restart after the death is alive again at once", "[gossip][restart]") {
    World world = settled({.nodes = 5});
    world.kill(eve);
    world.run(5s);
    REQUIRE(world.all_see(eve, MemberState::dead));
    world.start(eve);
    const auto took = world.run_until(5s, [&] { return world.converged(); });
    REQUIRE(took);
    CHECK(*took <= 1s);
    CHECK(world.all_see(eve, MemberState::alive));
}

TEST_CASE("five nodes that all restart find each other by what they kept", "[gossip][restart]") {
    World world = settled({.nodes = 5, .contacts_known = 1});
    for (World::Name name = 1; name <= 5; ++name) world.kill(name);
    world.run(1s);
    for (World::Name name = 5; name >= 1; --name) {
        world.start(name, std::vector<World::Name>{});
        world.run(20ms);
    }
    const auto took = world.run_until(20s, [&] { return world.converged(); });
    REQUIRE(took);
    for (World::Name name = 1; name <= 5; ++name) CHECK(world.core(name).alive_count() == 5);
}

TEST_CASE("a member that is away is not judged until its time is over", "[gossip][away]") {
    World world = settled({.nodes = 4});
    world.with(bob,
               [](Gossip& core, Moment now, Effects& out) { core.set_mode(Mode::away, now, out); });
    world.run(100ms);
    world.kill(bob);
    world.run(limits::away_time - 1s);
    CHECK(world.all_see(bob, MemberState::alive));
    CHECK(world.changes_to(MemberState::suspect) == 0);
    world.run(20s);
    CHECK(world.all_see(bob, MemberState::dead));
}

TEST_CASE("a node that meets nobody counts as alone after its patience", "[gossip][join]") {
    World world = settled({.nodes = 1, .contacts_known = 0});
    CHECK(world.core(ann).joined(world.now().boot_time));
    world.add(bob);
    world.kill(ann);
    world.start(ann, std::vector<World::Name>{bob});
    const BootTime started = world.now().boot_time;
    CHECK_FALSE(world.core(ann).joined(started + limits::alone_after - 1ns));
    CHECK(world.core(ann).joined(started + limits::alone_after));
}

// gossip.md 4.1 I13
TEST_CASE("a partition that lasted is whole again soon after it heals", "[gossip][heal]") {
    const auto seed = GENERATE(1U, 2U, 3U, 4U);
    CAPTURE(seed);
    World world = settled({.nodes = 5, .seed = seed});
    world.partition({ann, bob}, {eve, dan, fay});
    world.run(60s);
    CHECK(world.core(eve).alive_count() == 3);
    world.heal_all();
    const auto took = world.run_until(60s, [&] {
        return world.converged() && world.core(ann).alive_count() == 5 &&
               world.core(fay).alive_count() == 5;
    });
    REQUIRE(took);
    CHECK(*took <= 20s);
}

TEST_CASE("a partition shorter than the first suspicion passes unnoticed", "[gossip][heal]") {
    World world = settled({.nodes = 5});
    world.partition({ann, bob}, {eve, dan, fay});
    world.run(700ms);
    world.heal_all();
    world.run(20s);
    CHECK(world.changes_to(MemberState::dead) == 0);
    CHECK(world.converged());
}

TEST_CASE("the ends of members are forgotten after a day, everywhere", "[gossip][forget]") {
    World world = settled({.nodes = 3});
    world.kill(bob);
    world.run(2s);
    REQUIRE(world.all_see(bob, MemberState::dead));
    world.run(limits::tombstone_kept - 10s);
    CHECK(world.all_see(bob, MemberState::dead));
    world.run(30s);
    CHECK(world.all_see(bob, MemberState::introduced));
    CHECK(world.core(ann).roots().table == world.core(eve).roots().table);
}

// What leaves a core is ordered by node id, never by the numbers it uses inside.
TEST_CASE("scrambled indices change nothing that others see", "[gossip][scramble]") {
    const auto views_with = [](std::uint64_t seed) {
        World world = settled({.nodes = 12, .seed = seed});
        world.kill(4);
        world.stop(6);
        world.run(20s);
        std::vector<std::tuple<NodeId, MemberState, Boot>> views;
        for (const MemberView& each : world.core(ann).members()) {
            views.emplace_back(each.id, each.state, each.boot());
        }
        return std::pair(views, world.core(ann).neighbours());
    };
    CHECK(views_with(1) == views_with(2));
}

TEST_CASE("equal state roots at all neighbours date the replica", "[gossip][roots]") {
    World world = settled({.nodes = 3});
    for (const World::Name name : {ann, bob, eve}) world.core(name).set_state_root(7);
    world.run(3s);
    const auto as_of = world.core(ann).as_of(world.now().boot_time);
    REQUIRE(as_of);
    CHECK(world.now().boot_time - *as_of <= 2s);
    CHECK(world.core(ann).take_reconcile().empty());
}

TEST_CASE("a state root that stays different is reported", "[gossip][roots]") {
    World world = settled({.nodes = 3});
    static_cast<void>(world.core(bob).take_reconcile());
    world.core(ann).set_state_root(8);
    world.run(900ms);
    CHECK(world.core(bob).take_reconcile().empty());
    world.run(4s);
    CHECK_FALSE(world.core(bob).take_reconcile().empty());
    CHECK(world.core(bob).as_of(world.now().boot_time) < world.now().boot_time - 3s);
}

}  // namespace
}  // namespace starling::gossip::life_test
