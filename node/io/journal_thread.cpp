#include "node/io/journal_thread.hpp"

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "node/io/clocks.hpp"
#include "node/io/thread.hpp"

#include <utility>

namespace starling::io {

JournalThread::JournalThread(std::unique_ptr<journal::Journal> journal, OnFailure on_failure)
    : journal_(std::move(journal)), on_failure_(std::move(on_failure)) {
    file_bytes_ = journal_->file_bytes();
    thread_ = start_thread("starling-disk", [this] { run(); });
}

JournalThread::~JournalThread() {
    close();
}

void JournalThread::hand(const Effects& turn, std::uint64_t number) {
    {
        const std::scoped_lock lock(mutex_);
        STARLING_ASSERT(number > waiting_.last);
        begin_work();
        waiting_.turns.push_back(&turn);
        waiting_.last = number;
    }
    changed_.notify_one();
}

void JournalThread::fetch(FetchOrder order) {
    {
        const std::scoped_lock lock(mutex_);
        begin_work();
        waiting_.fetches.push_back(std::move(order));
    }
    changed_.notify_one();
}

std::vector<Fetched> JournalThread::take_fetched() {
    wake_.quiet();
    const std::scoped_lock lock(mutex_);
    return std::exchange(fetched_, {});
}

void JournalThread::close() {
    if (!thread_.joinable()) return;
    {
        const std::scoped_lock lock(mutex_);
        closing_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

// Both with the mutex held.
void JournalThread::begin_work() {
    if (!busy_since_) busy_since_ = read_clocks().boot_time;
}

void JournalThread::end_work() {
    if (busy_since_) busy_ns_ += (read_clocks().boot_time - *busy_since_).count();
    busy_since_.reset();
}

void JournalThread::run() {
    while (true) {
        Work work;
        {
            std::unique_lock lock(mutex_);
            if (waiting_.empty()) end_work();
            changed_.wait(lock, [&] { return closing_ || !waiting_.empty(); });
            if (waiting_.empty()) break;
            // Everything that waits goes into one commit.
            std::swap(work, waiting_);
            waiting_.last = work.last;
        }
        if (const auto done = carry_out(work); !done) {
            on_failure_(done.error());  // I4
            return;
        }
    }
    journal_.reset();
}

Result<void> JournalThread::carry_out(Work& work) {
    if (auto done = commit(work); !done) return done;
    for (const FetchOrder& order : work.fetches) {
        auto fetched = read(order);
        if (!fetched) return tl::unexpected<Error>(std::move(fetched.error()));
        const std::scoped_lock lock(mutex_);
        fetched_.push_back(std::move(*fetched));
    }
    if (!work.fetches.empty()) wake_.ring();
    auto done = journal_->checkpoint_if_due();
    file_bytes_ = journal_->file_bytes();
    return done;
}

Result<void> JournalThread::commit(const Work& work) {
    if (work.turns.empty()) return {};
    if (auto done = journal_->commit(work.turns); !done) return done;
    ++commits_;
    durable_.store(work.last, std::memory_order_release);  // I2: the turns are not touched below
    wake_.ring();
    return {};
}

Result<Fetched> JournalThread::read(const FetchOrder& order) const {
    auto entries = journal_->range(order.table, order.first, order.last, limits::fetch_bytes);
    if (!entries) return tl::unexpected<Error>(std::move(entries.error()));
    Fetched fetched{order.tag, {}};
    for (journal::Entry& entry : *entries) {
        fetched.records.push_back({std::move(entry.key), std::move(entry.value)});
    }
    return fetched;
}

}  // namespace starling::io
