// Waits for many descriptors at once: epoll, level-triggered.
//
//   add() ──> wait() ──> Watcher::on_ready() of each ready one ──> wait() ...
//
//   I1  A watcher that was removed is not called any more, also not in the same wait().
//   I2  A descriptor is removed before it is closed.
//
// Not thread safe.
#pragma once

#include "base/moment.hpp"
#include "node/io/descriptor.hpp"

#include <cstdint>
#include <map>
#include <optional>

namespace starling::io {

class Watcher {
public:
    Watcher() = default;
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;
    virtual ~Watcher() = default;

    // Notes what is to be done; it does not block and does not call back into the poller's wait().
    virtual void on_ready() = 0;
};

enum class Interest : std::uint8_t { readable, writable };

class Poller {
public:
    Poller();

    void add(int fd, Interest interest, Watcher& watcher);
    void remove(int fd);

    // Returns when something was ready or the time is over; nothing means wait for ever.
    void wait(std::optional<Duration> timeout);

private:
    struct Entry {
        std::uint32_t turn = 0;  // tells a reused descriptor from the one before
        Watcher* watcher = nullptr;
    };

    Descriptor epoll_;
    std::uint32_t turn_ = 0;
    std::map<int, Entry> entries_;
};

}  // namespace starling::io
