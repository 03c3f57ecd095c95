// A key gets one accepted result, whoever offers it and whatever the mesh looks like from there.
#include "tests/auction/world.hpp"

#include <catch2/catch.hpp>

namespace starling::auction::test::keys_test {
namespace {

TaskSpec request() {
    TaskSpec spec = quote();
    spec.key = "request-17";
    return spec;
}

struct Split {
    std::size_t nodes;
    std::set<std::size_t> island;
    Duration lasts;
};

// All nodes serve, and then the mesh is parted.
void part(World& world, const Split& split) {
    for (std::size_t node = 0; node < split.nodes; ++node) world.serve(node, "quote", 2, 50ms);
    world.run(200ms);
    world.split(split.island);
}

TEST_CASE("a key that is offered on both sides of a partition gets one result", "[auction][keys]") {
    // From 30 s on, a task in a mesh larger than its list may move.
    const Split split = GENERATE(Split{2, {1}, 70s}, Split{3, {1}, 70s}, Split{4, {1, 3}, 70s},
                                 Split{5, {1, 3}, 70s}, Split{6, {1, 3, 5}, 70s}, Split{6, {1}, 8s},
                                 Split{7, {1, 3, 5}, 25s}, Split{9, {1, 3, 5, 7}, 25s},
                                 Split{12, {1, 3, 5, 7, 9, 11}, 25s});
    const auto seed = GENERATE(range(1U, 9U));
    CAPTURE(split.nodes, seed);
    World world({.nodes = split.nodes, .seed = seed});
    part(world, split);
    const TaskId task = world.offer(0, request());
    world.offer(1, request());
    world.run(split.lasts);
    CHECK(world.accepted_count(task) <= 1);
    world.heal();
    world.offer(0, request());
    world.run(40s);
    CAPTURE(world.describe(task));
    CHECK(world.is_acknowledged(task));
    CHECK(world.accepted_count(task) == 1);
    CHECK(world.sum().rehomed == 0);
    CHECK(world.sum().malformed == 0);
}

TEST_CASE("a key gets one result however long a partition of a larger mesh lasts",
          "[auction][keys]") {
    // A small side of four may hold most of a key's custodians; the large one may move tasks.
    const Split split = GENERATE(Split{7, {1, 3, 5}, 34s}, Split{9, {1, 3, 5, 7}, 34s},
                                 Split{9, {1, 3, 5, 7}, 70s}, Split{12, {1, 3, 5, 7, 9}, 34s});
    const auto seed = GENERATE(range(1U, 17U));
    CAPTURE(split.nodes, seed);
    World world({.nodes = split.nodes, .seed = seed});
    part(world, split);
    world.run(split.lasts - 1s);
    const TaskId task = world.offer(0, request());
    world.run(500ms);
    world.offer(1, request());
    world.run(500ms);
    world.heal();
    world.run(90s);
    CAPTURE(world.describe(task));
    CHECK(world.accepted_count(task) == 1);
}

TEST_CASE("a key is offered while two of its custodians are dead", "[auction][keys]") {
    const std::size_t nodes = GENERATE(5U, 6U, 9U);
    World world({.nodes = nodes, .seed = GENERATE(1U, 2U, 3U)});
    for (std::size_t node = 0; node < nodes; ++node) world.serve(node, "quote", 2, 50ms);
    world.run(200ms);
    world.crash(3);
    world.crash(4);
    world.run(1s);
    const TaskId task = world.offer(0, request());
    world.run(1s);
    REQUIRE(world.outcome(task));
    CHECK(world.executions(task) == 1);
}

TEST_CASE("a key that many nodes are offered at once is one task", "[auction][keys]") {
    const auto seed = GENERATE(range(1U, 41U));
    WorldOptions options;
    options.nodes = GENERATE(4U, 5U, 6U, 9U);
    options.seed = seed;
    options.drop = seed % 2 == 0 ? 100U : 0U;
    options.reorder = seed % 3 == 0;
    options.latency_max = 5ms;
    World world(options);
    for (std::size_t node = 0; node < options.nodes; ++node) world.serve(node, "quote", 2, 50ms);
    world.run(200ms);
    TaskId task;
    for (std::size_t node = 0; node < options.nodes; ++node) {
        world.at(std::chrono::microseconds{seed * 20 * node},
                 [&, node] { task = world.offer(node, request()); });
    }
    world.run(40s);
    CAPTURE(seed, options.nodes, world.describe(task));
    CHECK(world.is_acknowledged(task));
    CHECK(world.answers.size() == options.nodes);
    CHECK(world.accepted_count(task) == 1);
    CHECK(world.sum().malformed == 0);
}

TEST_CASE("a key is offered when three of five come back from the death of all",
          "[auction][keys]") {
    World world({.seed = GENERATE(1U, 2U, 3U)});
    for (std::size_t node = 0; node < 5; ++node) world.serve(node, "quote", 2, 50ms);
    world.run(200ms);
    for (std::size_t node = 0; node < 5; ++node) world.crash(node);
    world.run(1s);
    for (const std::size_t node : {ann, eve, fay}) world.restart(node);
    world.run(1s);
    const TaskId task = world.offer(eve, request());
    world.run(3s);
    REQUIRE(world.outcome(task));
    CHECK(world.executions(task) == 1);
}

NodeId member(std::uint64_t seed, std::uint64_t number) {
    NodeId id;
    for (std::size_t i = 0; i < NodeId::size; i += 8) {
        store_u64(std::span(id.bytes).subspan(i, 8), draw(seed, number, i));
    }
    return id;
}

TEST_CASE("any two majorities of a key's custodians meet where one view has a member more",
          "[auction][keys]") {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        Members fewer(member(seed, 0), Boot{1}, BootTime{});
        Members more(member(seed, 1), Boot{1}, BootTime{});
        more.certified(member(seed, 0));
        for (std::uint64_t known = 2; known <= 12; ++known) {
            fewer.certified(member(seed, known - 1));
            more.certified(member(seed, known));
            const TaskId task = keyed_id(std::to_string(seed * known));
            const auto a = fewer.custodians_of_key(task);
            const auto b = more.custodians_of_key(task);
            std::set<NodeId> all(a.begin(), a.end());
            all.insert(b.begin(), b.end());
            CAPTURE(seed, known);
            REQUIRE(a.size() == std::min<std::size_t>(known, limits::key_custodians));
            CHECK(a.size() / 2 + 1 + b.size() / 2 + 1 > all.size());
        }
    }
}

TEST_CASE("neither a death nor a leave changes the list of a key's custodians", "[auction][keys]") {
    Members members(member(1, 0), Boot{1}, BootTime{});
    for (std::uint64_t number = 1; number < 5; ++number) members.certified(member(1, number));
    const TaskId task = keyed_id("request-17");
    const auto before = members.custodians_of_key(task);
    REQUIRE(before.size() == 5);
    for (std::uint64_t number = 1; number < 4; ++number) {
        members.alive(member(1, number), Boot{3}, BootTime{});
        members.gone(member(1, number), BootTime{});
    }
    CHECK(members.custodians_of_key(task) == before);
    CHECK_FALSE(members.sees_majority());
    members.left(member(1, 4), BootTime{});
    CHECK(members.custodians_of_key(task) == before);
    members.alive(member(1, 4), Boot{5}, BootTime{});
    CHECK(members.custodians_of_key(task) == before);
}

TEST_CASE("a majority is lost when the last one went whom it needed", "[auction][keys]") {
    Members members(member(1, 0), Boot{1}, BootTime{3s});
    std::vector<NodeId> all{member(1, 0)};
    for (std::uint64_t number = 1; number < 5; ++number) {
        all.push_back(member(1, number));
        members.alive(all.back(), Boot{3}, BootTime{});
    }
    members.left(all[1], BootTime{20s});
    members.gone(all[2], BootTime{10s});
    CHECK_FALSE(members.lacks_majority(all, BootTime{30s}));
    members.left(all[3], BootTime{30s});
    REQUIRE(members.lacks_majority(all, BootTime{30s}));
    CHECK(members.majority_lost(all) == BootTime{30s});
    members.gone(all[4], BootTime{40s});
    CHECK(members.majority_lost(all) == BootTime{30s});
}

TEST_CASE("most of those that did not leave are a majority, and since when is known",
          "[auction][keys]") {
    Members members(member(1, 0), Boot{1}, BootTime{});
    for (std::uint64_t number = 1; number < 4; ++number) members.certified(member(1, number));
    CHECK_FALSE(members.sees_majority());
    members.alive(member(1, 1), Boot{3}, BootTime{10s});
    CHECK_FALSE(members.sees_majority());
    members.left(member(1, 2), BootTime{20s});
    CHECK(members.sees_majority() == BootTime{20s});
    members.alive(member(1, 3), Boot{3}, BootTime{30s});
    CHECK(members.sees_majority() == BootTime{20s});
}

// Keys are offered again and again, everywhere, while the mesh falls apart this way and that.
void offer_through_splits(std::size_t nodes, std::uint64_t seed) {
    World world({.nodes = nodes, .seed = seed, .drop = seed % 2 == 0 ? 20U : 0U});
    Rng rng(seed, 11);
    for (std::size_t node = 0; node < nodes; ++node) world.serve(node, "quote", 2, 80ms);
    world.run(200ms);
    std::set<TaskId> tasks;
    for (int round = 0; round < 12; ++round) {
        std::set<std::size_t> island;
        while (island.size() < rng.between(std::size_t{1}, nodes / 2)) {
            island.insert(static_cast<std::size_t>(rng.below(nodes)));
        }
        world.split(island);
        const auto lost = static_cast<std::size_t>(rng.below(nodes));
        if (rng.chance(1, 2)) world.crash(lost);
        for (int i = 0; i < 12; ++i) {
            const auto node = static_cast<std::size_t>(rng.below(nodes));
            TaskSpec spec = request();
            spec.key = "key " + std::to_string(rng.below(10));
            if (world.is_ready(node)) tasks.insert(world.offer(node, spec));
            world.run(rng.between(Duration{1ms}, Duration{600ms}));
        }
        world.heal();
        world.restart(lost);
        world.run(rng.between(Duration{1ms}, Duration{3s}));
    }
    world.run(100s);
    CAPTURE(nodes, seed);
    for (const TaskId& task : tasks) {
        CAPTURE(world.describe(task));
        CHECK(world.accepted_count(task) <= 1);
        if (world.is_acknowledged(task)) CHECK(world.outcome(task));
    }
    CHECK(world.acknowledged().size() > 5);
    CHECK(world.sum().completed_twice == 0);
    CHECK(world.sum().malformed == 0);
}

TEST_CASE("keys offered through many partitions get one result each", "[auction][keys]") {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        for (const std::size_t nodes : {3U, 4U, 5U, 6U, 7U, 9U}) offer_through_splits(nodes, seed);
    }
}

