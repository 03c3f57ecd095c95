// The thread that waits for the disk, so that the driver need not.
//
//   driver ──hand(turn, n)──> waiting ──all that wait──> one commit ──> durable = n ──wake──>
//   driver
//          ──fetch()────────> answered after what was handed before ──────────────────wake──>
//          driver
//
// Invariants:
//   I1  Turns are committed in the order of their numbers; durable() never falls.
//   I2  A turn handed over is not touched here once durable() reached its number.
//   I3  A fetch sees everything handed over before it.
//   I4  After a failed commit nothing becomes durable any more; the handler of failures is called.
//
// hand(), fetch(), take_fetched() and close() by one thread; the numbers by any.
#pragma once

#include "base/effects.hpp"
#include "base/moment.hpp"
#include "base/tables.hpp"
#include "node/core.hpp"
#include "node/io/descriptor.hpp"
#include <starling/error.hpp>

#include "journal/journal.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace starling::io {

struct FetchOrder {
    std::uint64_t tag = 0;
    Table table{};
    Bytes first;
    Bytes last;
};

struct Fetched {
    std::uint64_t tag = 0;
    std::vector<node::FetchedRecord> records;
};

class JournalThread {
public:
    // Called on the journal's thread.
    using OnFailure = std::function<void(const Error&)>;

    JournalThread(std::unique_ptr<journal::Journal> journal, OnFailure on_failure);
    JournalThread(const JournalThread&) = delete;
    JournalThread& operator=(const JournalThread&) = delete;
    ~JournalThread();

    // `turn` stays unchanged until durable() >= number.  REQUIRES: numbers ascend.
    void hand(const Effects& turn, std::uint64_t number);
    void fetch(FetchOrder order);

    // Readable after progress, until take_fetched().
    [[nodiscard]] int fd() const { return wake_.fd(); }

    [[nodiscard]] std::vector<Fetched> take_fetched();

    // The last number that is durable.
    [[nodiscard]] std::uint64_t durable() const { return durable_.load(std::memory_order_acquire); }

    [[nodiscard]] std::uint64_t commits() const { return commits_.load(); }

    // How long there was something to do, from handing it over on, until all was done.
    [[nodiscard]] Duration busy() const { return Duration{busy_ns_.load()}; }

    [[nodiscard]] std::uint64_t file_bytes() const { return file_bytes_.load(); }

    // Makes durable what was handed over, then ends the thread and closes the file.
    void close();

private:
    struct Work {
        std::vector<const Effects*> turns;
        std::uint64_t last = 0;  // number of the last turn
        std::vector<FetchOrder> fetches;

        [[nodiscard]] bool empty() const { return turns.empty() && fetches.empty(); }
    };

    void begin_work();
    void end_work();
    void run();
    [[nodiscard]] Result<void> carry_out(Work& work);
    [[nodiscard]] Result<void> commit(const Work& work);
    [[nodiscard]] Result<Fetched> read(const FetchOrder& order) const;

    std::unique_ptr<journal::Journal> journal_;
    OnFailure on_failure_;
    Wake wake_;
    std::atomic<std::uint64_t> durable_{0};
    std::atomic<std::uint64_t> commits_{0};
    std::atomic<std::int64_t> busy_ns_{0};
    std::atomic<std::uint64_t> file_bytes_{0};

    std::mutex mutex_;
    std::condition_variable changed_;
    Work waiting_;
    std::optional<BootTime> busy_since_;
    std::vector<Fetched> fetched_;
    bool closing_ = false;

    std::thread thread_;  // last: it uses all of the above
};

}  // namespace starling::io
