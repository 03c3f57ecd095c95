#include "sim/network.hpp"

#include "tests/sim/network_world.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <string>
#include <vector>

namespace starling::sim::network_test {
namespace {

using namespace std::chrono_literals;
using node::LinkNews;

using Texts = std::vector<std::string>;

TEST_CASE("frames of a connection arrive in the order of sending", "[sim][network]") {
    NetworkWorld world;
    world.connect(ann, bob);
    Texts sent;
    for (int i = 0; i < 200; ++i) {
        sent.push_back(std::to_string(i));
        world.send(ann, bob, sent.back());
    }
    world.run(1s);
    CHECK(world.heard == sent);
    CHECK(world.bodies.in_use() == 0);
}

TEST_CASE("HELLO goes before what waited for the connection", "[sim][network]") {
    NetworkWorld world;
    world.dial(ann, bob);
    world.send(ann, bob, "early");
    world.run(100ms);
    CHECK(world.heard.empty());
    world.send(ann, bob, "hello", Kind::hello);
    world.run(100ms);
    CHECK(world.heard == Texts{"hello", "early"});
}

TEST_CASE("a frame carries the link id of the dial", "[sim][network]") {
    NetworkWorld world;
    world.connect(ann, bob);
    world.connect(ann, bob);
    world.send(ann, bob, "a");
    world.run(100ms);
    CHECK(world.heard_links.back() == LinkId{2});
}

TEST_CASE("a frame without a connection is dropped and said so", "[sim][network]") {
    NetworkWorld world;
    world.send(ann, bob, "a");
    CHECK(world.dropped == std::vector{DropReason::no_connection});
}

TEST_CASE("who dials the old address of a host that moved reaches nobody", "[sim][network]") {
    NetworkWorld world;
    world.dial(ann, bob);
    world.network.move(bob, "elsewhere:1");  // the first packet is on its way
    world.run(20s);
    CHECK(world.news == std::vector{LinkNews::timed_out});
    world.dial(ann, bob);
    world.run(100ms);
    CHECK(world.news.back() == LinkNews::unreachable);
    world.network.move(bob, NetworkWorld::address_of(bob));
    world.dial(ann, bob);
    world.run(100ms);
    CHECK(world.news.back() == LinkNews::connected);
}

TEST_CASE("a queue takes limits::link_queue_frames frames and not one more", "[sim][network]") {
    NetworkWorld world;
    world.dial(ann, bob);
    for (std::size_t i = 0; i < limits::link_queue_frames; ++i) world.send(ann, bob, "a");
    CHECK(world.dropped.empty());
    world.send(ann, bob, "a");
    CHECK(world.dropped == std::vector{DropReason::queue_full});
}

TEST_CASE("frames of a cut link do not arrive while it is cut", "[sim][network]") {
    NetworkWorld world;
    world.connect(ann, bob);
    world.cut();
    world.send(ann, bob, "a");
    world.run(5s);
    CHECK(world.heard.empty());
}

TEST_CASE("after a short cut TCP delivers what was sent meanwhile", "[sim][network]") {
    NetworkWorld world;
    world.connect(ann, bob);
    world.cut();
    world.send(ann, bob, "a");
    world.run(2s);
    world.network.heal(1, world.now);
    world.send(ann, bob, "b");
    world.run(5s);
    CHECK(world.heard == Texts{"a", "b"});
    CHECK(world.news.size() == 1);
}

TEST_CASE("a connection without acknowledgements ends after ten seconds", "[sim][network]") {
    NetworkWorld world;
    world.connect(ann, bob);
    world.cut();
    world.send(ann, bob, "a");
    world.run(9s);
    CHECK(world.news.back() == LinkNews::connected);
    world.run(2s);
    CHECK(world.news.back() == LinkNews::lost);
    world.network.heal(1, world.now);
    world.run(30s);
    CHECK(world.heard.empty());
    CHECK(world.bodies.in_use() == 0);
}

TEST_CASE("a one-way cut against the acknowledgements lets frames arrive", "[sim][network]") {
    NetworkWorld world;
    world.connect(bob, ann);
    world.cut(Direction::one_way);
    world.send(bob, ann, "a");
    world.run(1s);
    CHECK(world.heard == Texts{"a"});
    world.run(11s);
    CHECK(world.news.back() == LinkNews::lost);
}

TEST_CASE("a dial to a crashed process is refused, or accepted while its listener lingers",
          "[sim][network]") {
    std::size_t refused = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        NetworkWorld world(seed);
        world.network.crash(bob, world.now);
        world.probe(ann, bob);
        world.run(1s);
        refused += world.news.back() == LinkNews::refused ? 1U : 0U;
    }
    CHECK(refused >= 80);
    CHECK(refused < 100);
}

TEST_CASE("connections of a process end when it is gone, and until then its listener accepts",
          "[sim][network]") {
    NetworkWorld world;
    world.connect(ann, bob);
    world.network.crash(bob, world.now, 5ms);
    world.run(4ms);
    CHECK(world.news == std::vector{LinkNews::connected});
    world.probe(ann, bob);
    world.run(500us);
    CHECK(world.news.back() == LinkNews::probe_accepted);
    world.run(2ms);
    CHECK(world.news.back() == LinkNews::lost);
}

TEST_CASE("a dial across a cut times out after 3.5 seconds", "[sim][network]") {
    NetworkWorld world;
    world.cut();
    world.dial(ann, bob);
    world.run(3400ms);
    CHECK(world.news.empty());
    world.run(200ms);
    CHECK(world.news == std::vector{LinkNews::timed_out});
}

TEST_CASE("a dial whose cut heals is made by a later packet", "[sim][network]") {
    NetworkWorld world;
    world.cut();
    world.dial(ann, bob);
    world.run(500ms);
    world.network.heal(1, world.now);
    world.run(700ms);
    CHECK(world.news == std::vector{LinkNews::connected});
}

TEST_CASE("a stopped process accepts a probe and no handshake", "[sim][network]") {
    NetworkWorld world;
    world.network.pause(bob);
    world.probe(ann, bob);
    world.run(1s);
    CHECK(world.news == std::vector{LinkNews::probe_accepted});
    world.dial(ann, bob);
    world.run(4s);
    CHECK(world.news.back() == LinkNews::timed_out);
}

TEST_CASE("who is not admitted is denied", "[sim][network]") {
    NetworkWorld world;
    world.network.crash(bob, world.now);
    world.run(1s);
    world.network.start(bob);  // a new process has admitted nobody yet
    world.dial(ann, bob);
    world.run(1s);
    CHECK(world.news == std::vector{LinkNews::denied});
}

TEST_CASE("nobody answers at an unknown address", "[sim][network]") {
    NetworkWorld world;
    world.network.carry_out(ann, {LinkAction::probe, NetworkWorld::id_of(bob), {}, LinkId{1}, {}},
                            "elsewhere:1", world.now);
    world.run(1s);
    CHECK(world.news == std::vector{LinkNews::unreachable});
}

TEST_CASE("the dialler learns that its peer crashed", "[sim][network]") {
    NetworkWorld world;
    world.connect(ann, bob);
    world.network.crash(bob, world.now);
    world.run(10ms);
    CHECK(world.news.back() == LinkNews::lost);
}

TEST_CASE("a process started later gets no frame of an earlier one's connections",
          "[sim][network]") {
    NetworkWorld world;
    world.connect(ann, bob);
    world.send(ann, bob, "a");
    world.network.crash(bob, world.now);
    world.network.start(bob);
    world.run(1s);
    CHECK(world.heard.empty());
    CHECK(world.bodies.in_use() == 0);
}

TEST_CASE("of a crashed sender's last frames the first ones arrive, without a gap",
          "[sim][network]") {
    std::size_t some = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        NetworkWorld world(seed);
        world.connect(ann, bob);
        Texts sent;
        for (int i = 0; i < 10; ++i) {
            sent.push_back(std::to_string(i));
            world.send(ann, bob, sent.back());
        }
        world.network.crash(ann, world.now);
        world.run(1s);
        REQUIRE(world.heard.size() <= sent.size());
        REQUIRE(std::equal(world.heard.begin(), world.heard.end(), sent.begin()));
        some += world.heard.size() < sent.size() ? 1U : 0U;
    }
    CHECK(some > 0);
}

