#include "sim/fifo.hpp"

#include <catch2/catch.hpp>

#include <deque>

namespace starling::sim::fifo_test {
namespace {

TEST_CASE("what enters a queue first leaves it first, however long it is in use", "[sim][fifo]") {
    Fifo<int> queue;
    std::deque<int> model;
    for (int i = 0; i < 5'000; ++i) {
        queue.push_back(i);
        model.push_back(i);
        // Now and then as many leave as have come; in between the queue grows.
        for (int taken = 0; taken < i % 3 && !model.empty(); ++taken) {
            REQUIRE(queue.front() == model.front());
            queue.pop_front();
            model.pop_front();
        }
        REQUIRE(queue.size() == model.size());
    }
    REQUIRE_FALSE(model.empty());
    CHECK(std::deque<int>(queue.begin(), queue.end()) == model);
}

TEST_CASE("the last of a queue can be taken back", "[sim][fifo]") {
    Fifo<int> queue;
    for (const int each : {1, 2, 3}) queue.push_back(each);
    queue.pop_front();
    queue.pop_back();
    CHECK(queue.back() == 2);
    queue.pop_back();
    CHECK(queue.empty());
}

}  // namespace
}  // namespace starling::sim::fifo_test
