// One outgoing connection: a PUSH socket that dials once, and the monitor that tells what became of
// it.
//
//   open() ──> dialling ──> connected ──> ended            never reused: a new dial is a new
//   PushSocket
//                  └────────────────────> ended
//
//   I1  Teardown: stop the monitor, close its PAIR, close the socket.  Another order can wedge
//       libzmq's I/O thread for ever.
//   I2  A descriptor leaves the poller before its socket is closed.
//
// Not thread safe.
#pragma once

#include "node/core.hpp"
#include "node/io/address.hpp"
#include "node/io/poller.hpp"
#include "node/io/zmq_socket.hpp"

#include <memory>
#include <optional>

namespace starling::io {

class PushSocket {
public:
    enum class Event : std::uint8_t {
        tcp_connected,
        connected,  // handshake done
        lost,       // the connection ended, before or after the handshake
        not_made,   // the connect failed; the system's reason is not told
        denied,     // the other side refused our key
        stranger,   // what answered speaks another protocol or is no server of this key
    };

    // Starts to dial.  Nothing when the process has no descriptors left; errno says so.
    // `monitor_ready` hears of news, `writable` of room once watch_writable() asked for it.
    static std::unique_ptr<PushSocket> open(Context& context, Poller& poller, const CurvePair& own,
                                            const CurveKey& server, const Endpoint& to);
    ~PushSocket();
    PushSocket(const PushSocket&) = delete;
    PushSocket& operator=(const PushSocket&) = delete;

    // `watcher` hears when there is news, and of room to send while watch_room() is on.
    void watch(Watcher& watcher);
    void watch_room(bool on);

    // What happened next; call until nothing is left.
    [[nodiscard]] std::optional<Event> next_event();

    // False: no room (EAGAIN) or no connection; the message is still the caller's.
    [[nodiscard]] bool send(Message& message) { return socket_.send(message); }

    [[nodiscard]] bool has_room() const { return (socket_.events() & ZMQ_POLLOUT) != 0; }

private:
    PushSocket(Context& context, Poller& poller);

    [[nodiscard]] bool dial(const CurvePair& own, const CurveKey& server, const Endpoint& to);

    Context& context_;
    Poller& poller_;
    Socket socket_;
    Socket monitor_;
    Watcher* watcher_ = nullptr;
    bool watching_room_ = false;
};

}  // namespace starling::io
