#include "tests/journal/scratch.hpp"
#include "tests/sim/agents_fixture.hpp"
#include <starling/run_agent.hpp>

#include <catch2/catch.hpp>

#include <atomic>
#include <stdexcept>
#include <thread>

namespace starling::tests::agents_same_test {
namespace {

using Texts = std::vector<std::string>;

// Goes through the calls one after another, and notes what each gave.
struct Tourist : Agent {
    void on_start(Ctx& c) override {
        c.watch("t/");
        c.serve({.skills = {"echo"}});
    }

    void on_change(Ctx& c, const StateChange& change) override {
        if (change.phase == Phase::change) c.note("log", "changed " + change.entry.key);
        if (change.phase == Phase::caught_up) one(c);
    }

    void one(Ctx& c) {
        c.put("t/a", 1, [this, &c](const auto& put) {
            c.note("log", outcome("put", put));
            c.put("", 1, [this, &c](const auto& bad) {
                c.note("log", outcome("no key", bad));
                two(c);
            });
        });
    }

    void on_task(Ctx& c, const Assignment& task) override {
        c.note("log", "runs " + task.key + ", attempt " + std::to_string(task.attempt));
        c.finish(task.award, task.payload);
    }

    void two(Ctx& c) {
        c.put("t/b", std::string(70'000, 'x'), [this, &c](const auto& put) {
            c.note("log", outcome("too long", put));
            c.add("t/n", 4, [this, &c](const auto&) { three(c); });
        });
    }

    void three(Ctx& c) {
        c.get("t/n", [this, &c](const Result<EntryPage>& page) {
            c.note("log", "n is " + std::to_string(page->entries.at(0).sum));
            c.register_cas("r", Value("x"), {.expected = 0}, [this, &c](const auto& cas) {
                c.note("log", "cas " + std::string(name_of(cas->outcome)));
                four(c);
            });
        });
    }

    void four(Ctx& c) {
        c.register_cas("r", Value("y"), {.expected = 0}, [this, &c](const auto& cas) {
            c.note("log", "cas " + std::string(name_of(cas->outcome)));
            c.lease_acquire("l", "tourist", 5s, [this, &c](const Result<Lease>& lease) {
                c.note("log", std::string("lease mine: ") + (lease->mine ? "yes" : "no"));
                five(c);
            });
        });
    }

    void five(Ctx& c) {
        c.call("twice", 4, 2s, [this, &c](const Result<Value>& got) {
            c.note("log", "twice 4 is " + std::to_string(*got->as<std::int64_t>()));
            c.call("nobody", 4, 2s, [this, &c](const auto& none) {
                c.note("log", outcome("nobody", none)), six(c);
            });
        });
    }

    void six(Ctx& c) {
        c.offer(
            {.skill = "echo", .payload = "hello", .key = "k"},
            [&c](const auto& kept) { c.note("log", outcome("offer", kept)); },
            [&c](const Result<TaskInfo>& end) {
                c.note("log", "task " + std::string(name_of(end->state)));
                c.stop();
            });
    }
};

Result<Value> twice(const Value& payload) {
    return Value(*payload.as<std::int64_t>() * 2);
}

TEST_CASE("an agent is told the same on a real node and in a simulated mesh",
          "[sim][agents][same]") {
    const Scratch scratch;
    auto node = Node::open({.data_dir = scratch.path() + "/ann", .log_level = LogLevel::off});
    REQUIRE(node);
    Tourist tourist;
    Texts real;
    RunOptions options;
    options.externals["twice"] = twice;
    options.on_note = [&](const std::string&, const Value& value) {
        real.push_back(*value.as<std::string>());
    };
    REQUIRE(run(*node, tourist, options));

    sim::World world(calm(2));
    world.external("twice", sim::Constant{10ms}, {}, twice);
    world.spawn_on<Tourist>(0);
    const auto report = world.run();
    REQUIRE(report);
    CHECK(texts(*report, "log") == real);
    CHECK(real.back() == "task done");
}

TEST_CASE("what a handler throws on a real node comes out of run", "[sim][agents][same]") {
    const Scratch scratch;
    auto node = Node::open({.data_dir = scratch.path() + "/ann", .log_level = LogLevel::off});
    Actor actor([](Ctx& c) { c.after(1ms, [] { throw std::runtime_error("out of patience"); }); });
    CHECK_THROWS_WITH(run(*node, actor), "out of patience");
}

TEST_CASE("an agent on a node that closes ends with node_closed", "[sim][agents][same]") {
    const Scratch scratch;
    auto node = Node::open({.data_dir = scratch.path() + "/ann", .log_level = LogLevel::off});
    Actor actor([&](Ctx& c) { c.after(1ms, [&] { static_cast<void>(node->close()); }); });
    const auto ended = run(*node, actor);
    REQUIRE_FALSE(ended);
    CHECK(ended.error().name == "node_closed");
}

TEST_CASE("on a real node a slow call times out, and its answer is dropped",
          "[sim][agents][same]") {
    const Scratch scratch;
    auto node = Node::open({.data_dir = scratch.path() + "/ann", .log_level = LogLevel::off});
    std::atomic<bool> over = false;
    Texts got;
    Actor actor([&](Ctx& c) {
        c.call("slow", 1, 20ms, [&](const Result<Value>& answer) {
            got.push_back(outcome("call", answer));
            over = true;
            c.after(50ms, [&] { c.stop(); });
        });
    });
    RunOptions options;
    options.externals["slow"] = [&](const Value& payload) -> Result<Value> {
        while (!over) std::this_thread::yield();
        return payload;
    };
    REQUIRE(run(*node, actor, options));
    CHECK(got == Texts{"call: timed_out"});
}

TEST_CASE("what a recorder heard on a real node plays in a simulated mesh", "[sim][agents][same]") {
    const Scratch scratch;
    const std::string path = scratch.path() + "/calls.cassette";
    const auto script = [](Ctx& c) {
        c.call("twice", 21, 2s, [&c](const Result<Value>& got) {
            c.note("got", *got);
            c.stop();
        });
    };
    Recorder recorder;
    auto node = Node::open({.data_dir = scratch.path() + "/ann", .log_level = LogLevel::off});
    Actor actor(script);
    REQUIRE(run(*node, actor, {.externals = {{"twice", recorder.record("twice", twice)}}}));
    REQUIRE(recorder.cassette().write(path));

    sim::World world(calm(2));
    world.external(*Cassette::read(path));
    world.spawn<Actor>(1, script);
    const auto report = world.run();
    REQUIRE(report->notes.size() == 1);
    CHECK(report->notes[0].value == Value(42));
}

TEST_CASE("a cassette that is not there is an error that names it", "[sim][agents][same]") {
    const auto read = Cassette::read("no/such.cassette");
    REQUIRE_FALSE(read);
    CHECK(read.error().message.find("no/such.cassette") != std::string::npos);
}

}  // namespace
}  // namespace starling::tests::agents_same_test
