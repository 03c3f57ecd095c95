// The life of a task when nobody dies.
#include "auction/retry.hpp"
#include "base/limits.hpp"
#include "tests/auction/world.hpp"

#include <catch2/catch.hpp>

namespace starling::auction::test::life_test {
namespace {

TEST_CASE("an offered task is recorded, awarded, run once and accepted", "[auction]") {
    World world({});
    world.serve(bob, "quote", 1, 10ms);
    world.run(200ms);
    const TaskId task = world.offer(ann, quote());
    world.wait(ann, task);
    world.run(1s);

    REQUIRE(world.is_acknowledged(task));
    REQUIRE(world.finished.size() == 1);
    CHECK(world.finished[0].outcome.ending == Ending::done);
    CHECK(world.finished[0].outcome.result == bytes_of("1"));
    CHECK(world.executions(task) == 1);
    CHECK(world.accepted_count(task) == 1);
    CHECK(world.sum().refused_stale == 0);
    CHECK(world.sum().malformed == 0);
    CHECK(world.refused == 0);
}

TEST_CASE("a mesh of one does its own tasks", "[auction]") {
    World world({.nodes = 1});
    world.serve(ann, "quote", 1, 10ms);
    const TaskId task = world.offer(ann, quote());
    world.run(1s);
    CHECK(world.outcome(task)->ending == Ending::done);
    CHECK(world.sum().messages == 0);
}

TEST_CASE("calls for proposals go only to nodes that advertise the skill and have a worker",
          "[auction]") {
    World world({});
    world.serve(bob, "quote", 1, 500ms);
    world.serve(eve, "translate", 4, 10ms);
    world.run(200ms);
    std::set<std::size_t> asked;
    world.set_filter([&](std::size_t, std::size_t to, Kind kind) {
        if (kind == Kind::cfp) asked.insert(to);
        return true;
    });
    world.offer(ann, quote());
    world.run(100ms);
    CHECK(asked == std::set<std::size_t>{bob});

    asked.clear();
    world.offer(dan, quote());  // bob's only worker is busy
    world.run(100ms);
    CHECK(world.sum().awarded == 1);
}

TEST_CASE("a task that nobody can do waits and says why, and starts when somebody can",
          "[auction]") {
    World world({});
    const TaskId task = world.offer(ann, quote());
    world.run(1s);
    auto view = world.show(dan, task);
    REQUIRE(view);
    CHECK(view->state == TaskState::waiting);
    CHECK(view->reason == WaitReason::no_agent);

    world.serve(eve, "quote", 1, 2s);
    world.run(100ms);
    view = world.show(dan, task);
    CHECK(view->state == TaskState::running);
    CHECK(view->winner == world.id(eve));

    const TaskId second = world.offer(ann, quote());
    world.run(300ms);
    CHECK(world.show(bob, second)->reason == WaitReason::no_worker);
    world.run(5s);
    CHECK(world.outcome(second)->ending == Ending::done);
}

TEST_CASE("an award follows the acknowledgement within milliseconds", "[auction]") {
    World world({});
    for (const std::size_t node : {ann, bob, eve, dan, fay}) world.serve(node, "quote", 4, 10ms);
    world.run(200ms);
    for (std::size_t i = 0; i < 100; ++i) {
        world.offer(i % 5, quote());
        world.run(7ms);
    }
    world.run(1s);
    REQUIRE(world.awarded.size() == 100);
    Duration worst{};
    for (const Awarded& each : world.awarded) worst = std::max(worst, each.after);
    CHECK(worst < 50ms);
    CHECK(world.sum().completed == 100);
}

TEST_CASE("a task costs at most 24 messages", "[auction]") {
    World world({});
    for (const std::size_t node : {ann, bob, eve, dan, fay}) world.serve(node, "quote", 4, 10ms);
    world.run(1s);
    const std::uint64_t before = world.sum().messages;
    for (std::size_t i = 0; i < 200; ++i) {
        world.offer(i % 5, quote());
        world.run(10ms);
    }
    world.run(2s);
    REQUIRE(world.sum().completed == 200);
    const std::uint64_t per_task = (world.sum().messages - before) / 200;
    CAPTURE(per_task);
    CHECK(per_task <= 24);
}

TEST_CASE("while tasks wait at every node, a worker that gets free soon has the next one",
          "[auction]") {
    constexpr std::size_t tasks = 1000;
    constexpr std::size_t workers = 20;
    constexpr Duration run = 20ms;
    World world({.seed = GENERATE(range(1U, 4U))});
    for (const std::size_t node : {ann, bob, eve, dan, fay}) world.serve(node, "quote", 4, run);
    world.run(1s);
    const std::uint64_t before = world.sum().messages;
    const Moment begun = world.now();
    for (std::size_t i = 0; i < tasks; ++i) world.offer(i % 5, quote());
    while (world.sum().completed < tasks && world.now().boot_time - begun.boot_time < 10s) {
        world.run(1ms);
    }
    REQUIRE(world.sum().completed == tasks);
    const Duration took = world.now().boot_time - begun.boot_time;
    const Duration idle = took / static_cast<Duration::rep>(tasks / workers) - run;
    const std::uint64_t per_task = (world.sum().messages - before) / tasks;
    CAPTURE(count_ms(took), count_ms(idle), per_task);
    CHECK(idle < 3ms);
    CHECK(per_task <= 18);
}

TEST_CASE("one key is one task, wherever it is offered", "[auction]") {
    World world({.seed = GENERATE(range(1U, 9U))});
    world.serve(bob, "quote", 2, 50ms);
    world.run(200ms);
    TaskSpec spec = quote();
    spec.key = "request-17";
    const TaskId first = world.offer(ann, spec);
    const TaskId second = world.offer(dan, spec);  // at the same moment
    CHECK(first == second);
    world.wait(dan, second);
    world.run(1s);
    const TaskId third = world.offer(eve, spec);  // after its end
    world.wait(eve, third);
    world.run(5s);
    CHECK(world.answers.size() == 3);
    CHECK(world.executions(first) == 1);
    CHECK(world.accepted_count(first) == 1);
    REQUIRE(world.finished.size() == 2);
    CHECK(world.finished[0].outcome == world.finished[1].outcome);
}

TEST_CASE("a long task keeps its lease", "[auction]") {
    World world({});
    world.serve(bob, "quote", 1, 30s);
    world.serve(eve, "quote", 1, 30s);
    world.run(200ms);
    const TaskId task = world.offer(ann, quote());
    world.run(32s);
    CHECK(world.executions(task) == 1);
    CHECK(world.outcome(task)->ending == Ending::done);
}

TEST_CASE("a failed task is tried again, and is a dead letter with its history in the end",
          "[auction]") {
    World world({});
    world.serve(bob, "quote", 1, 10ms);
    world.serve(eve, "quote", 1, 10ms);
    world.set_handler([](World& w, std::size_t node, const Assignment& assignment) {
        w.at(5ms, [&w, node, assignment] { w.fail(node, assignment, {"no such sku", true}); });
    });
    world.run(200ms);
    TaskSpec spec = quote();
    spec.attempts_max = 3;
    const TaskId task = world.offer(ann, spec);
    world.run(30s);
    REQUIRE(world.outcome(task));
    CHECK(world.outcome(task)->ending == Ending::dead);
    CHECK(world.outcome(task)->reason == "attempts: no such sku");
    CHECK(world.executions(task) == 3);
    const auto view = world.show(fay, task);
    REQUIRE(view->attempts.size() == 3);
    for (const Attempt& attempt : view->attempts) CHECK(attempt.end == AttemptEnd::failed);

    const Listed dead = world.list(dan, {.filter = ListFilter::dead, .after = {}});
    REQUIRE(dead.views.size() == 1);
    CHECK(dead.views[0].id == task);
}

TEST_CASE("a failure that is not retryable is a dead letter at once", "[auction]") {
    World world({});
    world.serve(bob, "quote", 1, 10ms);
    world.set_handler([](World& w, std::size_t node, const Assignment& assignment) {
        w.fail(node, assignment, {"malformed", false});
    });
    world.run(200ms);
    const TaskId task = world.offer(ann, quote());
    world.run(1s);
    CHECK(world.executions(task) == 1);
    CHECK(world.outcome(task)->reason == "failed: malformed");
}

TEST_CASE("an attempt that runs over its limit ends and counts", "[auction]") {
    World world({});
    world.serve(bob, "quote", 1, 1h);
    world.run(200ms);
    TaskSpec spec = quote();
    spec.run_limit = 300ms;
    spec.attempts_max = 1;
    const TaskId task = world.offer(ann, spec);
    world.run(2s);
    CHECK(world.outcome(task)->ending == Ending::dead);
    REQUIRE(world.stopped.size() == 1);
    CHECK(world.stopped[0].reason == StopReason::run_limit);
}

TEST_CASE("a task that is not done by its deadline is a dead letter", "[auction]") {
    World world({});
    TaskSpec spec = quote();
    spec.deadline = 2s;
    const TaskId task = world.offer(ann, spec);
    world.wait(ann, task);
    world.run(3s);
    REQUIRE(world.outcome(task));
    CHECK(world.outcome(task)->ending == Ending::dead);
    CHECK(world.finished.size() == 1);
    CHECK(world.sum().executed == 0);
}

TEST_CASE("whoever heard that a task is done sees it done", "[auction]") {
    World world({.seed = GENERATE(range(1U, 9U))});
    world.serve(bob, "quote", 1, 50ms);
    world.run(200ms);
    const TaskId task = world.offer(ann, quote());
    world.wait(ann, task);
    REQUIRE(world.run_until([&] { return !world.finished.empty(); }, 5s));
    const auto shown = world.show(eve, task);
    REQUIRE(shown);
    CHECK(shown->state == TaskState::done);
    CHECK(shown->result == world.finished[0].outcome.result);
    CHECK(shown->executions == 1);
}

TEST_CASE("a cancelled task is never accepted", "[auction]") {
    const std::size_t server = GENERATE(ann, bob);
    const std::size_t canceller = GENERATE(ann, dan);
    World world({});
    world.serve(server, "quote", 1, 3s);
    world.run(200ms);
    const TaskId task = world.offer(ann, quote());
    world.run(500ms);
    world.cancel(canceller, task);
    world.run(10s);
    REQUIRE(world.cancelled.size() == 1);
    CHECK(world.cancelled[0].verdict == CancelVerdict::cancelled);
    CHECK(world.outcome(task)->ending == Ending::cancelled);
    CHECK(world.sum().completed == 0);
    REQUIRE(world.stopped.size() == 1);
    CHECK(world.stopped[0].reason == StopReason::cancelled);
}

TEST_CASE("cancelling a finished or an unknown task says so", "[auction]") {
    World world({});
    world.serve(bob, "quote", 1, 10ms);
    world.run(200ms);
    const TaskId task = world.offer(ann, quote());
    world.run(1s);
    world.cancel(dan, task);
    world.cancel(dan, keyed_id("never offered"));
    world.run(3s);
    REQUIRE(world.cancelled.size() == 2);
    for (const CancelAnswer& each : world.cancelled) {
        CHECK(each.verdict ==
              (each.task == task ? CancelVerdict::too_late : CancelVerdict::not_found));
    }
}

TEST_CASE("waiting tasks start in order of priority, and age lifts them", "[auction]") {
    World world({});
    const auto offer = [&](std::uint8_t priority) {
        TaskSpec spec = quote();
        spec.priority = priority;
        return world.offer(ann, spec);
    };
    const TaskId old_low = offer(0);
    world.run(25s);
    const TaskId low = offer(0);
    const TaskId high = offer(9);
    const TaskId middle = offer(2);
    world.run(1s);
    world.serve(bob, "quote", 1, 20ms);
    world.run(5s);
    REQUIRE(world.executed.size() == 4);
    CHECK(world.executed[0].task == high);
    CHECK(world.executed[1].task == old_low);
    CHECK(world.executed[2].task == middle);
    CHECK(world.executed[3].task == low);
}

TEST_CASE("a worker that goes away hands its task back without a failure", "[auction]") {
    World world({});
    world.serve(bob, "quote", 1, 10s);
    world.run(200ms);
    const TaskId task = world.offer(ann, quote());
    world.run(200ms);
    world.stop_serving(bob);
    world.serve(eve, "quote", 1, 10ms);
    world.run(3s);
    CHECK(world.outcome(task)->result == bytes_of("2"));
    CHECK(failures_in(world.show(ann, task)->attempts) == 0);
}

TEST_CASE("every node lists every task, page by page", "[auction]") {
    World world({});
    for (const std::size_t node : {bob, eve}) world.serve(node, "quote", 4, 5ms);
    world.run(200ms);
    std::set<TaskId> offered;
    for (std::size_t i = 0; i < 60; ++i) {
        offered.insert(world.offer(i % 5, quote()));
        world.run(5ms);
    }
    world.run(1s);
    std::set<TaskId> listed;
    ListRequest request{.after = {}, .limit = 7};
    for (bool more = true; more;) {
        const Listed page = world.list(fay, request);
        CHECK_FALSE(page.partial);
        more = page.more;
        for (const TaskView& view : page.views) {
            CHECK(view.state == TaskState::done);
            listed.insert(view.id);
            request.after = view.id;
        }
    }
    CHECK(listed == offered);
}

TEST_CASE("a list says partial when a node does not answer", "[auction]") {
    World world({});
    world.pause(eve);
    CHECK(world.list(ann, {.after = {}}).partial);
}

TEST_CASE("a payload and a result of exactly the limit pass", "[auction]") {
    World world({});
    world.serve(bob, "quote", 1, 10ms);
    world.set_handler([](World& w, std::size_t node, const Assignment& assignment) {
        w.finish(node, assignment, Bytes(limits::encoded_value_bytes, 7));
    });
    world.run(200ms);
    TaskSpec spec = quote();
    spec.payload = Bytes(limits::encoded_value_bytes, 1);
    const TaskId task = world.offer(ann, spec);
    world.run(1s);
    CHECK(world.outcome(task)->result.size() == limits::encoded_value_bytes);
    spec.payload.push_back(1);
    CHECK(fault_of(spec) == SpecFault::payload_too_large);
}

}  // namespace
}  // namespace starling::auction::test::life_test
