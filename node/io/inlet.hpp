// Where every frame comes in: one bound PULL socket behind CURVE and ZAP.
//
//   any dialler ──CURVE handshake──> ZapHandler ──listed key──> frames with their sender's node id
//
// Invariants:
//   I1  The authentication handler is bound before the socket, and outlives it.
//   I2  A frame is handed out only under the id that ZAP attached to it, and only while that id is
//       on the list: expel() works on open connections too.
//   I3  receive() that says `drained` has met EAGAIN; else the next turn must call it again.
//
// Not thread safe.
#pragma once

#include "base/ids.hpp"
#include "node/core.hpp"
#include "node/io/allow_list.hpp"
#include "node/io/poller.hpp"
#include "node/io/zap_handler.hpp"
#include "node/io/zmq_socket.hpp"
#include <starling/error.hpp>

#include <functional>
#include <memory>
#include <string>

namespace starling::io {

class Inlet final : public Watcher {
public:
    using OnFrame = std::function<void(const NodeId& from, ByteView frame)>;

    // Listens on host:port; port 0 takes a free one.  Errors: bad_address, address_in_use,
    // cannot_listen.
    static Result<std::unique_ptr<Inlet>> open(Context& context, Poller& poller,
                                               const CurvePair& own, const std::string& bind);
    ~Inlet() override;

    // host:port with the port that was taken.
    [[nodiscard]] const std::string& address() const { return address_; }

    [[nodiscard]] AllowList& allowed() { return allowed_; }

    // Hands out at most `frames_max` frames.
    node::Backlog receive(std::size_t frames_max, const OnFrame& on_frame);

    // Whether receive() would find something.
    [[nodiscard]] bool ready() const { return ready_; }

    void on_ready() override { ready_ = true; }

    // Frames nobody admitted sent, or of several parts.
    [[nodiscard]] std::uint64_t ignored() const { return ignored_; }

private:
    Inlet(Context& context, Poller& poller);

    [[nodiscard]] Result<void> bind(const CurvePair& own, const std::string& address);
    void hand_out(Message& message, const OnFrame& on_frame);

    Poller& poller_;
    AllowList allowed_;
    ZapHandler handler_;
    Socket socket_;
    std::string address_;
    bool watched_ = false;
    bool ready_ = true;
    bool in_parts_ = false;
    std::uint64_t ignored_ = 0;
};

}  // namespace starling::io
