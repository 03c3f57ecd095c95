#include "node/core.hpp"

#include "base/limits.hpp"
#include "base/rng.hpp"
#include "node/envelope.hpp"
#include "node/frames.hpp"
#include "tests/node/village.hpp"

#include <catch2/catch.hpp>

namespace starling::node::core_test {
namespace {

using namespace std::chrono_literals;

Bytes frame_of(FrameHeader header, ByteView body = {}) {
    const auto bytes = header_bytes(header);
    Bytes frame(bytes.begin(), bytes.end());
    frame.insert(frame.end(), body.begin(), body.end());
    return frame;
}

TaskOfferAsk quote() {
    TaskOfferAsk offer;
    offer.skill = "quote";
    return offer;
}

bool all_ready(Village& village, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        if (!village.node(i).ready()) return false;
    }
    return true;
}

TEST_CASE("five nodes become ready from their mesh files alone", "[node][core]") {
    Village village(5);
    CHECK(village.run_until([&] { return all_ready(village, 5); }, 2s));
}

TEST_CASE("a node alone is ready", "[node][core]") {
    Village village(1);
    CHECK(village.run_until([&] { return all_ready(village, 1); }, 2s));
}

TEST_CASE("every kind of frame has one row, in the order of kinds", "[node][frames]") {
    Kind last{};
    for (const FrameRow& row : frame_rows()) {
        CHECK(row.kind > last);
        CHECK(row.body_bytes <= limits::body_bytes);
        CHECK(row_of(row.kind) == &row);
        last = row.kind;
    }
    CHECK(row_of(static_cast<Kind>(127)) == nullptr);
}

TEST_CASE("frames that cannot be opened change nothing and are counted", "[node][frames]") {
    Village village(3);
    REQUIRE(village.run_until([&] { return all_ready(village, 3); }, 2s));
    village.run(100ms);
    const LinkId link = village.link_between(1, 0);
    const std::size_t before = village.traced(Event::frame_refused);

    CHECK(village.inject(0, 1, Bytes{1, 2, 3}) == FrameVerdict::malformed);
    CHECK(village.inject(0, 1, frame_of({.version = 9, .kind = Kind::ping, .link = link})) ==
          FrameVerdict::unknown_version);
    CHECK(village.inject(0, 1, frame_of({.kind = static_cast<Kind>(99), .link = link})) ==
          FrameVerdict::unknown_kind);
    CHECK(village.inject(0, 1, frame_of({.kind = Kind::ping, .link = {link.value + 99}})) ==
          FrameVerdict::unknown_link);
    CHECK(village.inject(0, 1, frame_of({.kind = Kind::ping, .link = link})) ==
          FrameVerdict::malformed);
    CHECK(village.inject(0, 1, frame_of({.kind = Kind::ping, .link = link}, Bytes(5000))) ==
          FrameVerdict::malformed);
    CHECK(village.traced(Event::frame_refused) == before + 6);
}

TEST_CASE("a sender without a certificate is refused", "[node][frames]") {
    Village village(2);
    Effects out;
    NodeId stranger;
    stranger.bytes[0] = 0xee;
    const auto frame = frame_of({.kind = Kind::ping});
    CHECK(village.node(0).on_frame(stranger, frame, Moment{}, out) == FrameVerdict::not_admitted);
    CHECK(out.outgoing().empty());
}

TEST_CASE("random bodies of every kind do no harm", "[node][frames][hostile]") {
    Village village(3);
    REQUIRE(village.run_until([&] { return all_ready(village, 3); }, 2s));
    Rng rng(5);
    for (const FrameRow& row : frame_rows()) {
        if (row.kind == Kind::hello) continue;  // a refused HELLO is another test
        for (int round = 0; round < 300; ++round) {
            Bytes body(static_cast<std::size_t>(rng.below(80)));
            for (auto& byte : body) byte = static_cast<std::uint8_t>(rng.next());
            if (!body.empty()) body[0] = static_cast<std::uint8_t>(0x90 + rng.below(8));
            const LinkId link = village.link_between(1, 0);
            (void)village.inject(0, 1, frame_of({.kind = row.kind, .link = link}, body));
        }
        village.run(5ms);
    }
    village.run(10s);
    CHECK(village.ask<StatusAnswer>(0, StatusAsk{})->alive == 3);
}

TEST_CASE("a call that does not decode is answered with an error", "[node][requests]") {
    Village village(1);
    const CallId call =
        village.call_bytes(0, Bytes{static_cast<std::uint8_t>(CallKind::get), 0xc1});
    const auto answer = village.answer<GetAnswer>(call);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().name == "call_malformed");
}

