#include "node/io/inbox.hpp"

#include "base/limits.hpp"
#include "node/io/pending.hpp"
#include "node/io/subscription.hpp"

#include <catch2/catch.hpp>
#include <poll.h>

#include <thread>

namespace starling::detail::inbox_test {
namespace {

using namespace std::chrono_literals;

bool readable(const Inbox& inbox) {
    pollfd polled{inbox.fd(), POLLIN, 0};
    return ::poll(&polled, 1, 0) == 1;
}

Result<int> first_byte(ByteView bytes) {
    return int{bytes.front()};
}

std::shared_ptr<CallFor<int>> call_on(const std::shared_ptr<Inbox>& inbox) {
    return std::make_shared<CallFor<int>>(inbox, Effect::possible, first_byte);
}

// A stream without a node: whoever holds it hands out the items.
struct Feed {
    Line::Sink sink{};
    int opened = 0;
    int ended = 0;

    Line line() {
        return {[this](Line::Sink given) {
                    sink = std::move(given);
                    return CallId{static_cast<std::uint64_t>(++opened)};
                },
                [this](CallId) { ++ended; }};
    }

    void item(std::uint8_t number) const { sink(Bytes{number}, false); }
};

std::optional<NodeEvent> event_of(ByteView bytes) {
    MemberEvent event;
    if (bytes.empty())
        event.phase = Phase::lagged;
    else
        event.member.incarnation = bytes.front();
    return NodeEvent{0, event};
}

std::uint32_t number_in(const NodeEvent& event) {
    return std::get<MemberEvent>(event.what).member.incarnation;
}

TEST_CASE("the descriptor is readable while something waits", "[api][inbox]") {
    Inbox inbox;
    CHECK_FALSE(readable(inbox));
    inbox.post([] {});
    CHECK(readable(inbox));
    CHECK(inbox.run(0ms) == 1);
    CHECK_FALSE(readable(inbox));
}

TEST_CASE("a handler that polls runs nothing", "[api][inbox]") {
    Inbox inbox;
    std::size_t inner = 1;
    inbox.post([&] { inner = inbox.run(0ms); });
    inbox.run(0ms);
    CHECK(inner == 0);
}

TEST_CASE("waiting inside a handler is refused at once", "[api][pending]") {
    const auto inbox = std::make_shared<Inbox>();
    const auto call = call_on(inbox);
    std::string name;
    inbox->post([&] { name = call->wait(1h).error().name; });
    inbox->run(0ms);
    CHECK(name == "would_deadlock");
}

TEST_CASE("an answer that came before the handler reaches it", "[api][pending]") {
    const auto inbox = std::make_shared<Inbox>();
    const auto call = call_on(inbox);
    call->answer(Bytes{7});
    int got = 0;
    call->then([&](const Result<Bytes>& reply) { got = reply->front(); });
    CHECK(got == 0);
    CHECK(inbox->run(0ms) == 1);
    CHECK(got == 7);
}

TEST_CASE("an answer that comes after the handler reaches it once", "[api][pending]") {
    const auto inbox = std::make_shared<Inbox>();
    const auto call = call_on(inbox);
    int times = 0;
    call->then([&](const Result<Bytes>&) { ++times; });
    call->answer(Bytes{7});
    call->answer(Bytes{8});
    inbox->run(0ms);
    inbox->run(0ms);
    CHECK(times == 1);
}

TEST_CASE("a wait that ends without an answer says that it may have happened", "[api][pending]") {
    const auto reply = call_on(std::make_shared<Inbox>())->wait(1ms);
    REQUIRE_FALSE(reply);
    CHECK(reply.error().name == "timed_out");
    CHECK(reply.error().changed == Changed::unknown);
}

TEST_CASE("an empty answer means that the node closed", "[api][pending]") {
    const auto call = call_on(std::make_shared<Inbox>());
    call->answer({});
    CHECK(call->wait(0ms).error().name == "node_closed");
}

TEST_CASE("an answer wakes a thread that waits for it", "[api][pending]") {
    const auto call = call_on(std::make_shared<Inbox>());
    std::thread other([&] { call->answer(Bytes{3}); });
    const auto reply = call->wait(1h);
    other.join();
    REQUIRE(reply);
    CHECK(reply->front() == 3);
}

TEST_CASE("items without a handler come out of next in their order", "[api][watch]") {
    Feed feed;
    const auto inbox = std::make_shared<Inbox>();
    const auto watch = std::make_shared<Subscription>(5, inbox, feed.line(), event_of, nullptr);
    REQUIRE(watch->open());
    feed.item(1);
    feed.item(2);
    const auto first = inbox->next(0ms);
    REQUIRE(first);
    CHECK(first->watch == 5);
    CHECK(number_in(*first) == 1);
    CHECK(number_in(*inbox->next(0ms)) == 2);
    CHECK_FALSE(inbox->next(0ms));
}

TEST_CASE("nothing is delivered after a watch ended", "[api][watch]") {
    Feed feed;
    const auto inbox = std::make_shared<Inbox>();
    const auto watch = std::make_shared<Subscription>(5, inbox, feed.line(), event_of, nullptr);
    REQUIRE(watch->open());
    feed.item(1);
    watch->end();
    feed.item(2);
    CHECK_FALSE(inbox->next(0ms));
    CHECK(feed.ended == 1);
}

TEST_CASE("a reader 10,000 items behind gets them all", "[api][watch]") {
    Feed feed;
    const auto inbox = std::make_shared<Inbox>();
    std::size_t got = 0;
    const auto watch = std::make_shared<Subscription>(5, inbox, feed.line(), event_of,
                                                      [&](const NodeEvent&) { ++got; });
    REQUIRE(watch->open());
    for (std::size_t i = 0; i < limits::events_undelivered; ++i) feed.item(1);
    inbox->run(0ms);
    CHECK(got == limits::events_undelivered);
    CHECK(feed.opened == 1);
}

TEST_CASE("a reader one item further behind gets lagged and the stream begins anew",
          "[api][watch]") {
    Feed feed;
    const auto inbox = std::make_shared<Inbox>();
    std::vector<Phase> phases;
    const auto watch = std::make_shared<Subscription>(
        5, inbox, feed.line(), event_of,
        [&](const NodeEvent& event) { phases.push_back(std::get<MemberEvent>(event.what).phase); });
    REQUIRE(watch->open());
    for (std::size_t i = 0; i <= limits::events_undelivered; ++i) feed.item(1);
    inbox->run(0ms);
    CHECK(phases == std::vector{Phase::lagged});
    CHECK(feed.ended == 1);
    CHECK(feed.opened == 2);
}

}  // namespace
}  // namespace starling::detail::inbox_test
