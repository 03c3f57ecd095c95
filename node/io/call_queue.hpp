// Calls on their way from programs' threads into the driver's: a list under a lock, taken whole.
//
//   I1  Calls reach the driver in the order they were posted; so does the end of a call.
//   I2  At most calls_waiting_max wait; more are refused, ends of calls never.
//   I3  After close() nothing is taken any more.
//
// Thread safe.
#pragma once

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "node/io/descriptor.hpp"

#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace starling::io {

// Receives one answer.  `body` is empty when the node closed before it could answer.  It runs on
// the driver's thread, must not block, and is not called again after `last`.
using AnswerSink = std::function<void(ByteView body, bool last)>;

inline constexpr std::size_t calls_waiting_max = 16'384;

struct PostedCall {
    CallId id;
    Bytes request;    // empty: the caller is gone
    AnswerSink sink;  // none: the caller is gone
};

class CallQueue {
public:
    // A zero id: closed, or too many wait.
    [[nodiscard]] CallId post(Bytes request, AnswerSink sink) {
        const std::scoped_lock lock(mutex_);
        if (closed_ || calls_.size() >= calls_waiting_max) return {};
        const CallId id{++last_id_};
        calls_.push_back({id, std::move(request), std::move(sink)});
        wake_.ring();
        return id;
    }

    void post_end(CallId id) {
        const std::scoped_lock lock(mutex_);
        if (closed_) return;
        calls_.push_back({id, {}, {}});
        wake_.ring();
    }

    // Everything that waits; quietens the descriptor.
    [[nodiscard]] std::vector<PostedCall> take() {
        wake_.quiet();
        const std::scoped_lock lock(mutex_);
        return std::exchange(calls_, {});
    }

    void close() {
        const std::scoped_lock lock(mutex_);
        closed_ = true;
    }

    [[nodiscard]] int fd() const { return wake_.fd(); }

    void ring() const { wake_.ring(); }

private:
    std::mutex mutex_;
    std::vector<PostedCall> calls_;
    std::uint64_t last_id_ = 0;
    bool closed_ = false;
    Wake wake_;
};

}  // namespace starling::io
