#include "tests/crdt/world.hpp"

#include <catch2/catch.hpp>

#include <limits>

namespace starling::crdt::types_test {
namespace {

using namespace std::chrono_literals;

constexpr auto ann = World::ann;
constexpr auto bob = World::bob;

View only(const std::vector<View>& views) {
    REQUIRE(views.size() == 1);
    return views.front();
}

TEST_CASE("a later write of a register replaces what its writer saw", "[crdt][types]") {
    World world(2);
    world.must_write(ann, Operation::assign("price", text("12")));
    world.deliver_all();
    const Dot second = world.must_write(bob, Operation::assign("price", text("11")));
    world.deliver_all();
    const View view = only(world.store(ann).read("price"));
    CHECK(view.value == text("11"));
    CHECK(view.version == second);
    CHECK_FALSE(view.conflicted);
}

TEST_CASE("between concurrent writes of a register the later clock wins everywhere",
          "[crdt][types]") {
    World world(2);
    world.must_write(bob, Operation::assign("price", text("11")));
    world.advance(1ms);
    world.must_write(ann, Operation::assign("price", text("12")));
    world.deliver_all();
    CHECK(only(world.store(ann).read("price")).value == text("12"));
    CHECK(only(world.store(bob).read("price")).value == text("12"));
}

TEST_CASE("equal clocks of concurrent writes go to the greater origin", "[crdt][types]") {
    World world(2);
    const Dot by_ann = world.must_write(ann, Operation::assign("price", text("12")));
    const Dot by_bob = world.must_write(bob, Operation::assign("price", text("11")));
    world.deliver_all();
    CHECK(only(world.store(ann).read("price")).version == std::max(by_ann, by_bob));
    CHECK(only(world.store(bob).read("price")).version == std::max(by_ann, by_bob));
}

TEST_CASE("a concurrent loss is counted and flagged in the change", "[crdt][types]") {
    World world(2);
    world.must_write(bob, Operation::assign("price", text("11")));
    world.advance(1ms);
    world.must_write(ann, Operation::assign("price", text("12")));
    (void)world.store(ann).take_changes();
    (void)world.store(bob).take_changes();
    world.deliver_all();

    const auto at_ann = world.store(ann).take_changes();
    REQUIRE(at_ann.size() == 1);
    CHECK(at_ann[0].conflicted);
    CHECK(at_ann[0].lost == std::vector<Bytes>{text("11")});  // what came lost
    CHECK(at_ann[0].after == text("12"));
    const auto at_bob = world.store(bob).take_changes();
    REQUIRE(at_bob.size() == 1);
    CHECK(at_bob[0].lost == std::vector<Bytes>{text("11")});  // what was shown lost
    CHECK(at_bob[0].before == text("11"));
    CHECK(world.store(bob).values().losses() == 1);
    CHECK(world.traced(bob, Event::values_conflicted) == 1);
}

TEST_CASE("the loser of a concurrent write stays readable until somebody writes again",
          "[crdt][types]") {
    World world(2);
    world.must_write(bob, Operation::assign("price", text("11")));
    world.advance(1ms);
    world.must_write(ann, Operation::assign("price", text("12")));
    world.deliver_all();
    const View conflicted = only(world.store(ann).read("price"));
    REQUIRE(conflicted.siblings.size() == 2);
    CHECK(conflicted.siblings[0].value == text("12"));
    CHECK(conflicted.siblings[1].value == text("11"));
    world.must_write(bob, Operation::assign("price", text("13")));
    world.deliver_all();
    CHECK_FALSE(only(world.store(ann).read("price")).conflicted);
}

TEST_CASE("siblings of a multi-value register are visible until a write that saw them",
          "[crdt][types]") {
    World world(2);
    world.must_write(ann, Operation::assign("plan", text("a"), Type::mv));
    world.must_write(bob, Operation::assign("plan", text("b"), Type::mv));
    world.deliver_all();
    CHECK(only(world.store(ann).read("plan")).siblings.size() == 2);
    world.must_write(ann, Operation::assign("plan", text("ab"), Type::mv));
    world.deliver_all();
    const View merged = only(world.store(bob).read("plan"));
    CHECK(merged.siblings.empty());
    CHECK(merged.value == text("ab"));
}

TEST_CASE("the same value written twice at the same time stays two siblings", "[crdt][types]") {
    World world(2);
    world.must_write(ann, Operation::assign("plan", text("a"), Type::mv));
    world.must_write(bob, Operation::assign("plan", text("a"), Type::mv));
    world.deliver_all();
    CHECK(only(world.store(ann).read("plan")).siblings.size() == 2);
}

TEST_CASE("a counter adds what all nodes added", "[crdt][types]") {
    World world(3);
    world.must_write(ann, Operation::increment("hits", 5));
    world.must_write(bob, Operation::increment("hits", 7));
    world.must_write(ann, Operation::increment("hits", -20));
    world.deliver_all();
    CHECK(only(world.store(World::eve).read("hits")).value == number(-8));
}

TEST_CASE("the smallest integer can be counted down to and back", "[crdt][types]") {
    World world(1);
    world.must_write(ann, Operation::increment("hits", std::numeric_limits<std::int64_t>::min()));
    CHECK(world.store(ann).values().sum_of("hits") == std::numeric_limits<std::int64_t>::min());
    world.must_write(ann, Operation::increment("hits", std::numeric_limits<std::int64_t>::max()));
    CHECK(world.store(ann).values().sum_of("hits") == -1);
}

TEST_CASE("an increment past 64 bits is refused", "[crdt][types]") {
    World world(1);
    world.must_write(ann, Operation::increment("hits", std::numeric_limits<std::int64_t>::max()));
    const auto refused = world.write(ann, {Operation::increment("hits", 1)});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().name == "counter_overflow");
}

TEST_CASE("deleting a counter is refused with the reason", "[crdt][types]") {
    World world(1);
    world.must_write(ann, Operation::increment("hits", 1));
    const auto refused = world.write(ann, {Operation::clear("hits")});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().name == "counter_not_deletable");
    CHECK(refused.error().message.find("'hits'") != std::string::npos);
    CHECK(world.store(ann).values().sum_of("hits") == 1);
}

