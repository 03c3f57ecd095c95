// A transport with a name, for tests: it takes every frame and event that comes, and waits for what
// a test expects by turning all stations of the test in one thread.
//
// Not thread safe.
#pragma once

#include "node/envelope.hpp"
#include "node/io/clocks.hpp"
#include "node/io/transport.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace starling::tests {

struct Station {
    struct Frame {
        NodeId from;
        Bytes bytes;

        [[nodiscard]] Kind kind() const { return static_cast<Kind>(bytes.at(1)); }

        [[nodiscard]] std::string text() const {
            return std::string(text_of(node::body_of(bytes)));
        }
    };

    explicit Station(std::uint8_t number, const std::string& bind = "127.0.0.1:0") {
        id.bytes.fill(number);
        io::CurvePair::Secret secret{};
        secret.fill(static_cast<std::uint8_t>(number + 100));
        keys = io::CurvePair::of(secret);
        auto opened = io::Transport::open(keys, bind, poller);
        if (!opened) throw std::runtime_error(opened.error().message);
        transport = std::move(*opened);
    }

    // One round: sleeps at most 5 ms.
    void turn() {
        poller.wait(transport->busy() ? Duration{0} : std::chrono::milliseconds{5});
        transport->step(io::read_clocks());
        if (reading) {
            transport->receive(512, [&](const NodeId& from, ByteView bytes) {
                frames.push_back({from, copy_of(bytes)});
            });
        }
        for (const auto& event : transport->take_events()) events.push_back(event);
        for (const auto& record : transport->take_traced()) traced.push_back(record);
    }

    void dial(const Station& peer, std::uint32_t link) { dial_at(peer, peer.address(), link); }

    void dial_at(const Station& peer, const std::string& address, std::uint32_t link) {
        transport->run({LinkAction::dial, peer.id, peer.keys.key, LinkId{link}, {}}, address,
                       io::read_clocks());
    }

    void probe(const NodeId& peer, const std::string& address, std::uint32_t link) {
        transport->run({LinkAction::probe, peer, {}, LinkId{link}, {}}, address, io::read_clocks());
    }

    void hang_up(const Station& peer) {
        transport->run({LinkAction::hang_up, peer.id, {}, {}, {}}, "", io::read_clocks());
    }

    void admit(const Station& peer) { transport->admit(peer.id, peer.keys.key); }

    io::SendVerdict send(const Station& to, Kind kind, std::string_view text) {
        return transport->send(to.id, kind, view_of(text), io::read_clocks());
    }

    [[nodiscard]] std::string address() const { return transport->address(); }

    [[nodiscard]] const node::LinkEvent* event(node::LinkNews news) const {
        const auto found = std::ranges::find(events, news, &node::LinkEvent::news);
        return found == events.end() ? nullptr : &*found;
    }

    NodeId id;
    io::CurvePair keys;
    io::Poller poller;
    std::unique_ptr<io::Transport> transport;
    bool reading = true;
    std::vector<Frame> frames;
    std::vector<node::LinkEvent> events;
    std::vector<TraceRecord> traced;
};

// Turns them until the condition holds; false when 10 seconds did not bring it.
inline bool until(std::vector<Station*> stations, const std::function<bool()>& condition) {
    const auto deadline = io::read_clocks().boot_time + std::chrono::seconds{10};
    while (!condition()) {
        if (io::read_clocks().boot_time > deadline) return false;
        for (Station* station : stations) station->turn();
    }
    return true;
}

// A link from one to the other on which HELLO was said.
inline bool linked(Station& from, Station& to, std::uint32_t link = 1) {
    to.admit(from);
    from.dial(to, link);
    if (!until({&from, &to}, [&] { return from.event(node::LinkNews::connected) != nullptr; })) {
        return false;
    }
    from.send(to, Kind::hello, "hello");
    return until({&from, &to}, [&] { return !to.frames.empty(); });
}

}  // namespace starling::tests
