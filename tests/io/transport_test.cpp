#include "node/io/transport.hpp"

#include "tests/io/station.hpp"

#include <catch2/catch.hpp>
#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <string>
#include <vector>

namespace starling::io {
namespace {

using node::LinkNews;
using tests::linked;
using tests::Station;
using tests::until;

// A listening socket that nobody serves; closed at the end.
struct Listener {
    explicit Listener(int backlog = 8) : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in any{};
        any.sin_family = AF_INET;
        any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof any;
        auto* address = reinterpret_cast<sockaddr*>(&any);
        REQUIRE(::bind(socket.get(), address, size) == 0);
        REQUIRE(getsockname(socket.get(), address, &size) == 0);
        if (backlog > 0) REQUIRE(::listen(socket.get(), backlog) == 0);
        text = Endpoint::of(address, size).text();
    }

    Descriptor socket;
    std::string text;
};

}  // namespace

TEST_CASE("a frame arrives under the id of its sender", "[io][transport]") {
    Station ann(1);
    Station bob(2);
    REQUIRE(linked(ann, bob));
    REQUIRE(bob.frames.size() == 1);
    CHECK(bob.frames[0].from == ann.id);
    CHECK(bob.frames[0].text() == "hello");
}

TEST_CASE("a frame carries the link of its connection", "[io][transport]") {
    Station ann(1);
    Station bob(2);
    REQUIRE(linked(ann, bob, 77));
    CHECK(node::read_header(bob.frames.at(0).bytes)->link == LinkId{77});
}

TEST_CASE("five thousand frames arrive in the order they were sent", "[io][transport]") {
    constexpr int count = 5000;
    Station ann(1);
    Station bob(2);
    REQUIRE(linked(ann, bob));
    bob.frames.clear();
    int sent = 0;
    REQUIRE(until({&ann, &bob}, [&] {
        while (sent < count && ann.transport->numbers().queued_bytes == 0) {
            ann.send(bob, Kind::batches, std::to_string(sent++));
        }
        return bob.frames.size() == count;
    }));
    int expected = 0;
    for (const auto& frame : bob.frames) {
        if (frame.text() != std::to_string(expected)) break;
        ++expected;
    }
    CHECK(expected == count);
}

TEST_CASE("hello goes before the frames that waited for the link", "[io][transport]") {
    Station ann(1);
    Station bob(2);
    bob.admit(ann);
    ann.dial(bob, 1);
    CHECK(ann.send(bob, Kind::batches, "waited") == SendVerdict::queued);
    REQUIRE(until({&ann, &bob}, [&] { return ann.event(LinkNews::connected) != nullptr; }));
    ann.send(bob, Kind::hello, "hello");
    REQUIRE(until({&ann, &bob}, [&] { return bob.frames.size() == 2; }));
    CHECK(bob.frames[0].kind() == Kind::hello);
}

TEST_CASE("a frame for a peer without a link is dropped loudly", "[io][transport]") {
    Station ann(1);
    Station bob(2);
    CHECK(ann.send(bob, Kind::batches, "x") == SendVerdict::no_link);
    ann.turn();
    REQUIRE(ann.traced.size() == 1);
    CHECK(ann.traced[0].event == Event::send_dropped);
    CHECK(ann.transport->numbers().frames_dropped == 1);
}

TEST_CASE("a link's queue takes so many frames and no more", "[io][transport]") {
    Station ann(1);
    Station bob(2);
    ann.dial(bob, 1);
    for (std::size_t i = 0; i < limits::link_queue_frames; ++i) {
        REQUIRE(ann.send(bob, Kind::batches, "x") == SendVerdict::queued);
    }
    CHECK(ann.send(bob, Kind::batches, "x") == SendVerdict::queue_full);
}

TEST_CASE("a link's queue takes so many bytes and no more", "[io][transport]") {
    Station ann(1);
    Station bob(2);
    ann.dial(bob, 1);
    const std::string quarter(limits::link_queue_bytes / 4 - limits::frame_header_bytes, 'x');
    for (int i = 0; i < 4; ++i) {
        REQUIRE(ann.send(bob, Kind::batches, quarter) == SendVerdict::queued);
    }
    CHECK(ann.send(bob, Kind::batches, "") == SendVerdict::queue_full);
}

TEST_CASE("a frame of exactly the limit arrives and one byte more is never sent",
          "[io][transport]") {
    Station ann(1);
    Station bob(2);
    REQUIRE(linked(ann, bob));
    const std::string largest(limits::body_bytes, 'x');
    CHECK(ann.send(bob, Kind::batches, largest + "x") == SendVerdict::too_large);
    ann.send(bob, Kind::batches, largest);
    REQUIRE(until({&ann, &bob}, [&] { return bob.frames.size() == 2; }));
    CHECK(bob.frames[1].text() == largest);
}

