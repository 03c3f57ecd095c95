#include "sim/event_queue.hpp"

#include <catch2/catch.hpp>

#include <vector>

namespace starling::sim::event_queue_test {
namespace {

using namespace std::chrono_literals;

std::vector<int> order_of_ties(std::uint64_t seed) {
    EventQueue<int> queue(seed);
    for (int i = 0; i < 20; ++i) queue.push(1ms, i);
    std::vector<int> order;
    while (!queue.empty()) order.push_back(queue.pop().payload);
    return order;
}

TEST_CASE("events leave in the order of time", "[sim][event_queue]") {
    EventQueue<int> queue(1);
    Rng rng(7);
    for (int i = 0; i < 1000; ++i) queue.push(rng.between(Duration{0}, Duration{1s}), i);
    Duration last{};
    while (!queue.empty()) {
        const auto due = queue.pop();
        REQUIRE(due.at >= last);
        last = due.at;
    }
}

TEST_CASE("events of one instant leave in an order that the seed repeats", "[sim][event_queue]") {
    CHECK(order_of_ties(3) == order_of_ties(3));
}

TEST_CASE("another seed orders the events of one instant otherwise", "[sim][event_queue]") {
    CHECK(order_of_ties(3) != order_of_ties(4));
}

TEST_CASE("an event pushed while others wait finds its place", "[sim][event_queue]") {
    EventQueue<int> queue(1);
    queue.push(1ms, 1);
    queue.push(3ms, 3);
    REQUIRE(queue.pop().payload == 1);
    queue.push(2ms, 2);
    CHECK(queue.pop().payload == 2);
    CHECK(queue.pop().payload == 3);
}

}  // namespace
}  // namespace starling::sim::event_queue_test
