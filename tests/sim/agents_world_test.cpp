#include "tests/sim/agents_fixture.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <stdexcept>

namespace starling::tests::agents_world_test {
namespace {

using Texts = std::vector<std::string>;

sim::Report run_of(const sim::Scenario& scenario, std::uint32_t agents, Actor::Script script) {
    sim::World world(scenario);
    world.spawn<Actor>(agents, std::move(script));
    const auto report = world.run();
    REQUIRE(report);
    return *report;
}

TEST_CASE("an agent begins on every node, once", "[sim][agents]") {
    const auto report = run_of(calm(3), 3, [](Ctx& c) { c.note("node", c.node()); });
    auto nodes = texts(report, "node");
    CHECK(nodes.size() == 3);
    std::ranges::sort(nodes);
    CHECK(std::ranges::adjacent_find(nodes) == nodes.end());
    CHECK(report.ok());
}

TEST_CASE("of more agents than nodes the first node has two", "[sim][agents]") {
    const auto report = run_of(calm(3), 4, [](Ctx& c) { c.note("begun", 1); });
    CHECK(std::ranges::count(report.notes, 0U, &sim::Note::node) == 2);
    CHECK(std::ranges::count(report.notes, 2U, &sim::Note::node) == 1);
}

struct Reader : Agent {
    void on_start(Ctx& c) override { c.watch("price/"); }

