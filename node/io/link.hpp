// One outgoing link: from the command to dial until it ends, with the frames that wait for it.
//
//   naming ──> dialling ──> connected ──> open          (open: HELLO is on its way, all may follow)
//                 └───────> asking ──> ended            (a failed connect is repeated plainly: its
//                                                        errno is the reason)
// Not thread safe.
#pragma once

#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/moment.hpp"
#include "node/core.hpp"
#include "node/io/link_queue.hpp"
#include "node/io/poller.hpp"
#include "node/io/probe.hpp"
#include "node/io/push_socket.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace starling::io {

class Link final : public Watcher {
public:
    struct End {
        node::LinkNews news{};
        std::uint32_t detail = 0;
    };

    Link(Poller& poller, const NodeId& peer, LinkId id, const CurveKey& curve, BootTime now);

    [[nodiscard]] const NodeId& peer() const { return peer_; }

    [[nodiscard]] LinkId id() const { return id_; }

    [[nodiscard]] const CurveKey& curve() const { return curve_; }

    [[nodiscard]] bool is_connected() const {
        return state_ == State::connected || state_ == State::open;
    }

    [[nodiscard]] LinkQueue& queue() { return queue_; }

    [[nodiscard]] std::optional<BootTime> deadline() const;

    // The question to the resolver that this link waits for; zero is none.
    std::uint64_t ticket = 0;

    void connect(std::unique_ptr<PushSocket> socket, const Endpoint& to);

    // Reads the monitor and the clock.  `connected` is set when the handshake came to its end now.
    [[nodiscard]] std::optional<End> step(Moment now, bool& connected);

    // Sends HELLO, which opens the link; false when it is open or not connected.
    bool greet(QueuedFrame& hello);

    // Hands over what waits, as far as there is room; returns the number of frames.
    std::size_t flush();

    // Hands one frame over at once; false when others wait, there is no room, or it is not open.
    [[nodiscard]] bool send_at_once(QueuedFrame& frame);

    void on_ready() override { stirred_ = true; }

private:
    enum class State : std::uint8_t { naming, dialling, asking, connected, open };

    [[nodiscard]] std::optional<End> on_event(PushSocket::Event event, Moment now, bool& connected);
    [[nodiscard]] std::optional<End> step_asking(Moment now);
    void ask_why(Moment now);

    Poller& poller_;
    NodeId peer_;
    LinkId id_;
    CurveKey curve_;
    BootTime deadline_;  // of the dial
    State state_ = State::naming;
    bool stirred_ = true;
    Endpoint to_;
    BootTime tcp_connected_{};
    std::unique_ptr<PushSocket> socket_;
    std::unique_ptr<Probe> probe_;
    LinkQueue queue_;
};

}  // namespace starling::io
