// When a node asks for tables, and when it shows its own.
#include "gossip/questions.hpp"
#include "gossip/showing.hpp"
#include "tests/gossip/mesh_test_world.hpp"

namespace starling::gossip::pace_test {
namespace {

constexpr BootTime start{1h};

// ---------------------------------------------------------------- questions

TEST_CASE("one table is asked for at a time, the next once the answer came",
          "[gossip][questions]") {
    const NodeId first = test_key(ann).id();
    const NodeId second = test_key(bob).id();
    Questions questions;
    CHECK_FALSE(questions.next_deadline().has_value());
    questions.add(first);
    questions.add(second);
    questions.add(second);
    CHECK(questions.next(start) == first);
    questions.asked(first, start);
    CHECK_FALSE(questions.next(start + Questions::patience - 1ns).has_value());
    questions.answered(second, start);  // of another question
    CHECK_FALSE(questions.next(start + Questions::rest).has_value());
    questions.answered(first, start);
    CHECK_FALSE(questions.next(start + Questions::rest - 1ns).has_value());
    CHECK(questions.next_deadline() == start + Questions::rest);
    CHECK(questions.next(start + Questions::rest) == second);
    CHECK_FALSE(questions.next(start + 1h).has_value());
}

TEST_CASE("who does not answer holds nobody up for long", "[gossip][questions]") {
    Questions questions;
    questions.add(test_key(ann).id());
    (void)questions.next(start);
    questions.asked(test_key(ann).id(), start);
    questions.add(test_key(bob).id());
    CHECK(questions.next(start + Questions::patience) == test_key(bob).id());
}

// ---------------------------------------------------------------- showing

TEST_CASE("a table root is shown when it has rested, not among its changes", "[gossip][showing]") {
    Showing showing;
    CHECK_FALSE(showing.is_due(1, start));
    CHECK_FALSE(showing.is_due(2, start + Showing::rested - 1ns));
    CHECK_FALSE(showing.is_due(2, start + Showing::rested));
    CHECK(showing.next_deadline() == start + 2 * Showing::rested - 1ns);
    CHECK(showing.is_due(2, start + 2 * Showing::rested - 1ns));
    CHECK_FALSE(showing.is_due(2, start + 1h));
}

TEST_CASE("a table root that never rests is shown from time to time", "[gossip][showing]") {
    Showing showing;
    std::uint64_t root = 0;
    int shown = 0;
    for (Duration passed{}; passed < 10s; passed += Showing::rested / 2) {
        shown += showing.is_due(++root, start + passed) ? 1 : 0;
    }
    CHECK(shown == 9);
}

TEST_CASE("a table root that is again as it was shown is no news", "[gossip][showing]") {
    Showing showing;
    (void)showing.is_due(1, start);
    REQUIRE(showing.is_due(1, start + Showing::rested));
    CHECK_FALSE(showing.is_due(2, start + 1s));
    CHECK_FALSE(showing.is_due(1, start + 1s + 1ms));
    CHECK_FALSE(showing.next_deadline().has_value());
}

}  // namespace
}  // namespace starling::gossip::pace_test