    void on_change(Ctx& c, const StateChange& change) override {
        if (change.phase == Phase::change) c.note("saw", change.entry.key);
        if (change.phase == Phase::caught_up) c.note("saw", "everything before");
    }
};

TEST_CASE("what one agent puts another one sees, in order", "[sim][agents]") {
    sim::World world(calm());
    world.spawn_on<Reader>(1);
    world.spawn_on<Actor>(0, [](Ctx& c) {
        c.after(2s, [&c] {
            c.put("price/a", 1);
            c.put("price/b", 2);
        });
    });
    world.eventually("it is everywhere", 5s, [](const sim::View& view) {
        return view.value(2, "price/b") == Value(2) && view.keys(2, "price/").size() == 2;
    });
    const auto report = world.run();
    REQUIRE(report);
    CHECK(texts(*report, "saw") == Texts{"everything before", "price/a", "price/b"});
    CHECK(report->ok());
}

TEST_CASE("a stream that was ended brings nothing more", "[sim][agents]") {
    struct Fickle : Agent {
        void on_start(Ctx& c) override {
            const StreamId stream = c.watch("price/");
            c.after(1s, [&c, stream] { c.end(stream); });
            c.after(2s, [&c] { c.put("price/a", 1); });
        }

        void on_change(Ctx& c, const StateChange& /*change*/) override { c.note("item", 1); }
    };

    sim::World world(calm());
    world.spawn<Fickle>(1);
    CHECK(world.run()->notes.size() == 1);  // caught up
}

TEST_CASE("a crash takes the agent along, the next process has a fresh one", "[sim][agents]") {
    struct Counter : Agent {
        void on_start(Ctx& c) override {
            c.note("ticks before", ticks);
            tick(c);
        }

        void tick(Ctx& c) {
            ++ticks;
            c.after(100ms, [this, &c] { tick(c); });
        }

        std::int64_t ticks = 0;
    };

    sim::World world(faulty("[at 5s] crash node 1 for 3s\n"));
    world.spawn_on<Counter>(0);
    const auto report = world.run();
    REQUIRE(report->notes.size() == 2);
    CHECK(report->notes[0].value == Value(0));
    CHECK(report->notes[1].value == Value(0));
    CHECK(report->notes[1].at >= 8s);
}

TEST_CASE("a paused process runs no timer, and those that were due when it goes on",
          "[sim][agents]") {
    struct Ticker : Agent {
        void on_start(Ctx& c) override {
            c.after(100ms, [this, &c] {
                c.note("tick", 1);
                on_start(c);
            });
        }
    };

    sim::World world(faulty("[at 5s] pause node 1 for 3s\n"));
    world.spawn_on<Ticker>(0);
    const auto ticks = times(*world.run(), "tick");
    const auto inside = [](auto at) { return at > 5s && at < 8s; };
    CHECK(std::ranges::none_of(ticks, inside));
    CHECK(std::ranges::any_of(ticks, [](auto at) { return at >= 8s && at < 8050ms; }));
}

TEST_CASE("a timer waits for the machine's own clock", "[sim][agents]") {
    const auto script = [](Ctx& c) {
        c.after(2s, [&c] {
            const auto begun = c.now();
            c.after(4s, [&c, begun] { c.note("late enough", c.now() - begun >= 4s); });
        });
    };
    const auto report = run_of(faulty("[at 1s] drift node 1 -50ms for 12s\n"), 1, script);
    REQUIRE(report.notes.size() == 1);
    CHECK(report.notes[0].value == Value(true));
    CHECK(report.notes[0].at > 6200ms);
}

TEST_CASE("a timer that was cancelled does not fire", "[sim][agents]") {
    const auto report = run_of(calm(), 1, [](Ctx& c) {
        const TimerId timer = c.after(1s, [&c] { c.note("fired", 1); });
        c.after(500ms, [&c, timer] { c.cancel_timer(timer); });
    });
    CHECK(report.notes.empty());
}

TEST_CASE("no answer comes inside the call that asks", "[sim][agents]") {
    const auto report = run_of(calm(), 1, [](Ctx& c) {
        c.note("order", "asks");
        c.put("", 1, [&c](const Result<Written>& put) { c.note("order", outcome("put", put)); });
        c.call("nobody", 1, 1s,
               [&c](const Result<Value>& got) { c.note("order", outcome("call", got)); });
        c.note("order", "asked");
    });
    const auto order = texts(report, "order");
    REQUIRE(order.size() == 4);
    CHECK(order[0] == "asks");
    CHECK(order[1] == "asked");
}

TEST_CASE("an agent that stopped hears nothing any more", "[sim][agents]") {
    const auto report = run_of(calm(), 1, [](Ctx& c) {
        c.after(1s, [&c] { c.note("fired", 1); });
        c.put("a", 1, [&c](const Result<Written>&) { c.note("answered", 1); });
        c.stop();
    });
    CHECK(report.notes.empty());
}

TEST_CASE("equal scenarios give equal trace hashes, another seed another one", "[sim][agents]") {
    const auto hash = [](std::uint64_t seed) {
        sim::Scenario scenario;
        scenario.seed = seed;
        scenario.duration = 20s;
        return run_of(scenario, 3,
                      [](Ctx& c) { c.after(c.random().between(0s, 5s), [&c] { c.add("n", 1); }); })
            .trace_hash;
    };
    CHECK(hash(1) == hash(1));
    CHECK(hash(1) != hash(2));
}

TEST_CASE("an agent that throws breaks a rule, and its process starts again", "[sim][agents]") {
    const auto report = run_of(calm(), 1, [](Ctx& c) {
        c.note("begun", 1);
        c.after(3s, [] { throw std::runtime_error("out of patience"); });
    });
    REQUIRE(report.broken.size() == 1);
    CHECK(report.broken[0].rule == "agents_do_not_throw");
    CHECK(report.broken[0].what.find("out of patience") != std::string::npos);
    CHECK(report.notes.size() > 1);
}

TEST_CASE("an agent that asks again at once, for ever, is stopped and told so", "[sim][agents]") {
    struct Nag : Agent {
        void on_start(Ctx& c) override {
            c.call("nobody", 1, 1s, [this, &c](const Result<Value>&) { on_start(c); });
        }
    };

    sim::World world(calm());
    world.spawn<Nag>(1);
    const auto report = world.run();
    REQUIRE(report->broken.size() == 1);
    CHECK(report->broken[0].rule == "agents_let_time_pass");
}

TEST_CASE("work that one agent offers another one does", "[sim][agents]") {
    struct Worker : Agent {
        void on_start(Ctx& c) override { c.serve({.skills = {"double"}}); }

        void on_task(Ctx& c, const Assignment& task) override {
            c.finish(task.award, *task.payload.as<std::int64_t>() * 2);
        }
    };

    sim::World world(calm());
    world.spawn_on<Worker>(2);
    world.spawn_on<Actor>(0, [](Ctx& c) {
        c.offer(
            {.skill = "double", .payload = 21},
            [&c](const Result<TaskInfo>& kept) { c.note("told", outcome("kept", kept)); },
            [&c](const Result<TaskInfo>& end) { c.note("result", *end->result); });
    });
    world.eventually("the task is done", 5s, [](const sim::View& view) {
        const auto tasks = view.tasks();
        return tasks.size() == 1 && tasks[0].state == TaskState::done;
    });
    const auto report = world.run();
    CHECK(report->ok());
    REQUIRE(report->notes.size() == 2);
    CHECK(report->notes[0].value == Value("kept: ok"));
    CHECK(report->notes[1].value == Value(42));
}

TEST_CASE("behind a partition a register gives no quorum, with it again it answers",
          "[sim][agents]") {
    const auto script = [](Ctx& c) {
        c.after(6s, [&c] {
            c.register_cas("r", Value(1), {.timeout = 1s}, [&c](const Result<RegisterState>& cas) {
                c.note("cas", outcome("cut off", cas));
            });
        });
        c.after(17s, [&c] {
            c.register_get("r", [&c](const Result<RegisterState>& get) {
                c.note("cas", outcome("healed", get));
            });
        });
    };
    const auto report = run_of(faulty("[at 5s] partition {1} | {2,3} for 4s\n"), 1, script);
    CHECK(texts(report, "cas") == Texts{"cut off: no_quorum", "healed: ok"});
}

TEST_CASE("a worker without a skill is refused by name", "[sim][agents]") {
    struct Idle : Agent {
        void on_start(Ctx& c) override { c.serve({}); }

        void on_error(Ctx& c, const Error& error) override { c.note("error", error.name); }
    };

    sim::World world(calm());
    world.spawn<Idle>(1);
    CHECK(texts(*world.run(), "error") == Texts{"worker_refused"});
}

TEST_CASE("members come to an agent that watches them", "[sim][agents]") {
    struct Watcher : Agent {
        void on_start(Ctx& c) override { c.watch_members(); }

        void on_member(Ctx& c, const MemberEvent& event) override {
            if (event.phase == Phase::change && event.member.state == MemberState::dead) {
                c.note("dead", event.member.id);
            }
        }
    };

    sim::World world(faulty("[at 5s] crash node 3 for 9s\n"));
    world.spawn_on<Watcher>(0);
    CHECK(texts(*world.run(), "dead").size() == 1);
}

}  // namespace
}  // namespace starling::tests::agents_world_test
