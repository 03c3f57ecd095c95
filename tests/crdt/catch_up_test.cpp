#include "tests/crdt/world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace starling::crdt::catch_up_test {
namespace {

using namespace std::chrono_literals;

constexpr auto ann = World::ann;
constexpr auto bob = World::bob;
constexpr auto eve = World::eve;

void write_many(World& world, std::size_t node, std::size_t count, std::size_t bytes) {
    for (std::size_t i = 0; i < count; ++i) {
        world.must_write(
            node, Operation::assign("k" + std::to_string(i % 7), text(std::string(bytes, 'v'))));
    }
    world.flying().clear();
}

std::vector<Range> ranges_wanted(World& world) {
    std::vector<Range> ranges;
    Decoder decoder;
    for (const Flight& flight : world.flying()) {
        if (flight.kind != Kind::want) continue;
        const auto want = decoded<Want>(decoder, flight.body);
        REQUIRE(want);
        ranges.insert(ranges.end(), want->ranges.begin(), want->ranges.end());
    }
    return ranges;
}

void reconcile(World& world, std::size_t node, std::size_t peer) {
    world.step(node, [&](Store& store, Effects& out) {
        store.on_reconcile(world.id(peer), world.now(node), out);
    });
}

TEST_CASE("a batch reaches nodes that its writer has no link to", "[crdt][flood]") {
    World world(3);
    world.cut(ann, eve);
    world.must_write(ann, Operation::assign("k", text("1")));
    world.deliver_all();
    CHECK(world.equal_roots());
}

TEST_CASE("a batch is forwarded once and never back", "[crdt][flood]") {
    World world(3);
    world.must_write(ann, Operation::assign("k", text("1")));
    CHECK(world.flying().size() == 2);
    world.deliver(0);  // to bob, who tells eve
    REQUIRE(world.flying().size() == 2);
    CHECK(world.flying()[1].to == eve);
    world.deliver(0);  // to eve, who tells bob
    world.deliver_all();
    CHECK(world.equal_roots());
}

TEST_CASE("a batch whose writer is linked to everybody is not forwarded", "[crdt][flood]") {
    World world(3);
    world.store(ann).on_reach(Reach::all);
    world.must_write(ann, Operation::assign("k", text("1")));
    REQUIRE(world.flying().size() == 2);
    world.deliver(0);
    world.deliver(0);
    CHECK(world.flying().empty());
    CHECK(world.equal_roots());
}

TEST_CASE("what comes out of a log is not forwarded", "[crdt][catch_up]") {
    World world(3);
    const Dot dot = world.must_write(ann, Operation::increment("c", 1));
    world.flying().clear();
    CHECK(world.receive(bob, ann, world.stored(ann, dot)) == BatchVerdict::applied);
    CHECK(world.flying().empty());
}

TEST_CASE("a batch that comes too early waits and the gap is asked of its sender",
          "[crdt][catch_up]") {
    World world(2);
    const Dot first = world.must_write(ann, Operation::assign("k", text("1")));
    const Dot second = world.must_write(ann, Operation::assign("k", text("2")));
    world.flying().clear();
    CHECK(world.receive(bob, ann, world.stored(ann, second)) == BatchVerdict::waiting);
    CHECK(world.store(bob).read("k").empty());
    CHECK(ranges_wanted(world) == std::vector<Range>{{first.origin, 1, 1}});
    world.deliver_all();
    CHECK(world.store(bob).read("k")[0].value == text("2"));
    CHECK(world.store(bob).waiting() == 0);
    CHECK(world.store(bob).pulling() == 0);
}

TEST_CASE("a batch waits for what its writer had seen", "[crdt][catch_up]") {
    World world(3);
    const Dot cause = world.must_write(ann, Operation::assign("question", text("?")));
    world.deliver_only(bob, Kind::batches);
    world.flying().clear();
    const Dot effect = world.must_write(bob, Operation::assign("answer", text("!")));
    world.flying().clear();
    CHECK(world.receive(eve, bob, world.stored(bob, effect)) == BatchVerdict::waiting);
    CHECK(world.store(eve).read("answer").empty());
    CHECK(ranges_wanted(world) == std::vector<Range>{{cause.origin, 1, 1}});
    world.deliver_all();
    CHECK(world.store(eve).list("", "", 9).size() == 2);
}

TEST_CASE("differing roots are made equal by one exchange from either side", "[crdt][catch_up]") {
    World world(2);
    write_many(world, ann, 10, 10);
    write_many(world, bob, 5, 10);
    reconcile(world, GENERATE(ann, bob), ann);
    world.flying().clear();
    world.advance(limits::reconcile_period);
    reconcile(world, ann, bob);
    world.deliver_all();
    CHECK(world.equal_roots());
    CHECK(world.store(bob).list("", "", 99) == world.store(ann).list("", "", 99));
}

TEST_CASE("catching up continues until nothing is missing, however far behind",
          "[crdt][catch_up]") {
    World world(2);
    write_many(world, ann, 60, 20'000);  // six times what one fetch gives
    reconcile(world, bob, ann);
    world.deliver_all();
    CHECK(world.equal_roots());
    CHECK(world.traced(bob, Event::range_wanted) >= 6);
}

TEST_CASE("only what is missing is sent", "[crdt][catch_up]") {
    World world(2);
    write_many(world, ann, 10, 10);
    reconcile(world, bob, ann);
    world.deliver_all();
    write_many(world, ann, 3, 10);
    world.advance(limits::reconcile_period);
    reconcile(world, bob, ann);
    world.deliver(0);  // heads
    world.deliver(0);  // answer
    CHECK(ranges_wanted(world) == std::vector<Range>{{world.store(ann).origin(), 11, 13}});
}

TEST_CASE("few ranges are asked of one peer at a time", "[crdt][catch_up]") {
    World world(2);
    for (std::size_t i = 0; i < 3 * limits::pulls_per_peer; ++i) {
        world.must_write(ann, Operation::increment("c", 1));
        world.restart(ann);
    }
    world.flying().clear();
    reconcile(world, bob, ann);
    world.deliver(0);
    world.deliver(0);
    CHECK(ranges_wanted(world).size() == limits::pulls_per_peer);
    world.deliver_all();
    CHECK(world.equal_roots());
}

// Found by the simulator: 100 nodes, seed 1, 60 s.
TEST_CASE("origins that build on one another do not keep each other from being asked for",
          "[crdt][catch_up]") {
    constexpr std::size_t nodes = 12;
    World world(nodes);
    std::vector<std::size_t> writers;
    for (std::size_t node = 1; node < nodes; ++node) writers.push_back(node);
    // The greatest origin writes first, so that the ones that are asked for first wait for it.
    std::ranges::sort(writers, [&](auto a, auto b) { return world.id(a) > world.id(b); });
    for (const std::size_t node : writers) world.cut(ann, node);
    for (const std::size_t node : writers) {
        world.must_write(node, Operation::assign("k", text(std::to_string(node))));
        world.deliver_all();
    }
    world.heal();
    reconcile(world, ann, bob);
    world.deliver_all();
    CHECK(world.equal_roots());
}

TEST_CASE("a question without an answer is forgotten after its time", "[crdt][catch_up]") {
    World world(2);
    write_many(world, ann, 2, 10);
    reconcile(world, bob, ann);
    world.deliver(0);
    world.deliver(0);
    REQUIRE(world.store(bob).pulling() == 1);
    world.flying().clear();
    const auto deadline = world.store(bob).next_deadline();
    REQUIRE(deadline == world.now(bob).boot_time + limits::pull_timeout);
    world.advance(limits::pull_timeout);
    world.step(bob, [&](Store& store, Effects& out) { store.on_tick({}, world.now(bob), out); });
    CHECK(world.store(bob).pulling() == 0);
    CHECK(world.settle());
}

TEST_CASE("questions to a lost peer end at once", "[crdt][catch_up]") {
    World world(2);
    write_many(world, ann, 2, 10);
    reconcile(world, bob, ann);
    world.deliver(0);
    world.deliver(0);
    world.store(bob).on_peer_lost(world.id(ann));
    CHECK(world.store(bob).pulling() == 0);
    world.flying().clear();
    reconcile(world, bob, ann);  // and a new link may ask at once
    world.deliver_all();
    CHECK(world.equal_roots());
}

TEST_CASE("heads are exchanged at most once a period with one peer", "[crdt][catch_up]") {
    World world(2);
    write_many(world, ann, 2, 10);
    reconcile(world, ann, bob);
    reconcile(world, ann, bob);
    CHECK(world.flying().size() == 1);
    world.advance(limits::reconcile_period);
    reconcile(world, ann, bob);
    CHECK(world.flying().size() == 2);
}

TEST_CASE("more origins than one frame holds are exchanged in ranges", "[crdt][catch_up]") {
    World world(2);
    for (std::size_t i = 0; i < limits::list_entries + 3; ++i) {
        const std::size_t node = i % 2 == 0 ? ann : bob;
        world.must_write(node, Operation::increment("c", 1));
        if (i % 2 == 0) world.flying().clear();
        world.restart(node);
    }
    world.flying().clear();
    REQUIRE(world.settle());
    CHECK(world.store(ann).values().sum_of("c") == limits::list_entries + 3);
}

TEST_CASE("heads of a range are answered for that range", "[crdt][catch_up]") {
    World world(3);
    for (const std::size_t node : {ann, bob, eve}) {
        world.must_write(node, Operation::increment("c", 1));
    }
    world.deliver_all();
    std::vector<Origin> origins;
    for (const auto& [origin, head] : world.store(ann).heads()) origins.push_back(origin);
    const auto answered = [&](std::optional<Origin> after, std::optional<Origin> through) {
        world.step(ann, [&](Store& store, Effects& out) {
            store.on_heads(world.id(bob), {Purpose::reconcile, after, through, {}}, world.now(ann),
                           out);
        });
        Decoder decoder;
        const auto heads = decoded<Heads>(decoder, world.flying().at(0).body);
        world.flying().clear();
        REQUIRE(heads);
        std::vector<Origin> named;
        for (const HeadEntry& entry : heads->entries) named.push_back(entry.origin);
        return named;
    };
    CHECK(answered({}, {}) == origins);
    CHECK(answered({}, origins[0]) == std::vector{origins[0]});
    CHECK(answered(origins[0], origins[1]) == std::vector{origins[1]});
    CHECK(answered(origins[1], {}) == std::vector{origins[2]});
}

TEST_CASE("a peer that asks for too much at once is served in part, loudly", "[crdt][catch_up]") {
    World world(2);
    Want want;
    for (std::uint64_t i = 0; i <= limits::serves_per_peer; ++i) {
        want.ranges.push_back({{world.id(ann), Boot{i}}, 1, 9});
    }
    Effects out;
    CHECK(world.store(ann).on_want(world.id(bob), want, out) == WantVerdict::too_many);
    CHECK(out.fetches().size() == limits::serves_per_peer);
    REQUIRE(out.traced().size() == 1);
    CHECK(out.traced()[0].event == Event::want_refused);
    for (const Fetch& fetch : out.fetches()) CHECK(world.store(ann).on_fetched(fetch.tag, {}, out));
    CHECK_FALSE(world.store(ann).on_fetched(out.fetches()[0].tag, {}, out));
    CHECK(world.store(ann).on_want(world.id(bob), {{want.ranges[0]}}, out) == WantVerdict::served);
}

TEST_CASE("batches that wait are bounded per origin and found again later", "[crdt][catch_up]") {
    World world(2);
    const std::size_t count = limits::batches_waiting_per_origin + 2;
    for (std::size_t i = 0; i < count; ++i) world.must_write(ann, Operation::increment("c", 1));
    world.flying().clear();
    const Origin origin = world.store(ann).origin();
    for (std::uint64_t i = 2; i < count; ++i) {
        REQUIRE(world.receive(bob, ann, world.stored(ann, {origin, i})) == BatchVerdict::waiting);
    }
    CHECK(world.receive(bob, ann, world.stored(ann, {origin, count})) == BatchVerdict::no_room);
    CHECK(world.store(bob).waiting() == limits::batches_waiting_per_origin);
    REQUIRE(world.settle());
    CHECK(world.store(bob).values().sum_of("c") == static_cast<std::int64_t>(count));
}

}  // namespace
}  // namespace starling::crdt::catch_up_test
