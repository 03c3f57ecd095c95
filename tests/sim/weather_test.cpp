// What faults between two hosts do to their frames.
#include "sim/weather.hpp"

#include "tests/sim/network_world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>

namespace starling::sim::weather_test {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

constexpr std::int64_t always = 1'000'000;
constexpr std::int64_t often = 300'000;

Fault front(FaultKind kind, std::int64_t amount, std::uint32_t number = 7) {
    Fault fault;
    fault.kind = kind;
    fault.left = {ann};
    fault.right = {bob};
    fault.amount = amount;
    fault.number = number;
    return fault;
}

// Numbered frames from ann to bob, 10 ms apart.
Texts send_some(NetworkWorld& world, int many) {
    Texts sent;
    for (int i = 0; i < many; ++i) {
        sent.push_back("frame " + std::to_string(i));
        world.send(ann, bob, sent.back());
        world.run(10ms);
    }
    return sent;
}

TEST_CASE("several delays between two hosts add up and each ends by itself", "[sim][weather]") {
    Weather weather;
    weather.add(front(FaultKind::delay, 30, 1), 3);
    weather.add(front(FaultKind::delay, 12, 2), 3);
    CHECK(weather.delay(ann, bob) == 42ns);
    CHECK(weather.delay(bob, ann) == 42ns);
    CHECK(weather.delay(ann, 2) == 0ns);
    weather.remove(1);
    CHECK(weather.delay(ann, bob) == 12ns);
    weather.remove(2);
    CHECK(weather.is_calm());
}

TEST_CASE("one-way weather leaves the way back as it is", "[sim][weather]") {
    Weather weather;
    Fault fault = front(FaultKind::lose, 5);
    fault.direction = Direction::one_way;
    weather.add(fault, 2);
    CHECK(weather.share(FaultKind::lose, ann, bob) == 5);
    CHECK(weather.share(FaultKind::lose, bob, ann) == 0);
    CHECK(weather.share(FaultKind::flip, ann, bob) == 0);
}

TEST_CASE("a delayed frame arrives so much later, and those after it behind it", "[sim][weather]") {
    NetworkWorld world;
    world.connect(ann, bob);
    const Fault delay = front(FaultKind::delay, Duration{80ms}.count());
    world.network.hamper(delay);
    const Duration sent = world.now;
    world.send(ann, bob, "late");
    world.network.relieve(delay, world.now);
    world.send(ann, bob, "next");
    world.run(1s);
    REQUIRE(world.heard == Texts{"late", "next"});
    CHECK(world.heard_at.at(0) - sent > 80ms);
    CHECK(world.heard_at.at(0) - sent < 81ms);
    CHECK(world.heard_at.at(1) > world.heard_at.at(0));
}

TEST_CASE("what a clog holds up goes on at once when it ends, all of it", "[sim][weather]") {
    NetworkWorld world;
    world.connect(ann, bob);
    world.cut();
    const Texts sent = send_some(world, 100);
    world.run(5s);
    CHECK(world.heard.empty());
    world.network.unclog(1, world.now);
    world.run(1ms);
    CHECK(world.heard == sent);
}

TEST_CASE("a clog that outlasts TCP's patience ends the connection", "[sim][weather]") {
    NetworkWorld world;
    world.connect(ann, bob);
    world.cut();
    world.send(ann, bob, "a");
    world.run(11s);
    CHECK(world.news.back() == node::LinkNews::lost);
}

TEST_CASE("a throttled host sends its bytes one after another, and at once when it is free again",
          "[sim][weather]") {
    NetworkWorld world;
    world.connect(ann, bob);
    world.network.throttle(ann, 1010, world.now);  // ten frames a second
    const std::string body(101 - limits::frame_header_bytes, 'x');
    for (int i = 0; i < 100; ++i) world.send(ann, bob, body);
    world.run(1s + 5ms);
    CHECK(world.heard.size() == 10);
    world.network.throttle(ann, 0, world.now);
    world.run(10ms);
    CHECK(world.heard.size() == 100);
}

TEST_CASE("a host whose backlog is full answers no dial until it is free again", "[sim][weather]") {
    NetworkWorld world;
    world.network.refuse(bob, true);
    world.dial(ann, bob);
    world.run(500ms);
    CHECK(world.news.empty());
    world.network.refuse(bob, false);
    world.run(1s);  // the first SYN is sent again
    CHECK(world.news == std::vector{node::LinkNews::connected});
}

TEST_CASE("a lost frame is missing between others, and its connection ends with the fault",
          "[sim][weather]") {
    NetworkWorld world;
    world.connect(ann, bob);
    const Fault lose = front(FaultKind::lose, often);
    world.network.hamper(lose);
    const Texts sent = send_some(world, 100);
    CHECK(world.heard.size() > 50);
    CHECK(world.heard.size() < 90);
    CHECK(std::ranges::includes(
        sent, world.heard, {},
        [&](const std::string& text) { return std::ranges::find(sent, text) - sent.begin(); },
        [&](const std::string& text) { return std::ranges::find(sent, text) - sent.begin(); }));
    world.network.relieve(lose, world.now);
    world.run(100ms);
    CHECK(world.news.back() == node::LinkNews::lost);
}

TEST_CASE("a connection that lost nothing goes on after the fault", "[sim][weather]") {
    NetworkWorld world;
    world.connect(ann, bob);
    const Fault lose = front(FaultKind::lose, always);
    world.network.hamper(lose);
    world.network.relieve(lose, world.now);
    world.run(100ms);
    CHECK(world.news.back() == node::LinkNews::connected);
}

TEST_CASE("a doubled frame arrives twice", "[sim][weather]") {
    NetworkWorld world;
    world.connect(ann, bob);
    world.network.hamper(front(FaultKind::duplicate, always));
    send_some(world, 20);
    world.run(1s);
    for (int i = 0; i < 20; ++i) {
        CHECK(std::ranges::count(world.heard, "frame " + std::to_string(i)) == 2);
    }
}

TEST_CASE("later frames overtake a reordered one", "[sim][weather]") {
    NetworkWorld world;
    world.connect(ann, bob);
    world.network.hamper(front(FaultKind::reorder, often));
    Texts sent = send_some(world, 100);
    world.run(2s);
    CHECK(world.heard != sent);
    CHECK(std::ranges::is_permutation(world.heard, sent));
}

TEST_CASE("a replayed frame comes again seconds later, also to the next process",
          "[sim][weather]") {
    NetworkWorld world;
    world.connect(ann, bob);
    world.network.hamper(front(FaultKind::replay, always));
    world.send(ann, bob, "again");
    world.run(900ms);
    CHECK(world.heard == Texts{"again"});
    world.network.crash(bob, world.now);
    world.network.start(bob);
    world.run(10s);
    CHECK(world.heard == Texts{"again", "again"});
    CHECK(world.bodies.in_use() == 0);
}

TEST_CASE("nothing arrives astray once its fault is over", "[sim][weather]") {
    NetworkWorld world;
    world.connect(ann, bob);
    const Fault replay = front(FaultKind::replay, always);
    world.network.hamper(replay);
    world.send(ann, bob, "once");
    world.network.relieve(replay, world.now);
    world.run(20s);
    CHECK(world.heard == Texts{"once"});
    CHECK(world.bodies.in_use() == 0);
}

TEST_CASE("a flipped frame differs from what was sent in one bit", "[sim][weather]") {
    NetworkWorld world;
    world.connect(ann, bob);
    world.network.hamper(front(FaultKind::flip, always));
    const std::string body(200, 'x');
    int flipped = 0;
    for (int i = 0; i < 50; ++i) {
        world.send(ann, bob, body);
        world.run(10ms);
    }
    for (const std::string& text : world.heard) {
        REQUIRE(text.size() == body.size());
        const auto other = std::ranges::count_if(text, [](char each) { return each != 'x'; });
        CHECK(other <= 1);
        flipped += static_cast<int>(other);
    }
    CHECK(flipped >= 40);  // else a bit of the header
}

TEST_CASE("frames of registers and auctions are spoilt so that nothing of them is believed",
          "[sim][weather]") {
    NetworkWorld world;
    world.connect(ann, bob);
    world.network.hamper(front(FaultKind::flip, always));
    const std::string body(200, 'x');
    for (int i = 0; i < 50; ++i) {
        world.send(ann, bob, body, Kind::promise);
        world.run(10ms);
    }
    for (const std::string& text : world.heard) CHECK(text.size() != body.size());
}

TEST_CASE("a host that babbles sends frames that nobody wrote, and its own as they are",
          "[sim][weather]") {
    NetworkWorld world;
    world.connect(ann, bob);
    world.network.babble(ann, often);
    const Texts sent = send_some(world, 100);
    world.run(1s);
    for (const std::string& each : sent) CHECK(std::ranges::count(world.heard, each) >= 1);
    CHECK(world.heard.size() > 120);
    CHECK(world.heard.size() < 140);
    CHECK(world.network.counts().spoilt == world.heard.size() - sent.size());
}

}  // namespace
}  // namespace starling::sim::weather_test
