#include "tests/gossip/hear.hpp"
#include "tests/gossip/mesh_test_world.hpp"

namespace starling::gossip::failure_test {
namespace {

TEST_CASE("a killed node is dead everywhere within a second", "[gossip][failure]") {
    const auto seed = GENERATE(1U, 2U, 3U);
    CAPTURE(seed);
    World world = settled({.nodes = 5, .seed = seed});
    world.kill(dan);
    const auto took = world.run_until(5s, [&] { return world.all_see(dan, MemberState::dead); });
    REQUIRE(took);
    CHECK(*took <= 1s);
}

TEST_CASE("a stopped node is dead within six seconds and back within three", "[gossip][failure]") {
    const auto seed = GENERATE(1U, 2U, 3U, 4U, 5U);
    CAPTURE(seed);
    World world = settled({.nodes = 5, .seed = seed});
    world.run(std::chrono::milliseconds{seed * 137});
    world.stop(fay);
    const auto death = world.run_until(10s, [&] { return world.all_see(fay, MemberState::dead); });
    REQUIRE(death);
    CHECK(*death <= 6s);
    world.run(8s);
    world.resume(fay);
    const auto is_back = [&] { return world.all_see(fay, MemberState::alive, Incarnation{1}); };
    const auto back = world.run_until(10s, is_back);
    REQUIRE(back);
    CHECK(*back <= 3s);
    CHECK(world.run_until(5s, [&] { return world.converged(); }));
}

TEST_CASE("a node that was stopped accuses nobody when it goes on", "[gossip][failure]") {
    World world = settled({.nodes = 5});
    const auto before = world.opinions_given(fay);
    world.stop(fay);
    world.run(30s);
    world.resume(fay);
    world.run(10s);
    CHECK(world.opinions_given(fay) == before);
}

TEST_CASE("a short stop of one node is not even suspected", "[gossip][failure]") {
    World world = settled({.nodes = 5});
    world.stop(fay);
    world.run(200ms);
    world.resume(fay);
    world.run(5s);
    CHECK(world.changes_to(MemberState::suspect) == 0);
}

TEST_CASE("a journal that stalls for three seconds makes nobody suspect", "[gossip][failure]") {
    World world = settled({.nodes = 5});
    world.stall_journal(bob, 3s);
    world.run(10s);
    CHECK(world.changes_to(MemberState::suspect) == 0);
    CHECK(world.changes_to(MemberState::dead) == 0);
}

// gossip.md 4.1 I11
TEST_CASE("a pair that cannot hear each other kills nobody", "[gossip][failure]") {
    const std::size_t nodes = GENERATE(3U, 4U, 5U);
    CAPTURE(nodes);
    World world = settled({.nodes = nodes});
    world.cut(ann, bob);
    world.run(60s);
    CHECK(world.changes_to(MemberState::dead) == 0);
    CHECK(world.changes_to(MemberState::suspect) == 0);
    CHECK(world.state(ann, bob) == MemberState::alive);
}

// gossip.md 4.1 I15
TEST_CASE("a node cut off from all others withholds its opinions", "[gossip][failure]") {
    World world = settled({.nodes = 5});
    const auto before = world.opinions_given(eve);
    world.partition({eve}, {ann, bob, dan, fay});
    world.run(limits::suspicion_max);
    CHECK(world.core(eve).is_isolated());
    CHECK(world.opinions_given(eve) == before);
    CHECK(world.state(eve, ann) == MemberState::alive);
    CHECK(world.all_see(ann, MemberState::alive));
    CHECK(world.state(ann, eve) == MemberState::dead);
}

TEST_CASE("the minority of a partition comes to call the others dead", "[gossip][failure]") {
    World world = settled({.nodes = 5});
    world.partition({eve}, {ann, bob, dan, fay});
    world.run(30s);
    CHECK(world.state(eve, ann) == MemberState::dead);
    CHECK(world.core(eve).alive_count() == 1);
}

// gossip.md 4.1 I11
TEST_CASE("one liar who accuses everybody kills nobody", "[gossip][failure]") {
    const std::size_t nodes = GENERATE(4U, 5U, 16U);
    CAPTURE(nodes);
    World world = settled({.nodes = nodes});
    const NodeId liar = world.id(bob);
    const auto now = world.now();
    for (World::Name target = 1; target <= nodes; ++target) {
        if (target == bob) continue;
        Cells lies;
        for (const MemberView& each : world.core(target).members()) {
            if (each.id == liar) continue;
            lies.opinions.push_back({each.id, each.boot(), each.incarnation(), liar,
                                     world.core(target).member(liar)->boot(), 1000,
                                     Vote::down_refused});
        }
        world.with(target, [&](Gossip& core, Moment, Effects& out) {
            CHECK(hear(core, liar, lies, now, out) == Verdict::taken);
        });
    }
    world.run(30s);
    CHECK(world.changes_to(MemberState::dead) == 0);
}

TEST_CASE("two members: silence kills only after the longest suspicion", "[gossip][failure]") {
    World world = settled({.nodes = 2});
    world.stop(bob);
    world.run(limits::suspicion_max);
    CHECK(world.state(ann, bob) == MemberState::suspect);
    world.run(3s);
    CHECK(world.state(ann, bob) == MemberState::dead);
}

TEST_CASE("two members: a refused redial kills at once", "[gossip][failure]") {
    World world = settled({.nodes = 2});
    world.kill(bob);
    world.run(1s);
    CHECK(world.state(ann, bob) == MemberState::dead);
}

TEST_CASE("the last of five knows that it is alone", "[gossip][failure]") {
    World world = settled({.nodes = 5});
    for (const World::Name name : {bob, eve, dan, fay}) world.kill(name);
    const auto took = world.run_until(5s, [&] { return world.core(ann).alive_count() == 1; });
    REQUIRE(took);
    CHECK(*took <= 1s);
}

TEST_CASE("three of five that stop together are dead to the rest", "[gossip][failure]") {
    World world = settled({.nodes = 5});
    for (const World::Name name : {eve, dan, fay}) world.stop(name);
    world.run(30s);
    CHECK(world.core(ann).alive_count() == 2);
    CHECK(world.core(bob).alive_count() == 2);
}

// As ann knows the member.
Cells death_of(World& world, World::Name name) {
    const MemberView member = *world.core(ann).member(world.id(name));
    Cells told;
    told.deaths.push_back({member.id, member.boot(), member.incarnation(), Cause::refused, 0});
    return told;
}

TEST_CASE("a death that was doubted is taken once its subject is heard no more",
          "[gossip][failure]") {
    World world = settled({.nodes = 5});
    const Cells told = death_of(world, fay);
    world.stop(fay);
    world.with(ann, [&](Gossip& core, Moment now, Effects& out) {
        CHECK(hear(core, world.id(bob), told, now, out) == Verdict::nothing_new);
    });
    CHECK(world.state(ann, fay) == MemberState::alive);
    // Before any suspicion could have killed.
    world.run(2 * limits::heartbeat_period + limits::ack_timeout_min + 100ms);
    CHECK(world.changes_to(MemberState::suspect) == 0);
    CHECK(world.state(ann, fay) == MemberState::dead);
}

TEST_CASE("who is told to be dead while he is heard refutes before anybody mourns",
          "[gossip][failure]") {
    World world = settled({.nodes = 5});
    const Cells told = death_of(world, fay);
    world.with(ann, [&](Gossip& core, Moment now, Effects& out) {
        hear(core, world.id(bob), told, now, out);
    });
    world.run(1s);
    CHECK(world.all_see(fay, MemberState::alive, Incarnation{1}));
    CHECK(world.changes_to(MemberState::dead) == 0);
}

TEST_CASE("a doubt ends with the subject's answer: what follows is judged by itself",
          "[gossip][failure]") {
    World world = settled({.nodes = 5});
    const Cells told = death_of(world, fay);
    world.with(ann, [&](Gossip& core, Moment now, Effects& out) {
        core.on_link_lost(world.id(fay), now);  // so that fay is not told, and does not refute
        hear(core, world.id(bob), told, now, out);
        core.on_link_up(world.id(fay), now, out);
    });
    world.run(1s);
    REQUIRE(world.all_see(fay, MemberState::alive, Incarnation{0}));
    world.cut(ann, fay);
    world.run(10s);
    CHECK(world.changes_to(MemberState::dead) == 0);
}

TEST_CASE("twenty nodes in rings agree on a crash, a stop and a return", "[gossip][failure]") {
    World world = settled({.nodes = 20});
    CHECK(world.core(ann).neighbours().size() <= 6);
    world.kill(7);
    world.stop(9);
    REQUIRE(world.run_until(2s, [&] { return world.all_see(7, MemberState::dead); }));
    REQUIRE(world.run_until(8s, [&] { return world.all_see(9, MemberState::dead); }));
    world.resume(9);
    CHECK(world.run_until(5s, [&] { return world.all_see(9, MemberState::alive); }));
    CHECK(world.run_until(20s, [&] { return world.converged(); }));
    CHECK(world.changes_to(MemberState::dead) <= 2 * 19);
}

TEST_CASE("four of twenty that die together are dead everywhere", "[gossip][failure]") {
    const auto seed = GENERATE(1U, 2U, 3U);
    CAPTURE(seed);
    World world = settled({.nodes = 20, .seed = seed});
    for (const int name : {3, 8, 14, 19}) world.kill(static_cast<World::Name>(name));
    const auto all_dead = [&] {
        return world.all_see(3, MemberState::dead) && world.all_see(8, MemberState::dead) &&
               world.all_see(14, MemberState::dead) && world.all_see(19, MemberState::dead);
    };
    CHECK(world.run_until(20s, all_dead));
}

}  // namespace
}  // namespace starling::gossip::failure_test
