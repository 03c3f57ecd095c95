// Makes text and counts of trace records.
//
//   TraceRecord ──> counter of its event
//               └─> "2025-01-15T10:23:45.123456Z info gossip.member_dead node=9c01f3a2b4c5d6e7
//               boot=7"
//
//   I1  The thread that traces never waits for a terminal or a disk: lines wait in a bounded queue,
//       the oldest give way, and lost() counts them.
//
// Thread safe.
#pragma once

#include "base/trace.hpp"
#include <starling/error.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace spdlog {
class logger;

namespace details {
class thread_pool;
}
}  // namespace spdlog

namespace starling::io {

struct LogOptions {
    bool on = true;
    Level level = Level::info;  // this and above
    std::string file;           // empty: standard error
};

// "gossip.member_dead node=9c01f3a2b4c5d6e7 boot=7": what follows the time and the level.
[[nodiscard]] std::string line_of(const TraceRecord& record);

class TraceLog {
public:
    // Error failed `log_unwritable`.
    [[nodiscard]] static Result<std::unique_ptr<TraceLog>> open(const LogOptions& options);
    ~TraceLog();

    void write(std::span<const TraceRecord> records);

    // Writes out what waits.
    void flush();

    // By the order of all_events().
    [[nodiscard]] std::vector<std::uint64_t> counts() const;
    [[nodiscard]] std::uint64_t lost() const;

private:
    TraceLog();

    Level level_ = Level::info;
    std::vector<std::atomic<std::uint64_t>> counts_;
    std::shared_ptr<spdlog::details::thread_pool> pool_;
    std::shared_ptr<spdlog::logger> logger_;  // none: nothing is logged
};

}  // namespace starling::io
