// What a task survives.
#include "tests/auction/world.hpp"

#include <catch2/catch.hpp>

namespace starling::auction::test::faults_test {
namespace {

// Everybody serves; ann's task runs somewhere for `run`.
struct Story {
    explicit Story(Duration run, WorldOptions options = {}) : world(options) {
        for (std::size_t node = 0; node < options.nodes; ++node) world.serve(node, "quote", 2, run);
        world.run(200ms);
    }

    // Offers at `announcer` until the task runs at another node than those in `not_at`.
    TaskId start(std::size_t announcer, const std::set<std::size_t>& not_at) {
        for (int i = 0; i < 100; ++i) {
            task = world.offer(announcer, quote());
            world.run(20ms);
            winner = world.executed.back().node;
            if (world.executed.back().task == task && !not_at.contains(winner)) return task;
            world.cancel(announcer, task);
            world.run(50ms);
        }
        FAIL("never ran elsewhere");
        return task;
    }

    void check_once(Ending ending = Ending::done) const {
        REQUIRE(world.outcome(task));
        CHECK(world.outcome(task)->ending == ending);
        CHECK(world.accepted_count(task) == 1);
        CHECK(world.sum().completed_twice == 0);
        CHECK(world.sum().malformed == 0);
        CHECK(world.refused == 0);
    }