TEST_CASE("a key that is cancelled while others are offered it ends once", "[auction][keys]") {
    World world({.seed = GENERATE(range(1U, 17U))});
    for (std::size_t node = 0; node < 5; ++node) world.serve(node, "quote", 2, 50ms);
    world.run(200ms);
    const TaskId task = world.offer(ann, request());
    world.offer(dan, request());
    const bool recorded = GENERATE(true, false);
    if (recorded) world.run(2ms);
    world.cancel(dan, task);
    world.run(30s);
    CAPTURE(world.describe(task));
    REQUIRE(world.outcome(task));
    REQUIRE(world.cancelled.size() == 1);
    const bool cancelled = world.outcome(task)->ending == Ending::cancelled;
    const bool told = world.cancelled[0].verdict == CancelVerdict::cancelled;
    CHECK((cancelled || !told));
    CHECK(world.answers.size() == 2);
}

TEST_CASE("a node that has met nobody records no key", "[auction][keys]") {
    World world({.nodes = 3});
    for (const std::size_t node : {ann, bob, eve}) world.crash(node);
    world.run(1s);
    world.restart(ann);
    const TaskId task = world.offer(ann, request());
    world.run(40s);
    CHECK_FALSE(world.is_acknowledged(task));
    CHECK(world.answers.back().verdict == AckVerdict::unknown);
    world.restart(bob);
    world.serve(bob, "quote", 1, 10ms);
    world.run(10s);
    CHECK(world.accepted_count(task) == 1);
}

