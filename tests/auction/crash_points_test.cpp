// A node dies after the i-th message of a task's life, for every i: the task is accepted, once.
#include "tests/auction/world.hpp"

#include <catch2/catch.hpp>

namespace starling::auction::test::crash_points_test {
namespace {

enum class Revival { never, after_a_second };

struct CrashPoint {
    std::size_t message;               // after this one
    std::vector<std::size_t> victims;  // die together
    Revival revival;
    std::uint64_t seed;
};

// Runs one task; returns how many messages its life took.  Nothing dies after message 0.
std::size_t live_through(const CrashPoint& point) {
    World world({.seed = point.seed});
    for (const std::size_t node : {ann, bob, eve, dan, fay}) world.serve(node, "quote", 1, 30ms);
    world.run(300ms);
    std::size_t count = 0;
    world.set_on_delivered([&](std::size_t) {
        if (++count != point.message) return;
        for (const std::size_t victim : point.victims) {
            world.at(0ns, [&world, victim] { world.crash(victim); });
            if (point.revival == Revival::never) continue;
            world.at(1s, [&world, victim] { world.restart(victim); });
        }
    });
    const TaskId task = world.offer(ann, quote());
    world.run(150ms);
    const std::size_t life = count;
    world.run(30s);

    CAPTURE(point.message, point.victims, point.revival == Revival::never, point.seed);
    if (world.is_acknowledged(task)) {
        REQUIRE(world.outcome(task));
        CHECK(world.outcome(task)->ending == Ending::done);
    }
    CHECK(world.accepted_count(task) <= 1);
    CHECK(world.sum().completed_twice == 0);
    CHECK(world.sum().malformed == 0);
    return life;
}

void every_point(const std::vector<std::size_t>& victims, Revival revival, std::uint64_t seed) {
    const std::size_t life = live_through({0, {}, Revival::never, seed});
    REQUIRE(life > 15);
    for (std::size_t message = 1; message <= life; ++message) {
        live_through({message, victims, revival, seed});
    }
}

TEST_CASE("any one node may die after any message", "[auction][crash]") {
    const std::size_t victim = GENERATE(ann, bob, eve, dan, fay);
    const auto revival = GENERATE(Revival::never, Revival::after_a_second);
    for (std::uint64_t seed = 1; seed <= 3; ++seed) every_point({victim}, revival, seed);
}

TEST_CASE("any two nodes may die after any message and come back", "[auction][crash]") {
    const std::size_t first = GENERATE(ann, bob, eve);
    const std::size_t second = GENERATE(dan, fay);
    every_point({first, second}, Revival::after_a_second, 4);
}

TEST_CASE("all nodes may die after any message and come back", "[auction][crash]") {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        every_point({ann, bob, eve, dan, fay}, Revival::after_a_second, seed);
    }
}

}  // namespace
}  // namespace starling::auction::test::crash_points_test