TEST_CASE("a frame over the limit ends its connection and nothing else", "[io][transport]") {
    Station ann(1);
    Station bob(2);
    Station eve(3);
    bob.admit(eve);
    Context context;
    Poller poller;
    const auto to = lookup(*parse_address(bob.address()), Names::numeric_only);
    const auto push = PushSocket::open(context, poller, eve.keys, bob.keys.key, *to);
    REQUIRE(push);
    std::optional<PushSocket::Event> event;
    const auto happened = [&](PushSocket::Event wanted) {
        return until({&bob}, [&] { return (event = push->next_event()) == wanted; });
    };
    REQUIRE(happened(PushSocket::Event::connected));
    Message oversized(limits::frame_bytes + 1);
    REQUIRE(push->send(oversized));
    CHECK(happened(PushSocket::Event::lost));
    CHECK(bob.frames.empty());
    CHECK(linked(ann, bob));
}

TEST_CASE("a key that is not on the list is denied", "[io][transport]") {
    Station ann(1);
    Station bob(2);
    ann.dial(bob, 1);
    REQUIRE(until({&ann, &bob}, [&] { return !ann.events.empty(); }));
    CHECK(ann.events[0].news == LinkNews::denied);
}

TEST_CASE("the listener names the key and address that it denied", "[io][transport]") {
    Station ann(1);
    Station bob(2);
    ann.dial(bob, 1);
    REQUIRE(until({&ann, &bob}, [&] { return !bob.traced.empty(); }));
    CHECK(bob.traced[0].event == Event::key_refused);
    CHECK(bob.traced[0].fields[0] == ann.keys.key.prefix());
    CHECK(bob.traced[0].fields[1] == INADDR_LOOPBACK);
}

TEST_CASE("a frame of an expelled member is ignored although its connection stands",
          "[io][transport]") {
    Station ann(1);
    Station bob(2);
    REQUIRE(linked(ann, bob));
    bob.transport->expel(ann.keys.key);
    ann.send(bob, Kind::ping, "still here");
    REQUIRE(until({&ann, &bob}, [&] { return bob.transport->numbers().frames_ignored == 1; }));
    CHECK(bob.frames.size() == 1);
}

TEST_CASE("the end of a peer is news at once", "[io][transport]") {
    Station ann(1);
    auto bob = std::make_unique<Station>(std::uint8_t{2});
    REQUIRE(linked(ann, *bob));
    bob.reset();
    REQUIRE(until({&ann}, [&] { return ann.event(LinkNews::lost) != nullptr; }));
    CHECK(ann.event(LinkNews::lost)->link == LinkId{1});
}

TEST_CASE("frames that waited for a link that ended are counted as dropped", "[io][transport]") {
    Station ann(1);
    const Listener closed(0);
    Station bob(2);
    ann.dial_at(bob, closed.text, 1);
    for (int i = 0; i < 3; ++i) ann.send(bob, Kind::batches, "x");
    REQUIRE(until({&ann}, [&] { return !ann.events.empty(); }));
    CHECK(ann.transport->numbers().frames_dropped == 3);
    CHECK(ann.transport->numbers().queued_bytes == 0);
}

TEST_CASE("a dial that nobody answers says refused with its errno", "[io][transport]") {
    Station ann(1);
    Station bob(2);
    const Listener closed(0);
    ann.dial_at(bob, closed.text, 1);
    REQUIRE(until({&ann}, [&] { return !ann.events.empty(); }));
    CHECK(ann.events[0].news == LinkNews::refused);
    CHECK(ann.events[0].detail == ECONNREFUSED);
}

TEST_CASE("a dial to a listener that never speaks times out", "[io][transport]") {
    Station ann(1);
    Station bob(2);
    const Listener silent;
    ann.dial_at(bob, silent.text, 1);
    REQUIRE(until({&ann}, [&] { return !ann.events.empty(); }));
    CHECK(ann.events[0].news == LinkNews::timed_out);
}

TEST_CASE("a dial to another holder of the address is no connection", "[io][transport]") {
    Station ann(1);
    Station bob(2);
    Station eve(3);
    eve.admit(ann);
    ann.dial_at(bob, eve.address(), 1);
    REQUIRE(until({&ann, &eve}, [&] { return !ann.events.empty(); }));
    CHECK(ann.events[0].news != LinkNews::connected);
}