    World world;
    TaskId task;
    std::size_t winner = 0;
};

TEST_CASE("a task is run elsewhere when its winner dies", "[auction][faults]") {
    Story story(1s);
    story.start(ann, {ann});
    story.world.crash(story.winner);
    story.world.run(5s);
    story.check_once();
    CHECK(story.world.executions(story.task) == 2);
    CHECK(story.world.sum().reassigned == 1);
}

TEST_CASE("a winner that restarts before anybody noticed has lost its task", "[auction][faults]") {
    Story story(1s, {.detect = 10s});
    story.start(ann, {ann});
    story.world.crash(story.winner);
    story.world.restart(story.winner);
    story.world.run(3s);
    story.check_once();
    CHECK(story.world.executions(story.task) == 2);
}

TEST_CASE("a task is run elsewhere when its winner leaves", "[auction][faults]") {
    Story story(1s);
    story.start(ann, {ann});
    story.world.step(story.winner,
                     [](Auctions& core, Moment now, Effects& out) { core.drain(now, out); });
    story.world.run(5s);
    story.check_once();
    CHECK(story.world.executions(story.task) == 2);
}

TEST_CASE("a winner that stands still for 8 s is refused as stale when it goes on",
          "[auction][faults]") {
    Story story(1s, {.seed = GENERATE(1U, 2U, 3U, 4U, 5U)});
    story.start(ann, {ann});
    const bool detected = GENERATE(true, false);
    story.world.pause(story.winner);
    if (detected) story.world.at(6s, [&] { story.world.declare_gone(story.winner); });
    story.world.run(8s);
    story.world.resume(story.winner);
    if (detected) story.world.declare_alive(story.winner);
    story.world.run(10s);

    story.check_once();
    CHECK(story.world.executions(story.task) == 2);
    CHECK(story.world.sum().refused_stale == 1);
    const auto view = story.world.show(dan, story.task);
    REQUIRE(view);
    CHECK(view->executions == 2);
    CHECK(view->refused == 1);
    CHECK(std::count_if(view->attempts.begin(), view->attempts.end(),
                        [](const Attempt& each) { return each.end == AttemptEnd::done; }) == 1);
}

TEST_CASE("a stopped node that is runner and winner at once is refused as stale",
          "[auction][faults]") {
    Story story(1s, {.seed = GENERATE(1U, 2U, 3U)});
    story.start(ann, {bob, eve, dan, fay});
    story.world.pause(ann);
    story.world.at(6s, [&] { story.world.declare_gone(ann); });
    story.world.run(8s);
    story.world.resume(ann);
    story.world.declare_alive(ann);
    story.world.run(15s);

    story.check_once();
    CHECK(story.world.executions(story.task) == 2);
    CHECK(story.world.sum().refused_stale == 1);
    const auto view = story.world.show(dan, story.task);
    CHECK(view->executions == 2);
    CHECK(view->refused == 1);
}

TEST_CASE("a stop of 3 s costs nobody a task", "[auction][faults]") {
    Story story(10s);
    story.start(ann, {ann});
    story.world.pause(story.winner);
    story.world.run(3s);
    story.world.resume(story.winner);
    story.world.run(10s);
    story.check_once();
    CHECK(story.world.executions(story.task) == 1);
}

TEST_CASE("a running task goes on when its announcer dies", "[auction][faults]") {
    Story story(3s, {.seed = GENERATE(1U, 2U, 3U, 4U)});
    story.start(ann, {ann});
    story.world.crash(ann);
    story.world.run(10s);
    story.check_once();
    CHECK(story.world.executions(story.task) == 1);
    CHECK(story.world.sum().adopted >= 1);
}

TEST_CASE("a waiting task is adopted when its announcer dies", "[auction][faults]") {
    World world({.seed = GENERATE(1U, 2U, 3U, 4U)});
    const TaskId task = world.offer(ann, quote());
    world.run(500ms);
    world.crash(ann);
    world.run(3s);
    world.serve(bob, "quote", 1, 10ms);
    world.run(1s);
    REQUIRE(world.outcome(task));
    CHECK(world.outcome(task)->ending == Ending::done);
    CHECK(world.executions(task) == 1);
}

TEST_CASE("announcer and winner may die together", "[auction][faults]") {
    Story story(1s, {.seed = GENERATE(1U, 2U, 3U, 4U)});
    story.start(ann, {ann});
    story.world.crash(ann);
    story.world.crash(story.winner);
    story.world.run(40s);  // the two may be the majority of its custodians: then it moves
    story.check_once();
    CHECK(story.world.executions(story.task) == 2);
}

TEST_CASE("whoever waited for a task hears its end after a takeover", "[auction][faults]") {
    Story story(2s);
    story.start(ann, {ann});
    story.world.wait(ann, story.task);
    // ann is taken for dead, wrongly: somebody else runs the task from now on.
    for (const std::size_t node : {bob, eve, dan, fay}) {
        story.world.step(node, [&](Auctions& core, Moment now, Effects& out) {
            core.on_member_gone(story.world.id(ann), Leaving::dead, now, out);
        });
    }
    story.world.run(1s);
    story.world.declare_alive(ann);
    story.world.run(10s);
    story.check_once();
    REQUIRE(story.world.finished.size() == 1);
    CHECK(story.world.finished[0].outcome == *story.world.outcome(story.task));
}

TEST_CASE("the death of all nodes loses nothing acknowledged", "[auction][faults]") {
    WorldOptions options;
    options.seed = GENERATE(1U, 2U, 3U, 4U, 5U, 6U);
    World world(options);
    for (const std::size_t node : {ann, bob, eve, dan, fay}) world.serve(node, "quote", 2, 40ms);
    world.run(200ms);
    for (std::size_t i = 0; i < 60; ++i) {
        world.offer(i % 5, quote());
        world.run(3ms);
    }
    for (const std::size_t node : {ann, bob, eve, dan, fay}) world.crash(node);
    world.run(1s);
    for (const std::size_t node : {ann, bob, eve, dan, fay}) world.restart(node);
    world.run(60s);
    REQUIRE_FALSE(world.acknowledged().empty());
    for (const TaskId& task : world.acknowledged()) {
        REQUIRE(world.outcome(task));
        CHECK(world.outcome(task)->ending == Ending::done);
        CHECK(world.accepted_count(task) == 1);
    }
    CHECK(world.sum().completed_twice == 0);
}

TEST_CASE("a result that was not accepted is offered again after a restart", "[auction][faults]") {
    Story story(500ms);
    story.start(ann, {ann});
    // ann and her custodians hear of nothing from now on.
    story.world.set_filter(
        [](std::size_t, std::size_t, Kind kind) { return kind != Kind::inform; });
    story.world.run(600ms);
    for (const std::size_t node : {ann, bob, eve, dan, fay}) story.world.crash(node);
    story.world.set_filter(nullptr);
    story.world.run(1s);
    for (const std::size_t node : {ann, bob, eve, dan, fay}) story.world.restart(node);
    story.world.run(30s);
    story.check_once();
    CHECK(story.world.executions(story.task) == 1);
}

TEST_CASE("a winner cut off from everybody is replaced and refused", "[auction][faults]") {
    Story story(2s, {.detect = 1s});
    story.start(ann, {ann});
    story.world.isolate(story.winner);
    story.world.run(10s);
    story.world.heal();
    story.world.run(10s);
    story.check_once();
    CHECK(story.world.executions(story.task) == 2);
    CHECK(story.world.sum().refused_stale == 1);
}

TEST_CASE("a worker whose task others did while it was cut off is told to stop",
          "[auction][faults]") {
    const Duration run = GENERATE(2s, 8s, 40s);
    const bool done = GENERATE(true, false);
    Story story(run, {.detect = 1s});
    story.start(ann, {ann});
    story.world.set_handler([&](World& world, std::size_t node, const Assignment& assignment) {
        if (done) world.finish(node, assignment, Bytes{1});
    });
    const std::size_t loser = story.winner;
    story.world.isolate(loser);
    story.world.run(10s);
    story.world.heal();
    story.world.run(10s);
    const auto& stopped = story.world.stopped;
    const auto told = std::count_if(stopped.begin(), stopped.end(), [&](const Stopped& each) {
        return each.task == story.task && each.reason == StopReason::lost;
    });
    CHECK(told == (run > 10s ? 1 : 0));
}

TEST_CASE("nobody reports under an epoch that was awarded to another", "[auction][faults]") {
    World world({});
    world.serve(bob, "quote", 1, 10ms);
    world.set_handler([](World& w, std::size_t node, const Assignment& assignment) {
        w.fail(node, assignment, {"not yet", true});
    });
    world.run(200ms);
    const TaskId task = world.offer(ann, quote());
    REQUIRE(world.run_until([&] { return world.sum().retried == 1; }, 1s));
    world.run(5ms);
    const auto forged = [&](std::size_t liar) {
        world.step(ann, [&](Auctions& core, Moment now, Effects& out) {
            const Inform inform{task, world.executed[0].epoch, Bytes{9}, {}};
            CHECK(core.on_inform(world.id(liar), inform, now, out) == Verdict::not_invited);
        });
    };
    forged(eve);
    forged(ann);
    world.run(10s);
    CHECK(world.outcome(task)->ending == Ending::dead);
    CHECK(world.show(dan, task)->refused == 0);
}

TEST_CASE("an announcer cut off from everybody accepts nothing", "[auction][faults]") {
    Story story(1s, {.seed = GENERATE(1U, 2U, 3U), .detect = 300ms});
    story.start(ann, {});
    story.world.isolate(ann);
    story.world.run(10s);
    story.world.heal();
    story.world.run(20s);
    story.check_once();
}

TEST_CASE("a task moves to other custodians after 30 s without a majority of its own",
          "[auction][faults]") {
    World world({.nodes = 7});
    const TaskId task = world.offer(ann, quote());
    world.run(1s);
    const auto list = world.show(ann, task)->custodians;
    REQUIRE(list.size() == 3);
    std::vector<std::size_t> gone;
    for (const NodeId& node : list) {
        const std::size_t index = world.index_of(node);
        if (index != ann && gone.size() < 2) gone.push_back(index);
    }
    for (const std::size_t node : gone) world.crash(node);
    world.run(20s);
    CHECK(world.sum().rehomed == 0);
    world.run(20s);
    CHECK(world.sum().rehomed == 1);
    for (std::size_t node = 0; node < 7; ++node) {
        if (world.is_up(node)) world.serve(node, "quote", 1, 10ms);
    }
    world.run(2s);
    REQUIRE(world.outcome(task));
    CHECK(world.outcome(task)->ending == Ending::done);
    CHECK(world.show(world.index_of(list[0]) == gone[0] ? ann : world.index_of(list[0]), task)
              ->generation == 2);
    // The old custodians come back: they learn the end and run nothing.
    for (const std::size_t node : gone) world.restart(node);
    world.run(30s);
    CHECK(world.executions(task) == 1);
    CHECK(world.accepted_count(task) == 1);
    CHECK(world.sum().completed_twice == 0);
}

TEST_CASE("a second acceptance after a move is counted", "[auction][faults]") {
    World world({.nodes = 7});
    const TaskId task = world.offer(ann, quote());
    world.run(1s);
    std::vector<std::size_t> list;
    const auto shown = world.show(ann, task);
    REQUIRE(shown);
    for (const NodeId& node : shown->custodians) list.push_back(world.index_of(node));
    // Two of three custodians are cut off together with a worker; the rest moves the task.
    std::set<std::size_t> island;
    for (const std::size_t node : list) {
        if (node != ann && island.size() < 2) island.insert(node);
    }
    for (std::size_t node = 1; island.size() < 3; ++node) {
        if (!std::count(list.begin(), list.end(), node)) island.insert(node);
    }
    world.split(island);
    world.run(5s);
    world.serve(*island.rbegin(), "quote", 1, 10ms);
    for (std::size_t node = 0; node < 7; ++node) {
        if (!island.contains(node)) world.serve(node, "quote", 1, 10ms);
    }
    world.run(60s);
    world.heal();
    world.run(30s);
    CHECK(world.executions(task) == 2);
    CHECK(world.sum().completed_twice >= 1);
}

TEST_CASE("lost, repeated and overtaking messages change nothing", "[auction][faults]") {
    WorldOptions options;
    options.seed = GENERATE(range(1U, 21U));
    options.drop = 50;
    options.duplicate = 100;
    options.reorder = true;
    options.latency_max = 20ms;
    World world(options);
    for (const std::size_t node : {ann, bob, eve, dan, fay}) world.serve(node, "quote", 2, 20ms);
    world.run(500ms);
    for (std::size_t i = 0; i < 40; ++i) {
        world.offer(i % 5, quote());
        world.run(20ms);
    }
    world.run(90s);
    CAPTURE(options.seed);
    for (const TaskId& task : world.acknowledged()) {
        REQUIRE(world.outcome(task));
        CHECK(world.outcome(task)->ending == Ending::done);
        CHECK(world.accepted_count(task) == 1);
    }
    CHECK(world.acknowledged().size() == 40);
    std::set<std::pair<TaskId, Epoch>> once;
    for (const Execution& each : world.executed) {
        CHECK(once.emplace(each.task, each.epoch).second);
    }
}

}  // namespace
}  // namespace starling::auction::test::faults_test
