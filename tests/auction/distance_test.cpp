// Tasks where members are far from each other, so that bids take longer than the usual window.
#include "tests/auction/world.hpp"

#include <catch2/catch.hpp>

namespace starling::auction::test::distance_test {
namespace {

constexpr Duration one_way = 150ms;  // a question and its answer take three usual windows

// Everybody but ann serves.
struct FarMembers {
    explicit FarMembers(std::uint64_t seed = 1)
        : world({.seed = seed, .latency_min = one_way, .latency_max = one_way + 5ms}) {
        for (std::size_t node = bob; node < world.size(); ++node)
            world.serve(node, "quote", 2, 20ms);
        world.run(2s);
    }

    World world;
};

TEST_CASE("waits for answers are stretched to the distance, and not without limit",
          "[auction][distance]") {
    const Timing near;
    CHECK(near.stretched(20ms).agree_within == near.agree_within);
    const Timing far = near.stretched(300ms);
    CHECK(far.agree_within == 1200ms);
    CHECK(far.answer_within == 2400ms);
    CHECK(near.stretched(1h).answer_within < 4s);
}

TEST_CASE("where answers are known to take long, no award is repeated before it can be agreed to",
          "[auction][distance]") {
    FarMembers far;
    World& world = far.world;
    for (std::size_t node = 0; node < world.size(); ++node) {
        world.step(node, [](Auctions& core, Moment, Effects&) { core.on_round_trip(2 * one_way); });
    }
    const TaskId task = world.offer(ann, quote());
    world.run(3s);
    REQUIRE(world.outcome(task));
    CHECK(world.executions(task) == 1);
    CHECK(world.sent[Kind::accept_proposal] == 1);
}

TEST_CASE("a bid that comes too late for its round is taken while the task has no worker",
          "[auction][distance]") {
    FarMembers far(GENERATE(range(1U, 21U)));
    World& world = far.world;
    const TaskId task = world.offer(ann, quote());
    // To the custodians and back, to the workers and back, to the winner.
    CHECK(world.run_until([&] { return world.executions(task) > 0; }, 5 * one_way + 100ms));
}

}  // namespace
}  // namespace starling::auction::test::distance_test
