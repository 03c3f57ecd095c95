// The schedules that broke other registers, one by one.
#include "sim/check_chain.hpp"
#include "sim/check_linearizable.hpp"
#include "tests/quorum/world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace starling::quorum::named_schedules_test {
namespace {

using namespace std::chrono_literals;

std::string value_of(const Finished& finished) {
    const auto* value = std::get_if<Bytes>(&finished.snapshot.contents);
    return value == nullptr ? "" : std::string(text_of(*value));
}

// Packets between these nodes only.
World::Allowed among(World& world, std::vector<std::size_t> nodes) {
    return [&world, nodes](const Packet& packet) {
        return std::ranges::count(nodes, world.index(packet.from)) > 0 &&
               std::ranges::count(nodes, world.index(packet.to)) > 0;
    };
}

// Everything but accepts, unless they go to this node.
World::Allowed accepts_only_to(World& world, std::size_t node) {
    return [&world, node](const Packet& packet) {
        return packet.kind != Kind::accept || world.index(packet.to) == node;
    };
}

void check_history(World& world) {
    const sim::CallHistory history = world.history();
    const auto chain = sim::check_chain(history);
    INFO((chain ? chain->text : "") << world.broken());
    CHECK(world.broken().empty());
    CHECK_FALSE(chain.has_value());
    CHECK(sim::check_linearizable(history).verdict == sim::LinearVerdict::linearizable);
}

// gryadka and caspaxos-kv keep the ballot of an accept that timed out, and use it again.
TEST_CASE("an accept that reached one of three does not lend its ballot to the next",
          "[quorum][named]") {
    World world({3, 3, 1});
    world.finish(world.put(0, 0, "first"));
    const Ticket lost = world.put(0, std::nullopt, "lost", 50ms);
    world.settle_down(accepts_only_to(world, 2));
    world.drop_all();
    world.wait(60ms);
    CHECK(world.result(lost).outcome == Outcome::unknown);
    const Ticket next = world.put(0, std::nullopt, "next");
    world.finish(next, among(world, {0, 1}));
    CHECK(world.result(next).outcome == Outcome::applied);
    CHECK(value_of(world.finish(world.read(2))) == "next");
    check_history(world);
}

TEST_CASE("an operation that reached one voter is settled once and for all", "[quorum][named]") {
    World world({3, 3, 2});
    const Ticket lost = world.put(0, std::nullopt, "lost", 50ms);
    world.settle_down(accepts_only_to(world, 2));
    world.drop_all();
    world.wait(60ms);
    REQUIRE(world.result(lost).outcome == Outcome::unknown);
    const Ticket settled = world.settle(1, world.result(lost).receipt);
    CHECK(world.finish(settled, among(world, {0, 1})).outcome == Outcome::not_applied);
    CHECK(value_of(world.finish(world.read(2))) != "lost");
    check_history(world);
}

TEST_CASE("an operation that a majority took is settled as applied", "[quorum][named]") {
    World world({3, 3, 3});
    const Ticket lost = world.put(0, std::nullopt, "kept", 50ms);
    world.settle_down([](const Packet& packet) { return packet.kind != Kind::accepted; });
    world.drop_all();
    world.wait(60ms);
    REQUIRE(world.result(lost).outcome == Outcome::unknown);
    const Finished& settled = world.finish(world.settle(1, world.result(lost).receipt));
    CHECK(settled.outcome == Outcome::applied);
    CHECK(settled.version == world.finish(world.read(2)).version);
    check_history(world);
}

// peterbourgon/caspaxos sets the counter back when nobody answers a prepare.
TEST_CASE("a prepare that nobody answers leaves the next ballot higher", "[quorum][named]") {
    World world({3, 3, 4});
    const Ticket first = world.put(0, std::nullopt, "unheard", 50ms);
    world.drop_all();
    world.wait(60ms);
    CHECK(world.result(first).outcome == Outcome::not_applied);
    CHECK(world.result(first).reason == Reason::no_quorum);
    CHECK(world.finish(world.put(0, 0, "heard")).outcome == Outcome::applied);
    CHECK(world.core(1).acceptor()->accepted("r/x").round > limits::register_window);
    check_history(world);
}

// scylladb #6299, CASSANDRA-12126: a value seen by a read must not vanish from the next.
TEST_CASE("two reads around an unfinished write agree", "[quorum][named]") {
    World world({3, 3, 5});
    world.finish(world.put(0, 0, "old"));
    world.put(0, std::nullopt, "half", 50ms);
    world.settle_down(accepts_only_to(world, 0));
    world.drop_all();
    world.crash(0);  // its own voter has the accept, durably
    const std::string first = value_of(world.finish(world.read(1), among(world, {1, 2})));
    CHECK(first == "old");
    world.restart(0);
    const std::string second = value_of(world.finish(world.read(1), among(world, {0, 1})));
    const std::string third = value_of(world.finish(world.read(2), among(world, {1, 2})));
    CHECK(second == third);
    check_history(world);
}

TEST_CASE("an accept still under way changes nothing for a cas that was refused",
          "[quorum][named]") {
    World world({3, 3, 6});
    world.finish(world.put(0, 0, "base"));
    world.put(0, std::nullopt, "late");
    std::vector<Packet> under_way;
    world.settle_down([](const Packet& packet) { return packet.kind != Kind::accept; });
    std::ranges::copy_if(world.packets, std::back_inserter(under_way),
                         [](const Packet& packet) { return packet.kind == Kind::accept; });
    world.drop_all();
    const Ticket cas = world.put(1, 99, "refused");
    CHECK(world.finish(cas, among(world, {1, 2})).reason == Reason::version_mismatch);
    world.packets = under_way;
    world.settle_down();
    for (int i = 0; i < 20; ++i) world.wait(100ms), world.settle_down();
    check_history(world);
}

// nats-server #7567: one voter loses what it did not sync while two others are paused.
TEST_CASE("a vote that was lost with its record was never counted", "[quorum][named]") {
    World world({3, 3, 7});
    const Ticket put = world.put(0, 0, "thin");
    for (int i = 0; i < 200 && !world.packets.empty(); ++i) {
        world.deliver(0);
        world.sync(0);  // the others never sync
    }
    CHECK_FALSE(world.ended(put));
    world.crash(1);
    world.crash(2);
    world.restart(1);
    world.restart(2);
    CHECK(world.finish(put).outcome == Outcome::applied);
    CHECK(value_of(world.finish(world.read(1))) == "thin");
    check_history(world);
}

TEST_CASE("everything acknowledged is there after all restart at once", "[quorum][named]") {
    World world({3, 3, 8});
    const std::uint64_t version = world.finish(world.put(0, 0, "kept")).version;
    world.settle_down();
    for (std::size_t node = 0; node < 3; ++node) world.crash(node);
    world.drop_all();
    for (std::size_t node = 0; node < 3; ++node) world.restart(node);
    CHECK(value_of(world.finish(world.read(2))) == "kept");
    CHECK(world.finish(world.put(1, version, "more")).version == version + 1);
    check_history(world);
}

TEST_CASE("a voter that comes back with another journal has no vote", "[quorum][named]") {
    World world({3, 3, 9});
    world.put(0, 0, "value");
    Promise promise{"r/x", {64, world.id(0), {1}}, {}, {}, {}};
    promise.journal.bytes.fill(0xee);
    Effects out;
    CHECK(world.core(0).on_promise(world.id(1), promise, world.now, out) ==
          VoteCounted::unknown_voter);
}

TEST_CASE("a boot number that was used before is refused its old ballots", "[quorum][named]") {
    World world({3, 3, 10, Mutation::same_boot});
    world.finish(world.put(0, 0, "before"));
    world.settle_down();
    world.crash(0);
    world.restart(0);  // as from an old copy: same boot, rounds from the beginning
    CHECK(world.finish(world.put(0, std::nullopt, "after")).outcome == Outcome::applied);
    CHECK(world.broken().empty());
}

TEST_CASE("the death of a voter costs the survivors no waiting", "[quorum][named]") {
    World world({3, 3, 11});
    world.finish(world.put(1, 0, "before"));
    world.settle_down();
    world.crash(2);
    const Ticket next = world.put(1, std::nullopt, "after");
    world.settle_down();  // no time passes
    REQUIRE(world.ended(next));
    CHECK(world.result(next).outcome == Outcome::applied);
}

TEST_CASE("a pause between prepare and accept does no harm", "[quorum][named]") {
    World world({3, 3, 12});
    const Ticket slow = world.put(0, 0, "slow", 20s);
    world.settle_down([](const Packet& packet) { return packet.kind == Kind::prepare; });
    const std::vector<Packet> promises = world.packets;
    world.drop_all();
    CHECK(world.finish(world.put(1, 0, "quick"), among(world, {1, 2})).outcome == Outcome::applied);
    world.packets = promises;
    world.settle_down();
    CHECK(world.finish(slow).reason == Reason::version_mismatch);
    check_history(world);
}

TEST_CASE("a quiet writer needs one round trip", "[quorum][named]") {
    World world({3, 3, 13});
    world.finish(world.put(0, 0, "cold"));
    const std::uint64_t version = world.result(1).version;
    world.settle_down();
    world.put(0, version, "warm");
    CHECK(std::ranges::all_of(world.packets,
                              [](const Packet& packet) { return packet.kind == Kind::accept; }));
}

// A world in which every hop takes a millisecond and every node always has one operation open.
// Found by simulation: the promises lay behind a cut, and an operation came meanwhile.
TEST_CASE("promises older than an operation do not answer it", "[quorum][named]") {
    World world({3, 3, 26});
    const auto keep_promises_from_0 = [&world](const Packet& packet) {
        return packet.kind != Kind::promise || world.index(packet.to) != 0;
    };
    const std::uint64_t old = world.finish(world.put(1, 0, "old")).version;
    const Ticket early = world.put(0, old + 7, "early");
    world.settle_down(keep_promises_from_0);
    const Finished made = world.finish(world.put(1, std::nullopt, "new"), keep_promises_from_0);
    const Ticket late = world.put(0, made.version, "late");
    CHECK(world.finish(late).outcome == Outcome::applied);
    CHECK(world.finish(early).outcome == Outcome::not_applied);
    check_history(world);
}

// How it goes when so many nodes put into one register for ten seconds, each hop 1 ms.
struct Rush {
    int operations = 0;
    int fewest = 0;      // of a node
    Duration longest{};  // of one operation
};

Rush rush(World& world, std::size_t nodes) {
    std::vector<Ticket> open(nodes);
    std::vector<BootTime> since(nodes);
    std::vector<int> done(nodes);
    Rush rush;
    const auto ask = [&](std::size_t node, int i) {
        open[node] = world.put(node, std::nullopt, std::to_string(node) + "." + std::to_string(i));
        since[node] = world.now.boot_time;
    };
    for (std::size_t node = 0; node < nodes; ++node) ask(node, 0);
    for (int ms = 1; ms <= 10'000; ++ms) {
        for (std::size_t hop = world.packets.size(); hop > 0; --hop) world.deliver(hop - 1);
        for (std::size_t node = 0; node < nodes; ++node) {
            while (world.unsynced(node) > 0) world.sync(node);
        }
        world.wait(1ms);
        for (std::size_t node = 0; node < nodes; ++node) {
            if (!world.ended(open[node])) continue;
            rush.longest = std::max(rush.longest, world.now.boot_time - since[node]);
            CHECK(world.result(open[node]).outcome == Outcome::applied);
            ++done[node];
            ++rush.operations;
            ask(node, ms);
        }
    }
    rush.fewest = *std::ranges::min_element(done);
    CHECK(world.broken().empty());
    return rush;
}

TEST_CASE("five proposers on one register for ten seconds all get on", "[quorum][named]") {
    World world({5, 5, 14});
    const Rush rushed = rush(world, 5);
    INFO("operations " << rushed.operations << ", longest " << count_ms(rushed.longest)
                       << " ms, fewest " << rushed.fewest);
    CHECK(rushed.operations >= 1500);
    CHECK(rushed.fewest >= 250);
    CHECK(rushed.longest <= 250ms);
}

// Two of four voters accept and two refuse: the fifth, which is gone, cannot decide the duel.
TEST_CASE("four proposers wait for no timer while the fifth voter is dead", "[quorum][named]") {
    World world({5, 5, 24});
    world.crash(4);
    const Rush rushed = rush(world, 4);
    INFO("operations " << rushed.operations << ", longest " << count_ms(rushed.longest)
                       << " ms, fewest " << rushed.fewest);
    CHECK(rushed.operations >= 1500);
    CHECK(rushed.fewest >= 250);
    CHECK(rushed.longest <= 95ms);  // the least patience is 100 ms
}

TEST_CASE("a duel that the detector shows undecidable is left at once", "[quorum][named]") {
    World world({5, 5, 25});
    for (std::size_t node = 0; node < 5; ++node) world.on_reachable(node, {0, 1, 2, 3});
    world.crash(4);
    const Rush rushed = rush(world, 4);
    INFO("operations " << rushed.operations << ", longest " << count_ms(rushed.longest)
                       << " ms, fewest " << rushed.fewest);
    CHECK(rushed.operations >= 1500);
    CHECK(rushed.fewest >= 250);
    CHECK(rushed.longest <= 95ms);
}

TEST_CASE("a minority says no_quorum at once when the detector sees it", "[quorum][named]") {
    World world({3, 3, 15});
    world.on_reachable(0, {0});
    const Ticket put = world.put(0, 0, "alone");
    const Ticket read = world.read(0);
    CHECK(world.result(put).reason == Reason::no_quorum);
    CHECK(world.result(put).outcome == Outcome::not_applied);
    CHECK(world.result(read).reason == Reason::no_quorum);
}

TEST_CASE("a minority that does not know it says no_quorum by the deadline", "[quorum][named]") {
    World world({5, 5, 16});
    const Ticket put = world.put(0, 0, "alone", 400ms);
    const Ticket read = world.read(0, 400ms);
    for (int i = 0; i < 41; ++i) world.settle_down(among(world, {0, 1})), world.wait(10ms);
    CHECK(world.result(put).reason == Reason::no_quorum);
    CHECK(world.result(put).outcome == Outcome::not_applied);
    CHECK(world.result(read).reason == Reason::no_quorum);
}

TEST_CASE("a node without a vote reads and writes like any other", "[quorum][named]") {
    World world({5, 3, 17});
    CHECK(world.finish(world.put(4, 0, "outside")).outcome == Outcome::applied);
    CHECK(value_of(world.finish(world.read(3))) == "outside");
    check_history(world);
}

TEST_CASE("a mesh of one agrees with itself", "[quorum][named]") {
    World world({1, 1, 18});
    CHECK(world.finish(world.put(0, 0, "mine")).outcome == Outcome::applied);
    CHECK(value_of(world.finish(world.read(0))) == "mine");
}

}  // namespace
}  // namespace starling::quorum::named_schedules_test