TEST_CASE("an add that a remove did not see wins", "[crdt][types]") {
    World world(2);
    world.must_write(ann, Operation::insert("tags", text("red")));
    world.deliver_all();
    world.must_write(ann, Operation::insert("tags", text("red")));
    world.must_write(bob, Operation::erase("tags", text("red")));
    world.deliver_all();
    CHECK(only(world.store(bob).read("tags")).elements == std::vector<Bytes>{text("red")});
    CHECK(world.equal_roots());
}

TEST_CASE("a removed element is gone and can be added again", "[crdt][types]") {
    World world(2);
    world.must_write(ann, Operation::insert("tags", text("red")));
    world.must_write(ann, Operation::insert("tags", text("blue")));
    world.deliver_all();
    world.must_write(bob, Operation::erase("tags", text("red")));
    world.deliver_all();
    CHECK(only(world.store(ann).read("tags")).elements == std::vector<Bytes>{text("blue")});
    world.must_write(bob, Operation::insert("tags", text("red")));
    world.deliver_all();
    CHECK(only(world.store(ann).read("tags")).elements ==
          std::vector<Bytes>{text("red"), text("blue")});
}

TEST_CASE("deleting a set removes the elements its writer saw and no others", "[crdt][types]") {
    World world(2);
    world.must_write(ann, Operation::insert("tags", text("red")));
    world.must_write(ann, Operation::insert("tags", text("blue")));
    world.deliver_all();
    world.must_write(ann, Operation::insert("tags", text("green")));
    world.must_write(bob, Operation::clear("tags"));
    world.deliver_all();
    CHECK(only(world.store(ann).read("tags")).elements == std::vector<Bytes>{text("green")});
    CHECK(only(world.store(bob).read("tags")).elements == std::vector<Bytes>{text("green")});
}

TEST_CASE("a delete leaves nothing behind but the version vector", "[crdt][types]") {
    World world(2);
    world.must_write(ann, Operation::assign("price", text("12")));
    world.deliver_all();
    world.must_write(bob, Operation::clear("price"));
    world.deliver_all();
    CHECK(world.store(ann).read("price").empty());
    CHECK(world.store(ann).values().rows() == 0);
    CHECK(world.disk(ann).tables[Table::values].empty());
}

TEST_CASE("a write that a delete did not see survives it", "[crdt][types]") {
    World world(2);
    world.must_write(ann, Operation::assign("price", text("12")));
    world.deliver_all();
    world.must_write(ann, Operation::assign("price", text("13")));
    world.must_write(bob, Operation::clear("price"));
    world.deliver_all();
    CHECK(only(world.store(bob).read("price")).value == text("13"));
}

TEST_CASE("what is not there cannot be deleted", "[crdt][types]") {
    World world(1);
    CHECK(world.write(ann, {Operation::clear("price")}).error().code == ErrorCode::not_found);
    CHECK(world.write(ann, {Operation::erase("tags", text("red"))}).error().name ==
          "element_missing");
}

TEST_CASE("a key of one type is not written as another", "[crdt][types]") {
    World world(1);
    world.must_write(ann, Operation::increment("hits", 1));
    const auto refused = world.write(ann, {Operation::assign("hits", text("x"))});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().name == "type_mismatch");
}

TEST_CASE("operations of one batch see each other", "[crdt][types]") {
    World world(2);
    REQUIRE(world.write(ann, {Operation::assign("a", text("1")), Operation::assign("a", text("2")),
                              Operation::insert("s", text("x")), Operation::erase("s", text("x")),
                              Operation::insert("s", text("y"))}));
    world.deliver_all();
    CHECK(only(world.store(bob).read("a")).value == text("2"));
    CHECK_FALSE(only(world.store(bob).read("a")).conflicted);
    CHECK(only(world.store(bob).read("s")).elements == std::vector<Bytes>{text("y")});
    REQUIRE(world.write(ann, {Operation::clear("s"), Operation::increment("s", 3)}));
    CHECK(only(world.store(ann).read("s")).type == Type::counter);
}

}  // namespace
}  // namespace starling::crdt::types_test
