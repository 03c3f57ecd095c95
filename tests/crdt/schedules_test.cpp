// Schedules that made other stores lose data, by the name under which they are known.
#include "tests/crdt/world.hpp"

#include <catch2/catch.hpp>

namespace starling::crdt::schedules_test {
namespace {

using namespace std::chrono_literals;

constexpr auto ann = World::ann;
constexpr auto bob = World::bob;
constexpr auto eve = World::eve;

Bytes value_at(World& world, std::size_t node, std::string_view key) {
    const auto views = world.store(node).read(key);
    REQUIRE(views.size() == 1);
    return views.front().value;
}

// basho/riak_kv#679: a node that lost its disk gave out its old counters again.
TEST_CASE("a node without its disk writes under a new origin and loses nothing",
          "[crdt][schedule]") {
    World world(2);
    world.must_write(ann, Operation::assign("one", text("1")));
    world.must_write(ann, Operation::assign("two", text("2")));
    world.deliver_all();
    world.lose_disk(ann);
    world.restart(ann);
    world.must_write(ann, Operation::assign("three", text("3")));
    REQUIRE(world.settle());
    for (const std::size_t node : {ann, bob}) {
        CHECK(world.store(node).list("", "", 10).size() == 3);
    }
    CHECK_FALSE(world.store(ann).origin_reused());
}

// basho/riak_kv#679, "doomstone": delete, forget, re-create, then the late delete arrives.
TEST_CASE("a late delete does not reach a value created after it", "[crdt][schedule]") {
    World world(3);
    world.must_write(ann, Operation::assign("k", text("old")));
    world.deliver_all();
    world.cut(ann, eve);
    world.cut(bob, eve);
    const Dot removal = world.must_write(ann, Operation::clear("k"));
    world.deliver_all();
    world.must_write(bob, Operation::assign("k", text("new")));
    world.deliver_all();
    world.heal();
    world.must_write(eve, Operation::increment("c", 1));  // eve learns the delete last
    world.receive(eve, ann, world.stored(ann, removal));
    REQUIRE(world.settle());
    for (const std::size_t node : {ann, bob, eve}) CHECK(value_at(world, node, "k") == text("new"));
}

// A virtual machine restored from a backup, with a clock that went back as well.
TEST_CASE("a rolled-back disk with its old boot is found out and stops writing",
          "[crdt][schedule]") {
    World world(2);
    world.must_write(ann, Operation::assign("k", text("1")));
    world.deliver_all();
    const auto backup = world.disk(ann).tables;
    const Boot boot{world.boot(ann).value + 1};
    world.restart(ann, boot);
    world.must_write(ann, Operation::assign("k", text("2")));
    world.deliver_all();
    world.disk(ann).tables = backup;
    world.restart(ann, boot);
    REQUIRE(world.settle());  // bob brings back what ann forgot
    CHECK(value_at(world, ann, "k") == text("2"));
    CHECK(world.store(ann).origin_reused());
    CHECK(world.write(ann, {Operation::assign("k", text("3"))}).error().name == "origin_reused");
    world.restart(ann);
    CHECK(world.write(ann, {Operation::assign("k", text("3"))}));
    REQUIRE(world.settle());
    CHECK(value_at(world, bob, "k") == text("3"));
}

TEST_CASE("two copies of a node that both wrote are frozen and kept as evidence",
          "[crdt][schedule]") {
    World world(3);
    const auto backup = world.disk(ann).tables;
    const Boot boot = world.boot(ann);
    const Dot dot = world.must_write(ann, Operation::assign("k", text("here")));
    world.deliver_only(bob, Kind::batches);
    world.flying().clear();
    world.disk(ann).tables = backup;
    world.restart(ann, boot);
    world.must_write(ann, Operation::assign("k", text("there")));
    CHECK(world.receive(bob, ann, world.stored(ann, dot)) == BatchVerdict::forked);
    CHECK(world.disk(bob).tables[Table::forks].size() == 1);
    CHECK(world.traced(bob, Event::origin_forked) == 1);
    world.flying().clear();
    world.must_write(ann, Operation::assign("k", text("again")));
    CHECK(world.receive(bob, ann, world.stored(ann, {dot.origin, 2})) == BatchVerdict::frozen);
    world.restart(bob);
    CHECK(world.receive(bob, ann, world.stored(ann, {dot.origin, 2})) == BatchVerdict::frozen);
}

TEST_CASE("heads that differ at one counter bring the evidence", "[crdt][schedule]") {
    World world(3);
    const auto backup = world.disk(ann).tables;
    const Boot boot = world.boot(ann);
    world.must_write(ann, Operation::assign("k", text("here")));
    world.deliver_only(bob, Kind::batches);
    world.flying().clear();
    world.disk(ann).tables = backup;
    world.restart(ann, boot);
    world.must_write(ann, Operation::assign("k", text("there")));
    world.deliver_only(eve, Kind::batches);
    world.flying().clear();
    CHECK_FALSE(world.settle());  // no honest history has both
    CHECK(world.traced(bob, Event::origin_forked) + world.traced(eve, Event::origin_forked) > 0);
}

TEST_CASE("a batch on another chain than the head freezes its origin", "[crdt][schedule]") {
    World world(2);
    const auto publish = [&](std::uint64_t first, const Hash256& previous, const char* value) {
        Batch batch;
        batch.origin = {world.id(ann), Boot{77}};
        batch.first = first;
        batch.previous = previous;
        batch.operations = {Operation::assign("k", text(value))};
        const Bytes body = encoded(batch);
        const Hash256 chain = chain_of(body);
        const auto verdict =
            world.receive(bob, ann, {Freshness::stored, {sealed(world.key(ann), body, chain)}});
        return std::pair(verdict, chain);
    };
    const auto [applied, chain] = publish(1, {}, "1");
    REQUIRE(applied == BatchVerdict::applied);
    CHECK(publish(2, Hash256{}, "2").first == BatchVerdict::forked);
    CHECK(publish(2, chain, "2").first == BatchVerdict::frozen);
}

// A writer that signs two batches for one dot: bob sees one branch, eve the beginning of both.
class Branches {
public:
    explicit Branches(World& world) : world_(world) {}

