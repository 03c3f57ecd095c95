#include "base/rng.hpp"
#include "node/cassette_bytes.hpp"
#include "sim/agents/answer_time.hpp"
#include "tests/sim/agents_fixture.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <stdexcept>

namespace starling::tests::agents_outside_test {
namespace {

using Texts = std::vector<std::string>;

External doubled() {
    return [](const Value& payload) { return Value(*payload.as<std::int64_t>() * 2); };
}

Actor::Script ask(const std::string& name, std::chrono::nanoseconds timeout) {
    return [name, timeout](Ctx& c) {
        c.call(name, 21, timeout,
               [&c](const Result<Value>& got) { c.note("got", outcome("call", got)); });
    };
}

TEST_CASE("a call answers after the time of its model", "[sim][agents][outside]") {
    sim::World world(calm());
    world.external("model", sim::Constant{2s}, {}, doubled());
    world.spawn<Actor>(1, [](Ctx& c) {
        const auto asked = c.now();
        c.call("model", 21, 5s, [&c, asked](const Result<Value>& got) {
            c.note("answer", *got);
            c.note("on time", c.now() - asked >= 2s && c.now() - asked < 2001ms);
        });
    });
    const auto report = world.run();
    REQUIRE(report->notes.size() == 2);
    CHECK(report->notes[0].value == Value(42));
    CHECK(report->notes[1].value == Value(true));
}

TEST_CASE("a call that takes too long times out, and its answer is dropped",
          "[sim][agents][outside]") {
    sim::World world(calm());
    world.external("model", sim::Constant{2s}, {}, doubled());
    world.spawn<Actor>(1, ask("model", 1s));
    CHECK(texts(*world.run(), "got") == Texts{"call: timed_out"});
}

TEST_CASE("a name that nothing answers to is an error", "[sim][agents][outside]") {
    sim::World world(calm());
    world.spawn<Actor>(1, ask("model", 1s));
    CHECK(texts(*world.run(), "got") == Texts{"call: external_unknown"});
}

TEST_CASE("a model that throws is an error of the call", "[sim][agents][outside]") {
    sim::World world(calm());
    world.external("model", sim::Constant{}, {},
                   [](const Value&) -> Result<Value> { throw std::runtime_error("no"); });
    world.spawn<Actor>(1, ask("model", 1s));
    CHECK(texts(*world.run(), "got") == Texts{"call: external_threw"});
}

TEST_CASE("the sixty-fifth call under way is refused", "[sim][agents][outside]") {
    sim::World world(calm());
    world.external("model", sim::Constant{1s}, {}, doubled());
    world.spawn<Actor>(1, [](Ctx& c) {
        for (int call = 0; call < 65; ++call) ask("model", 5s)(c);
    });
    const auto got = texts(*world.run(), "got");
    CHECK(std::ranges::count(got, "call: ok") == 64);
    CHECK(std::ranges::count(got, "call: externals_waiting") == 1);
}

TEST_CASE("a share of the calls fails, half of those without the model being asked",
          "[sim][agents][outside]") {
    sim::World world(calm());
    auto asked = std::make_shared<int>(0);
    world.external("model", sim::Constant{1ms}, sim::percent(20), [asked](const Value& payload) {
        ++*asked;
        return payload;
    });
    world.spawn<Actor>(1, [](Ctx& c) {
        for (int call = 0; call < 1000; ++call) {
            c.after(call * 5ms, [&c] { ask("model", 1s)(c); });
        }
    });
    const auto got = texts(*world.run(), "got");
    const auto failed = std::ranges::count(got, "call: external_failed");
    CHECK(failed > 150);
    CHECK(failed < 250);
    CHECK(*asked > 850);
    CHECK(*asked < 950);
}

TEST_CASE("the lognormal model has its median and its 99th percentile", "[sim][agents][outside]") {
    Rng rng(1);
    std::vector<Duration> drawn;
    for (int i = 0; i < 20'000; ++i) drawn.push_back(sim::draw_time(sim::Lognormal{2s, 60s}, rng));
    std::ranges::sort(drawn);
    CHECK(drawn[10'000] > 1900ms);
    CHECK(drawn[10'000] < 2100ms);
    CHECK(drawn[19'800] > 53s);
    CHECK(drawn[19'800] < 67s);
}

TEST_CASE("a model's draws are the same numbers in every build", "[sim][agents][outside]") {
    Rng rng(7);
    CHECK(sim::draw_time(sim::Lognormal{2s, 60s}, rng).count() == 28'603'217'164);
    CHECK(sim::draw_time(sim::Uniform{1s, 2s}, rng).count() == 1'225'021'352);
    CHECK(sim::normal_q16(0) == 0);
    CHECK(sim::normal_q16(~0ULL) == -229'375);
    CHECK(sim::exp2_q16(0) == 1);
    CHECK(sim::exp2_q16(40U << 16U) == 1ULL << 40U);
}

Cassette recorded() {
    Cassette cassette;
    cassette.add({"model", 21, Value("first"), 1s});
    cassette.add({"model", 21, Value("second"), 2s});
    cassette.add({"model", 5,
                  failure(ErrorCode::overloaded, "http_429", "too many", "wait", Changed::no), 0s});
    return cassette;
}

TEST_CASE("a cassette plays its calls in order, the last one again", "[sim][agents][outside]") {
    sim::World world(calm());
    world.external(recorded());
    world.spawn<Actor>(1, [](Ctx& c) {
        for (int call = 0; call < 3; ++call) {
            c.after(call * 3s, [&c] {
                c.call("model", 21, 5s, [&c](const auto& got) { c.note("got", *got); });
            });
        }
        c.call("model", 5, 5s, [&c](const auto& got) { c.note("got", got.error().name); });
    });
    const auto report = world.run();
    CHECK(texts(*report, "got") == Texts{"http_429", "first", "second", "second"});
    CHECK(times(*report, "got")[2] - times(*report, "got")[1] >= 4s);
}

TEST_CASE("a call that no cassette has is an error and breaks a rule", "[sim][agents][outside]") {
    sim::World world(calm());
    world.external(recorded());
    world.spawn<Actor>(1, [](Ctx& c) {
        c.call("model", 22, 5s, [&c](const auto& got) { c.note("got", got.error().name); });
    });
    const auto report = world.run();
    CHECK(texts(*report, "got") == Texts{"not_in_cassette"});
    REQUIRE(report->broken.size() == 1);
    CHECK(report->broken[0].rule == "cassette");
}

TEST_CASE("a cassette read from its own bytes has the same calls", "[sim][agents][outside]") {
    Cassette long_one = recorded();
    long_one.add({"model", std::string(40'000, 'x'), Value(std::string(60'000, 'y')), 3s});
    const Bytes bytes = detail::cassette_bytes(long_one);
    const auto read = detail::cassette_from(bytes, "tape");
    REQUIRE(read);
    REQUIRE(read->calls().size() == 4);
    CHECK(read->calls()[1].took == 2s);
    CHECK(*read->calls()[1].answer == Value("second"));
    CHECK(read->calls()[2].answer.error().name == "http_429");
    CHECK(detail::cassette_bytes(*read) == bytes);
}

TEST_CASE("bytes that are no cassette are refused with the place", "[sim][agents][outside]") {
    Bytes bytes = detail::cassette_bytes(recorded());
    CHECK(detail::cassette_from(view_of("PK\3\4"), "tape").error().message ==
          "tape: this is no cassette");
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const auto read = detail::cassette_from(ByteView(bytes).first(size), "tape");
        CHECK((!read || read->calls().size() < 3));
    }
    bytes.pop_back();
    const auto read = detail::cassette_from(bytes, "tape");
    REQUIRE_FALSE(read);
    CHECK(read.error().name == "cassette_malformed");
    CHECK(read.error().message.find("entry 3") != std::string::npos);
}

}  // namespace
}  // namespace starling::tests::agents_outside_test
