// Frames that wait for one connection, bounded, in two lanes: what keeps the mesh together (links,
// membership) goes before everything else.
//
//   I1  At most limits::link_queue_frames and limits::link_queue_bytes.
//   I2  Within a lane the order is that of push().
//
// Not thread safe.
#pragma once

#include "base/kinds.hpp"
#include "base/limits.hpp"
#include "node/io/zmq_socket.hpp"

#include <cstddef>
#include <deque>
#include <optional>

namespace starling::io {

struct QueuedFrame {
    Kind kind{};
    std::size_t size = 0;  // of the message, which is empty once a socket took it
    Message message;
};

class LinkQueue {
public:
    // False when it is full: the frame is still the caller's.
    [[nodiscard]] bool push(QueuedFrame& frame);

    // Before every other, whatever the bounds: HELLO.
    void push_front(QueuedFrame frame);

    [[nodiscard]] QueuedFrame* front();
    void pop();

    [[nodiscard]] bool empty() const { return frames() == 0; }

    [[nodiscard]] std::size_t frames() const { return urgent_.size() + ordinary_.size(); }

    [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
    std::deque<QueuedFrame> urgent_;
    std::deque<QueuedFrame> ordinary_;
    std::size_t bytes_ = 0;
};

}  // namespace starling::io
