#include "node/links.hpp"

#include <catch2/catch.hpp>

#include <array>

namespace starling::node::links_test {
namespace {

using namespace std::chrono_literals;

NodeId node(std::uint64_t number) {
    NodeId id;
    store_u64(id.bytes, number);
    return id;
}

const NodeId ann = node(1);
const NodeId bob = node(2);

struct Book final : AddressBook {
    [[nodiscard]] std::optional<Route> route_to(const NodeId& peer) const override {
        if (peer == node(404)) return std::nullopt;
        return Route{CurveKey{}, {"first:1", "second:2"}};
    }
};

// Links together with what they asked for, and time that only moves when told to.
struct World {
    Book book;
    Links links{book, Rng(1)};
    Effects out;
    Moment now;

    void keep(std::vector<NodeId> peers) { links.keep(peers, now, out); }

    void news(const NodeId& peer, LinkNews what) {
        links.on_event({peer, links.link_to(peer), what, 0}, now, out);
    }

    void pass(Duration time) {
        now.boot_time += time;
        links.on_tick(now, out);
    }

    std::size_t count(LinkAction action) const {
        return static_cast<std::size_t>(
            std::ranges::count(out.links(), action, &LinkCommand::action));
    }

    std::vector<LinkChange> changes() {
        std::vector<LinkChange> kinds;
        for (const LinkChanged& changed : links.take_changes()) kinds.push_back(changed.change);
        return kinds;
    }
};

TEST_CASE("a kept peer is dialled at once and only once", "[node][links]") {
    World world;
    world.keep({ann});
    world.keep({ann});
    world.links.want(ann, world.now, world.out);
    CHECK(world.count(LinkAction::dial) == 1);
}

TEST_CASE("a peer is linked once the handshake is done", "[node][links]") {
    World world;
    world.keep({ann});
    CHECK_FALSE(world.links.is_up(ann));
    world.news(ann, LinkNews::connected);
    CHECK(world.links.is_up(ann));
    CHECK(world.changes() == std::vector{LinkChange::up});
}

TEST_CASE("a lost connection is probed at once", "[node][links]") {
    World world;
    world.keep({ann});
    world.news(ann, LinkNews::connected);
    world.news(ann, LinkNews::lost);
    CHECK(world.count(LinkAction::probe) == 1);
    CHECK_FALSE(world.links.is_up(ann));
}

TEST_CASE("a refused probe says that the process is gone", "[node][links]") {
    World world;
    world.keep({ann});
    world.news(ann, LinkNews::connected);
    world.news(ann, LinkNews::lost);
    world.news(ann, LinkNews::refused);
    CHECK(world.changes() == std::vector{LinkChange::up, LinkChange::lost, LinkChange::refused});
}

TEST_CASE("an accepted probe leads to a dial and proves nothing", "[node][links]") {
    World world;
    world.keep({ann});
    world.news(ann, LinkNews::connected);
    world.news(ann, LinkNews::lost);
    (void)world.changes();
    world.news(ann, LinkNews::probe_accepted);
    CHECK(world.count(LinkAction::dial) == 2);
    CHECK(world.changes().empty());
}

TEST_CASE("a kept peer is redialled for ever, at most the cap apart", "[node][links]") {
    World world;
    world.keep({ann});
    for (std::size_t round = 1; round <= 50; ++round) {
        REQUIRE(world.count(LinkAction::dial) == round);
        world.news(ann, LinkNews::refused);
        world.pass(limits::redial_cap);
    }
}

TEST_CASE("the second attempt tries the second address", "[node][links]") {
    World world;
    world.keep({ann});
    world.news(ann, LinkNews::unreachable);
    world.pass(limits::redial_cap);
    REQUIRE(world.count(LinkAction::dial) == 2);
    CHECK(text_of(world.out.view(world.out.links()[0].address)) == "first:1");
    CHECK(text_of(world.out.view(world.out.links()[1].address)) == "second:2");
}

TEST_CASE("a refusal is told once every address was tried", "[node][links]") {
    World world;
    world.keep({ann});
    world.news(ann, LinkNews::refused);
    CHECK(world.changes().empty());
    world.news(ann, LinkNews::refused);
    CHECK(world.changes() == std::vector{LinkChange::refused});
}

TEST_CASE("a refusal says nothing of a process that said HELLO since it was dialled",
          "[node][links]") {
    World world;
    world.keep({ann});
    world.news(ann, LinkNews::refused);  // the first address
    CHECK(world.links.introduce(ann, Boot{1}, LinkId{1}));
    world.news(ann, LinkNews::refused);
    CHECK(world.changes() == std::vector{LinkChange::failed});
    world.pass(limits::redial_cap);
    world.news(ann, LinkNews::refused);
    CHECK(world.changes() == std::vector{LinkChange::refused});
}

TEST_CASE("news of an older dial is ignored", "[node][links]") {
    World world;
    world.keep({ann});
    world.links.on_event({ann, LinkId{99}, LinkNews::connected, 0}, world.now, world.out);
    CHECK_FALSE(world.links.is_up(ann));
}

TEST_CASE("a peer that nobody keeps is hung up once unused", "[node][links]") {
    World world;
    world.links.want(bob, world.now, world.out);
    world.news(bob, LinkNews::connected);
    world.pass(Links::unused_kept - 1ns);
    CHECK(world.links.is_up(bob));
    world.pass(1ns);
    CHECK_FALSE(world.links.is_up(bob));
    CHECK(world.count(LinkAction::hang_up) == 1);
}

TEST_CASE("a connection in use is kept although nobody keeps it", "[node][links]") {
    World world;
    world.links.want(bob, world.now, world.out);
    world.news(bob, LinkNews::connected);
    for (int i = 0; i < 10; ++i) {
        world.pass(Links::unused_kept / 2);
        world.links.want(bob, world.now, world.out);
    }
    CHECK(world.links.is_up(bob));
    world.pass(Links::unused_kept);
    CHECK_FALSE(world.links.is_up(bob));
}

TEST_CASE("a peer that is no longer kept is hung up once unused", "[node][links]") {
    World world;
    world.keep({bob});
    world.news(bob, LinkNews::connected);
    world.keep({});
    world.pass(Links::unused_kept - 1ns);
    CHECK(world.links.is_up(bob));
    world.pass(1ns);
    CHECK_FALSE(world.links.is_up(bob));
}

TEST_CASE("only links that time can change have a deadline", "[node][links]") {
    World world;
    world.keep({ann});
    world.news(ann, LinkNews::connected);
    world.pass(0s);
    CHECK_FALSE(world.links.next_deadline().has_value());
    world.links.want(bob, world.now, world.out);
    world.news(bob, LinkNews::connected);
    CHECK(world.links.next_deadline() == world.now.boot_time + Links::unused_kept);
}

TEST_CASE("a failing peer that nobody keeps is not dialled again by itself", "[node][links]") {
    World world;
    world.links.want(bob, world.now, world.out);
    world.news(bob, LinkNews::refused);
    world.news(bob, LinkNews::refused);
    world.pass(60s);
    CHECK(world.count(LinkAction::dial) == 2);
    CHECK_FALSE(world.links.next_deadline().has_value());
}

TEST_CASE("one connection past the limit closes the one unused longest", "[node][links][limits]") {
    World world;
    for (std::uint64_t i = 0; i < limits::push_sockets; ++i) {
        world.now.boot_time += 1ms;
        world.links.want(node(100 + i), world.now, world.out);
        world.news(node(100 + i), LinkNews::connected);
    }
    CHECK(world.count(LinkAction::hang_up) == 0);
    world.links.want(bob, world.now, world.out);
    CHECK(world.count(LinkAction::hang_up) == 1);
    CHECK_FALSE(world.links.is_up(node(100)));
}

TEST_CASE("connections that were dialled at one time keep the limit", "[node][links][limits]") {
    World world;
    constexpr std::uint64_t dialled = 2 * limits::push_sockets;
    for (std::uint64_t i = 0; i < dialled; ++i) {
        world.links.want(node(100 + i), world.now, world.out);
    }
    for (std::uint64_t i = 0; i < dialled; ++i) world.news(node(100 + i), LinkNews::connected);
    CHECK(world.links.linked().size() == limits::push_sockets);
}

TEST_CASE("kept connections are never evicted", "[node][links][limits]") {
    World world;
    std::vector<NodeId> kept;
    for (std::uint64_t i = 0; i < 2 * limits::push_sockets; ++i) kept.push_back(node(100 + i));
    world.keep(kept);
    for (const NodeId& peer : kept) world.news(peer, LinkNews::connected);
    world.links.want(bob, world.now, world.out);
    CHECK(world.count(LinkAction::hang_up) == 0);
}

TEST_CASE("a frame before HELLO has an unknown link", "[node][links]") {
    World world;
    CHECK(world.links.check(ann, LinkId{1}) == Incoming::unknown);
    CHECK(world.links.introduce(ann, Boot{5}, LinkId{1}));
    CHECK(world.links.check(ann, LinkId{1}) == Incoming::newest);
}

TEST_CASE("frames of a replaced link are old", "[node][links]") {
    World world;
    CHECK(world.links.introduce(ann, Boot{5}, LinkId{1}));
    CHECK(world.links.introduce(ann, Boot{5}, LinkId{2}));
    CHECK(world.links.check(ann, LinkId{1}) == Incoming::old);
    CHECK_FALSE(world.links.introduce(ann, Boot{5}, LinkId{1}));
}

TEST_CASE("a restarted sender may count its links from one again", "[node][links]") {
    World world;
    CHECK(world.links.introduce(ann, Boot{5}, LinkId{9}));
    CHECK(world.links.introduce(ann, Boot{6}, LinkId{1}));
    CHECK(world.links.check(ann, LinkId{1}) == Incoming::newest);
}

TEST_CASE("a frame's queueing age is what it took longer than the fastest", "[node][links]") {
    World world;
    CHECK(world.links.introduce(ann, Boot{5}, LinkId{1}));
    const BootTime arrived{1000s};
    CHECK(world.links.queueing_age(ann, 5000, arrived) == 0ms);
    CHECK(world.links.queueing_age(ann, 5000, arrived + 30ms) == 30ms);
    CHECK(world.links.queueing_age(ann, 5100, arrived + 40ms) == 0ms);
}

}  // namespace
}  // namespace starling::node::links_test