TEST_CASE("a task with a key moves only from where most members are seen", "[auction][keys]") {
    World world({.nodes = 9});
    for (std::size_t node = 0; node < 9; ++node) world.serve(node, "quote", 2, 60s);
    world.run(200ms);
    const TaskId task = world.offer(ann, request());
    world.run(100ms);
    const auto shown = world.show(ann, task);
    REQUIRE(shown);
    REQUIRE(shown->custodians.size() == limits::key_custodians);
    // Four of the six on the small side: there the task goes on, and on the large one it moves.
    std::set<std::size_t> small;
    for (const NodeId& node : shown->custodians) {
        if (small.size() < 3) small.insert(world.index_of(node));
    }
    world.split(small);
    world.run(29s);
    CHECK(world.sum().rehomed == 0);
    world.run(20s);
    const auto generation = [&](std::size_t node) {
        const Custody* custody = world.core(node).custody(task);
        return custody == nullptr ? 0 : custody->record.home.generation;
    };
    for (const std::size_t node : small) CHECK(generation(node) == 1);
    world.heal();
    world.run(90s);
    CAPTURE(world.describe(task));
    CHECK(world.accepted_count(task) == 1);
}

// Of so many nodes only the first ones stay; how long a key offered then waits for its result.
Duration key_waits(std::size_t nodes, std::size_t stay, Leaving leaving, Duration gone_for) {
    World world({.nodes = nodes});
    for (std::size_t node = 0; node < stay; ++node) world.serve(node, "quote", 2, 50ms);
    world.run(200ms);
    for (std::size_t node = stay; node < nodes; ++node) world.crash(node);
    world.run(1s);  // they are taken for dead by now
    for (std::size_t node = stay; node < nodes; ++node) world.declare_gone(node, leaving);
    world.run(gone_for);
    const BootTime asked = world.now().boot_time;
    const TaskId task = world.offer(ann, request());
    const bool done = world.run_until([&] { return world.outcome(task).has_value(); }, 60s);
    CAPTURE(nodes, world.describe(task));
    CHECK(done);
    CHECK(world.accepted_count(task) == 1);
    return world.now().boot_time - asked;
}

TEST_CASE("a key waits until most of its custodians have been away for long, and no longer",
          "[auction][keys]") {
    // Two of five, or of nine, stay: of no key are most custodians there.
    for (const std::size_t nodes : {5U, 9U}) {
        CHECK(key_waits(nodes, 2, Leaving::left, 1s) > 25s);
        CHECK(key_waits(nodes, 2, Leaving::left, 40s) < 3s);
    }
}

}  // namespace
}  // namespace starling::auction::test::keys_test
