// What waits for the program that embeds a node: handlers to run in poll(), events for
// next_event(), and the descriptor that shows there is something.
//
//   driver thread ──post, deliver──> queues ──poll(), next_event()──> the program's threads
//
// Invariants:
//   I1  The descriptor is readable exactly while a queue holds something.
//   I2  Nothing of the program runs while the lock is held.
//
// Thread safe.
#pragma once

#include "node/io/descriptor.hpp"
#include <starling/node.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

namespace starling::detail {

class Inbox {
public:
    using Task = std::function<void()>;
    using Item =
        std::function<std::optional<NodeEvent>()>;  // an event, unless its watch ended meanwhile

    void post(Task task);
    void deliver(Item item);

    // Runs what is due, waiting up to `timeout` for it.  Returns how many tasks ran; 0 inside a
    // handler.
    std::size_t run(std::chrono::milliseconds timeout);

    [[nodiscard]] std::optional<NodeEvent> next(std::chrono::milliseconds timeout);

    // Ends the waiting of run() and next(), now and later.
    void stop();
    [[nodiscard]] bool stopped() const;

    [[nodiscard]] int fd() const { return wake_.fd(); }

private:
    void show();  // keeps I1; the lock is held

    mutable std::mutex lock_;
    std::condition_variable changed_;
    std::deque<Task> tasks_;
    std::deque<Item> items_;
    bool stopped_ = false;
    bool shown_ = false;
    io::Wake wake_;
};

// Whether this thread runs a handler now.
[[nodiscard]] bool inside_handler();

}  // namespace starling::detail
