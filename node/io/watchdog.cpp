#include "node/io/watchdog.hpp"

#include "node/io/thread.hpp"

#include "journal/journal.hpp"

#include <utility>

namespace starling::io {

Watchdog::Watchdog(WatchdogOptions options)
    : options_(std::move(options)), free_bytes_(journal::free_bytes_at(options_.directory)) {
    thread_ = start_thread("starling-watch", [this] { run(); });
}

Watchdog::~Watchdog() {
    {
        const std::scoped_lock lock(mutex_);
        ended_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void Watchdog::run() {
    std::uint64_t seen = turns_.load();
    unsigned silent = 0;
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, options_.round, [&] { return ended_; })) {
        free_bytes_ = journal::free_bytes_at(options_.directory);
        const std::uint64_t turns = turns_.load();
        silent = turns == seen ? silent + 1 : 0;  // I1
        seen = turns;
        if (silent == options_.rounds_max) options_.on_hang();
    }
}

}  // namespace starling::io