TEST_CASE("a call of a later version is answered with an error", "[node][requests]") {
    Village village(1);
    const auto answer = village.answer<GetAnswer>(village.call_bytes(0, Bytes{250}));
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().name == "call_unknown");
}

TEST_CASE("a node short of disk refuses what would have to be kept, until there is room",
          "[node][disk]") {
    Village village(3);
    REQUIRE(village.run_until([&] { return all_ready(village, 3); }, 2s));
    DriverHealth health;
    health.free_bytes = limits::disk_low_bytes - 1;
    village.set_health(0, health);
    village.set_health(0, health);
    CHECK(village.traced(Event::disk_low) == 1);
    const TaskOfferAsk offer = quote();
    CHECK(village.ask<TaskRecord>(0, offer).error().name == "disk_low");
    CHECK(village.ask<RegisterAnswer>(0, RegisterCasAsk{}).error().name == "disk_low");
    CHECK(village.ask<WriteAnswer>(0, WriteAsk{}).error().name == "disk_low");
    health.free_bytes = limits::disk_low_bytes;
    village.set_health(0, health);
    CHECK(village.ask<TaskRecord>(0, offer).has_value());
}

TEST_CASE("a node whose disk does not keep up is asked for nothing new, until it does",
          "[node][disk]") {
    Village village(2);
    REQUIRE(village.run_until([&] { return all_ready(village, 2); }, 2s));
    TaskServeAsk serve;
    serve.skills = {"quote"};
    serve.slots = 1;
    const CallId worker = village.call(1, serve);
    village.run(1s);
    DriverHealth health;
    health.oldest_batch = limits::degraded_after + 1ms;
    village.set_health(1, health);
    village.run(1s);  // until a heartbeat told it
    const auto offered = village.ask<TaskRecord>(0, quote());
    REQUIRE(offered);
    village.run(5s);
    CHECK(village.answers(worker).empty());
    health.oldest_batch = limits::degraded_after;
    village.set_health(1, health);
    CHECK(village.run_until([&] { return !village.answers(worker).empty(); }, 3s));
    CHECK(village.traced(Event::node_degraded) == 1);
    CHECK(village.traced(Event::node_recovered) == 1);
}

TEST_CASE("a member that leaves is seen as left, never as dead", "[node][members]") {
    Village village(3);
    REQUIRE(village.run_until([&] { return all_ready(village, 3); }, 2s));
    CHECK(village.ask<Done>(2, LeaveAsk{}).has_value());
    village.kill(2);
    village.run(5s);
    CHECK(village.ask<StatusAnswer>(0, StatusAsk{})->left == 1);
    CHECK(village.traced(Event::member_dead) == 0);
}

TEST_CASE("a killed member is dead on every other, and alive after its restart",
          "[node][members]") {
    Village village(5);
    REQUIRE(village.run_until([&] { return all_ready(village, 5); }, 2s));
    village.kill(4);
    village.run(1s);
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(village.ask<StatusAnswer>(i, StatusAsk{})->dead == 1);
    }
    village.start(4);
    village.run(7s);
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK(village.ask<StatusAnswer>(i, StatusAsk{})->alive == 5);
    }
}

}  // namespace
}  // namespace starling::node::core_test