TEST_CASE("a dial to a host that nobody knows is unreachable", "[io][transport]") {
    Station ann(1);
    Station bob(2);
    ann.dial_at(bob, "no-such-host.invalid:7847", 1);
    REQUIRE(until({&ann}, [&] { return !ann.events.empty(); }));
    CHECK(ann.events[0].news == LinkNews::unreachable);
}

TEST_CASE("a dial to text that is no address is unreachable", "[io][transport]") {
    Station ann(1);
    Station bob(2);
    ann.dial_at(bob, "nonsense", 1);
    ann.turn();
    REQUIRE(ann.events.size() == 1);
    CHECK(ann.events[0].news == LinkNews::unreachable);
}

TEST_CASE("a member may be dialled by the name of its host", "[io][transport]") {
    Station ann(1);
    Station bob(2);
    bob.admit(ann);
    const auto port = parse_address(bob.address())->port;
    ann.dial_at(bob, "localhost:" + std::to_string(port), 1);
    REQUIRE(until({&ann, &bob}, [&] { return !ann.events.empty(); }));
    CHECK(ann.events[0].news == LinkNews::connected);
}

TEST_CASE("a probe of a listener is accepted", "[io][probe]") {
    Station ann(1);
    const Listener listener;
    ann.probe(NodeId{}, listener.text, 5);
    REQUIRE(until({&ann}, [&] { return !ann.events.empty(); }));
    CHECK(ann.events[0].news == LinkNews::probe_accepted);
    CHECK(ann.events[0].link == LinkId{5});
}

TEST_CASE("a probe where nobody listens is refused", "[io][probe]") {
    Station ann(1);
    const Listener closed(0);
    ann.probe(NodeId{}, closed.text, 5);
    REQUIRE(until({&ann}, [&] { return !ann.events.empty(); }));
    CHECK(ann.events[0].news == LinkNews::refused);
}

TEST_CASE("a second dial takes the place of the first", "[io][transport]") {
    Station ann(1);
    Station bob(2);
    REQUIRE(linked(ann, bob, 1));
    ann.events.clear();
    ann.dial(bob, 2);
    REQUIRE(until({&ann, &bob}, [&] { return !ann.events.empty(); }));
    ann.send(bob, Kind::hello, "again");
    REQUIRE(until({&ann, &bob}, [&] { return bob.frames.size() == 2; }));
    CHECK(ann.events[0].news == LinkNews::connected);
    CHECK(node::read_header(bob.frames[1].bytes)->link == LinkId{2});
}

TEST_CASE("a link that was hung up ends without an event", "[io][transport]") {
    Station ann(1);
    Station bob(2);
    REQUIRE(linked(ann, bob));
    ann.events.clear();
    ann.hang_up(bob);
    for (int i = 0; i < 20; ++i) ann.turn();
    CHECK(ann.events.empty());
    CHECK(ann.send(bob, Kind::ping, "") == SendVerdict::no_link);
}

TEST_CASE("what waits for a peer that does not read leaves when it reads again",
          "[io][transport]") {
    Station ann(1);
    Station bob(2);
    REQUIRE(linked(ann, bob));
    bob.frames.clear();
    bob.reading = false;
    const std::string large(limits::body_bytes, 'x');
    std::size_t sent = 0;
    REQUIRE(until({&ann, &bob}, [&] {
        if (ann.send(bob, Kind::batches, large) == SendVerdict::queue_full) return true;
        ++sent;
        return false;
    }));
    bob.reading = true;
    REQUIRE(until({&ann, &bob}, [&] { return bob.frames.size() == sent; }));
    CHECK(ann.transport->numbers().queued_bytes == 0);
}

TEST_CASE("an address in use is named", "[io][transport]") {
    Station ann(1);
    Poller poller;
    const auto second = Transport::open(ann.keys, ann.address(), poller);
    REQUIRE_FALSE(second);
    CHECK(second.error().name == "address_in_use");
    CHECK_THAT(second.error().message, Catch::Contains(ann.address()));
}

TEST_CASE("a transport under load closes within a second", "[io][transport]") {
    Station ann(1);
    auto bob = std::make_unique<Station>(std::uint8_t{2});
    REQUIRE(linked(ann, *bob));
    bob->reading = false;
    const std::string large(limits::body_bytes, 'x');
    for (int i = 0; i < 200; ++i) ann.send(*bob, Kind::batches, large);
    const auto start = read_clocks().boot_time;
    ann.transport.reset();
    bob.reset();
    CHECK(read_clocks().boot_time - start < std::chrono::seconds{1});
}

}  // namespace starling::io