TEST_CASE("hanging up closes without news", "[sim][network]") {
    NetworkWorld world;
    world.connect(ann, bob);
    world.network.carry_out(ann, {LinkAction::hang_up, NetworkWorld::id_of(bob), {}, {}, {}}, {},
                            world.now);
    world.run(1s);
    CHECK(world.news.size() == 1);
    world.send(ann, bob, "a");
    CHECK(world.dropped == std::vector{DropReason::no_connection});
}

TEST_CASE("a process that does not read fills the pipe, then the queue, then frames are dropped",
          "[sim][network]") {
    NetworkWorld world;
    world.connect(ann, bob);
    world.reads = false;
    const std::string large(100'000, 'x');
    for (int i = 0; i < 40; ++i) {
        world.send(ann, bob, large);
        world.run(1ms);
    }
    CHECK(world.heard.size() == 20);    // 2 MiB
    CHECK(world.dropped.size() == 10);  // 1 MiB more is queued
    world.reads = true;
    for (const Arrival& arrival : world.unread) {
        world.network.consumed(arrival, world.now);
        world.bodies.release(arrival.body);
    }
    world.run(1s);
    CHECK(world.heard.size() == 30);
    CHECK(world.bodies.in_use() == 0);
}

TEST_CASE("a draw of one pair does not depend on the frames of another", "[sim][network]") {
    // Two worlds, one of which carries more traffic from dan (2): ann's frames arrive alike.
    std::array<Duration, 2> arrived{};
    for (std::size_t busy = 0; busy < 2; ++busy) {
        NetworkWorld world(1, 3);
        world.connect(ann, bob);
        world.connect(2, bob);
        world.heard.clear();
        if (busy == 1) world.send(2, ann, "more");
        world.send(ann, bob, "a");
        while (world.heard.empty()) world.run(Duration{1us});
        arrived[busy] = world.now;
    }
    CHECK(arrived[0] == arrived[1]);
}

}  // namespace
}  // namespace starling::sim::network_test