    BatchVerdict tell(std::size_t node, std::uint64_t first, const char* value) {
        Batch batch;
        batch.origin = {world_.id(ann), Boot{77}};
        batch.first = first;
        batch.previous = first == 1 ? Hash256{} : chain_;
        batch.operations = {Operation::assign("k", text(value))};
        const Bytes body = encoded(batch);
        chain_ = chain_of(body);
        return world_.receive(node, ann,
                              {Freshness::stored, {sealed(world_.key(ann), body, chain_)}});
    }

private:
    World& world_;
    Hash256 chain_;
};

TEST_CASE("what was written after a batch of a forked origin is taken where that never came",
          "[crdt][schedule]") {
    World world(3);
    Branches branches(world);
    REQUIRE(branches.tell(eve, 1, "other") == BatchVerdict::applied);
    REQUIRE(branches.tell(bob, 1, "one") == BatchVerdict::applied);
    REQUIRE(branches.tell(bob, 2, "two") == BatchVerdict::applied);
    REQUIRE(branches.tell(eve, 1, "one") == BatchVerdict::forked);
    world.must_write(bob, Operation::assign("later", text("bob")));
    world.deliver_all();
    CHECK(value_at(world, eve, "later") == text("bob"));
}

TEST_CASE("what waits for a batch of an origin goes on when that origin forks",
          "[crdt][schedule]") {
    World world(3);
    Branches branches(world);
    REQUIRE(branches.tell(eve, 1, "other") == BatchVerdict::applied);
    REQUIRE(branches.tell(bob, 1, "one") == BatchVerdict::applied);
    REQUIRE(branches.tell(bob, 2, "two") == BatchVerdict::applied);
    world.must_write(bob, Operation::assign("later", text("bob")));
    world.deliver_only(eve, Kind::batches);
    REQUIRE(world.store(eve).waiting() == 1);
    REQUIRE(branches.tell(eve, 1, "one") == BatchVerdict::forked);
    CHECK(world.store(eve).waiting() == 0);
    CHECK(value_at(world, eve, "later") == text("bob"));
}

TEST_CASE("a node whose origin forked is heard again after its next start", "[crdt][schedule]") {
    World world(2);
    const Dot dot = world.must_write(ann, Operation::assign("k", text("here")));
    Batch other;
    other.origin = dot.origin;
    other.operations = {Operation::assign("k", text("there"))};
    const Bytes body = encoded(other);
    REQUIRE(world.receive(bob, ann,
                          {Freshness::stored, {sealed(world.key(ann), body, chain_of(body))}}) ==
            BatchVerdict::applied);
    world.must_write(ann, Operation::assign("k", text("again")));
    world.deliver_all();
    world.restart(ann);
    world.must_write(ann, Operation::assign("later", text("ann")));
    world.deliver_all();
    CHECK(value_at(world, bob, "later") == text("ann"));
}

// CBaquero/delta-enabled-crdts, dotcontext::makedot: an own dot comes back before it is given out
// again.
TEST_CASE("own dots that come back from others are not given out again", "[crdt][schedule]") {
    World world(2);
    const Dot old = world.must_write(ann, Operation::insert("s", text("old")));
    world.deliver_all();
    world.lose_disk(ann);
    world.restart(ann);
    world.receive(ann, bob, world.stored(bob, old));
    const Dot fresh = world.must_write(ann, Operation::insert("s", text("four")));
    CHECK(fresh.origin != old.origin);
    REQUIRE(world.settle());
    for (const std::size_t node : {ann, bob}) {
        CHECK(world.store(node).read("s")[0].elements ==
              std::vector<Bytes>{text("old"), text("four")});
    }
}

// riak_dt#100: a register showed a value older than one it had shown before.
TEST_CASE("a register never shows again what a shown value had replaced", "[crdt][schedule]") {
    World world(2);
    world.must_write(ann, Operation::assign("k", text("1")));
    world.deliver_all();
    world.must_write(ann, Operation::assign("k", text("2")));
    world.must_write(bob, Operation::assign("k", text("other")));
    world.must_write(ann, Operation::clear("k"));
    REQUIRE(world.settle());
    // The delete did not see bob's write, so that stays; 1 and 2 are gone for good.
    CHECK(value_at(world, ann, "k") == text("other"));
    CHECK(value_at(world, bob, "k") == text("other"));
}

// riak_dt, orswot: present_but_removed.
TEST_CASE("an element removed after all adds were merged is absent everywhere",
          "[crdt][schedule]") {
    World world(3);
    world.must_write(ann, Operation::insert("s", text("z")));
    world.deliver_only(eve, Kind::batches);
    world.flying().clear();
    world.must_write(bob, Operation::insert("s", text("z")));
    world.deliver_only(ann, Kind::batches);
    world.flying().clear();
    world.must_write(ann, Operation::erase("s", text("z")));
    REQUIRE(world.settle());
    for (const std::size_t node : {ann, bob, eve}) CHECK(world.store(node).read("s").empty());
}

// riak_dt, orswot: no_dots_left.
TEST_CASE("two removes of adds that each saw only half leave nothing", "[crdt][schedule]") {
    World world(2);
    world.must_write(ann, Operation::insert("s", text("z")));
    world.must_write(bob, Operation::insert("s", text("z")));
    world.flying().clear();
    world.must_write(ann, Operation::erase("s", text("z")));
    world.must_write(bob, Operation::erase("s", text("z")));
    REQUIRE(world.settle());
    CHECK(world.store(ann).read("s").empty());
    CHECK(world.store(bob).read("s").empty());
}

// riak_dt, orswot: disjoint_merge.
TEST_CASE("a remove on one node leaves what another added apart from it", "[crdt][schedule]") {
    World world(2);
    world.must_write(ann, Operation::insert("s", text("bar")));
    world.must_write(bob, Operation::insert("s", text("baz")));
    REQUIRE(world.settle());
    world.must_write(ann, Operation::erase("s", text("bar")));
    REQUIRE(world.settle());
    CHECK(world.store(bob).read("s")[0].elements == std::vector<Bytes>{text("baz")});
}

// riak_dt, orswot: dead_node_update and tombstone_remove; a node that is gone for ever.
TEST_CASE("values of a node that never comes back can be removed", "[crdt][schedule]") {
    World world(3);
    world.must_write(eve, Operation::insert("s", text("z")));
    world.must_write(eve, Operation::assign("k", text("1")));
    world.deliver_all();
    world.cut(ann, eve);
    world.cut(bob, eve);
    world.must_write(ann, Operation::clear("s"));
    world.must_write(bob, Operation::clear("k"));
    world.deliver_all();
    for (const std::size_t node : {ann, bob}) CHECK(world.store(node).list("", "", 9).empty());
}

// riak_dt, batch_order: an add and a remove in one batch keep their order.
TEST_CASE("a batch that removes and adds ends with what it did last", "[crdt][schedule]") {
    World world(2);
    world.must_write(ann, Operation::insert("s", text("z")));
    world.deliver_all();
    REQUIRE(world.write(bob, {Operation::erase("s", text("z")), Operation::insert("s", text("z")),
                              Operation::erase("s", text("z"))}));
    world.deliver_all();
    CHECK(world.store(ann).read("s").empty());
}

// evolu#709, cachapa/crdt#6: one stamp from the future beat every later write.
TEST_CASE("a stamp from the future does not beat a write that saw it", "[crdt][schedule]") {
    World world(2);
    world.skew(bob, 24h);
    world.must_write(bob, Operation::assign("k", text("poison")));
    world.deliver_all();
    CHECK(world.traced(ann, Event::clock_ahead) == 1);
    const Dot honest = world.must_write(ann, Operation::assign("k", text("honest")));
    world.deliver_all();
    for (const std::size_t node : {ann, bob}) {
        CHECK(value_at(world, node, "k") == text("honest"));
        CHECK(world.store(node).read("k")[0].version == honest);
    }
    CHECK(world.store(ann).read("k")[0].time.ms() == wall_ms(world.now(ann).wall));
}

// riak_dt, ORMap: the same name created with two types at the same time.
TEST_CASE("a name created with two types at once keeps both, visible and writable",
          "[crdt][schedule]") {
    World world(2);
    world.must_write(ann, Operation::increment("x", 3));
    world.must_write(bob, Operation::insert("x", text("e")));
    world.deliver_all();
    for (const std::size_t node : {ann, bob}) {
        const auto views = world.store(node).read("x");
        REQUIRE(views.size() == 2);
        CHECK(views[0].value == number(3));
        CHECK(views[1].elements == std::vector<Bytes>{text("e")});
    }
    CHECK(world.write(ann, {Operation::increment("x", 1)}));
    CHECK(world.write(ann, {Operation::clear("x", Type::set)}));
    REQUIRE(world.settle());
    CHECK(world.store(bob).read("x").size() == 1);
}

}  // namespace
}  // namespace starling::crdt::schedules_test
