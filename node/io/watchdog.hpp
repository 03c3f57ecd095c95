// Ends the process when the driver hangs: a node that answers pings of nobody is better dead than
// half alive, since the dead are replaced.  It also looks at the free disk space, which may take
// its time.
//
//   I1  It counts its own rounds in which the driver did not turn, not the clock: a process that
//   was
//       stopped for a minute and goes on has not hung.
//
// Thread safe.
#pragma once

#include "base/moment.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace starling::io {

struct WatchdogOptions {
    Duration round = std::chrono::seconds{1};
    unsigned rounds_max = 30;       // without a turn
    std::function<void()> on_hang;  // on the watchdog's thread
    std::string directory;          // whose free space is looked at
};

class Watchdog {
public:
    explicit Watchdog(WatchdogOptions options);
    ~Watchdog();

    // The driver turned.  It must do so at least once in each round.
    void turned() { turns_.fetch_add(1, std::memory_order_relaxed); }

    [[nodiscard]] std::uint64_t free_bytes() const { return free_bytes_.load(); }

private:
    void run();

    WatchdogOptions options_;
    std::atomic<std::uint64_t> turns_{0};
    std::atomic<std::uint64_t> free_bytes_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool ended_ = false;
    std::thread thread_;
};

}  // namespace starling::io
