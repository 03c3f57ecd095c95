#include "node/io/link_queue.hpp"

#include <catch2/catch.hpp>

namespace starling::io::link_queue_test {
namespace {

bool push(LinkQueue& queue, Kind kind, std::size_t size = 10) {
    QueuedFrame frame{kind, size, Message(size)};
    return queue.push(frame);
}

}  // namespace

TEST_CASE("a heartbeat overtakes the batches that wait", "[io][link_queue]") {
    LinkQueue queue;
    REQUIRE(push(queue, Kind::batches));
    REQUIRE(push(queue, Kind::ping));
    CHECK(queue.front()->kind == Kind::ping);
}

TEST_CASE("hello goes before every heartbeat", "[io][link_queue]") {
    LinkQueue queue;
    REQUIRE(push(queue, Kind::ping));
    queue.push_front({Kind::hello, 10, Message(10)});
    CHECK(queue.front()->kind == Kind::hello);
}

TEST_CASE("frames of one lane keep their order", "[io][link_queue]") {
    LinkQueue queue;
    for (const Kind kind : {Kind::batches, Kind::cfp, Kind::record}) REQUIRE(push(queue, kind));
    queue.pop();
    CHECK(queue.front()->kind == Kind::cfp);
}

TEST_CASE("a queue that was emptied holds no bytes", "[io][link_queue]") {
    LinkQueue queue;
    REQUIRE(push(queue, Kind::ping, 100));
    REQUIRE(push(queue, Kind::batches, 200));
    REQUIRE(queue.bytes() == 300);
    queue.pop();
    queue.pop();
    CHECK(queue.bytes() == 0);
    CHECK(queue.empty());
}

}  // namespace starling::io::link_queue_test
