// A journal and its thread on virtual time: batches become durable after a while, a crash loses
// the rest.
//
//      write() ──> waiting ──begin()──> under way ──finish()──> durable ──> scan, read, fetch
//                     |                     |  └── an error: the process has to end
//                     +────── crash() ──────+──> lost (of what was under way: all or nothing)
//
//      what is written lies on a Shelf: plain maps, or the production journal on a platter
//
// Invariants:
//   I1  Batches become durable in the order in which they were written, each whole or not at all.
//   I2  scan(), read() and fetches see durable records only.
//   I3  One begin() takes everything that waits (group commit): a sync is paid once for all of it.
//
// Not thread safe.
#pragma once

#include "base/effects.hpp"
#include "base/records.hpp"
#include "base/rng.hpp"
#include "node/core.hpp"
#include "sim/shelf.hpp"
#include "sim/spare_batches.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace starling::sim {

struct DiskModel {
    bool journal = true;  // records lie in the production journal, else in plain maps
    Duration sync_min = std::chrono::microseconds{300};
    Duration sync_mean = std::chrono::microseconds{300};  // above the minimum, exponential
    Duration read = std::chrono::microseconds{100};
    // On a machine whose cores are shared: processor time of a sync, in so many pieces between
    // which its thread waits.
    Duration work{};
    std::uint32_t pieces = 1;
    // A checkpoint is due when the journal's log holds as many.
    std::uint64_t log_pages = journal::Options{}.checkpoint_pages;
};

// What the disks of a world share.
struct DiskCommons {
    Entries entries;  // of records in plain maps
    SpareBatches spares;
};

class Disk final : public RecordSource {
public:
    struct Fetched {
        std::uint64_t tag = 0;
        std::vector<node::FetchedRecord> records;
    };

    // What finish() made true.
    struct Finished {
        std::uint64_t durable = 0;
        std::vector<Fetched> fetched;
    };

    // `commons` may be shared with other disks; null: this one has its own.
    Disk(const DiskModel& model, std::uint64_t seed, std::uint64_t stream,
         std::shared_ptr<DiskCommons> commons = nullptr);

    // Takes a turn's records as the next batch, if there are any.  Returns the last batch's number.
    std::uint64_t write(const Effects& effects, Duration now);

    // Takes a turn's fetches: served after every batch written before.
    void fetch(const Effects& effects);

    // Errors from now on: of begin() and finish(), open(), scan() and read().
    void fail(const DiskErrors& errors) { shelf_->fail(errors); }

    // A process starts on it.  An error means that it cannot.
    [[nodiscard]] Result<void> open() { return shelf_->open(); }

    // Starts on everything that waits.  Returns how long it takes; nothing when there is nothing to
    // do or something is under way already.
    [[nodiscard]] std::optional<Duration> begin(Duration now);

    // What was under way is done.  After an error the process has to end: of what was under way
    // nobody knows how much is there.  REQUIRES: something is.
    [[nodiscard]] Result<Finished> finish();

    // The process is gone.
    void crash();

    // What is durable is gone, too.  REQUIRES: crash(), and no process since.
    void wipe() { shelf_->wipe(); }

    // What a crash would leave now is what restore() puts back, in the place of what is durable by
    // then.  REQUIRES of restore(): keep() and crash() before, and no process since.
    void keep(Rng& rng) { shelf_->keep(rng); }

    void restore() { shelf_->restore(); }

    // From the next sync or read on, each takes so many times as long.
    void slow_down(std::int64_t factor) { slowness_ = factor; }

    // No sync ends before `until`.
    void stall(Duration until) { stalled_until_ = until; }

    // For what the driver keeps before a core exists.
    [[nodiscard]] Result<void> put_durable(Table table, ByteView key, ByteView value);

    // Whether what is under way holds a batch.
    [[nodiscard]] bool is_committing() const;

    [[nodiscard]] std::uint64_t written() const { return written_; }

    [[nodiscard]] std::uint64_t durable() const { return durable_; }

    [[nodiscard]] std::uint64_t syncs() const { return syncs_; }

    [[nodiscard]] std::uint64_t lost_batches() const { return lost_batches_; }

    // When the oldest batch that is not durable was written.
    [[nodiscard]] std::optional<Duration> oldest_waiting() const;

    void scan(Table table, const Visit& visit) const override;
    [[nodiscard]] std::optional<Bytes> read(Table table, ByteView key) const override;

    // Whether one of these two gave less than there is.
    [[nodiscard]] bool has_misread() const { return shelf_->has_misread(); }

private:
    // A batch, or a fetch when `batch` is 0.
    struct Job {
        std::uint64_t batch = 0;
        Duration written_at{};
        Effects records;
        std::uint64_t tag = 0;
        Table table{};
        Bytes first;
        Bytes last;
    };

    [[nodiscard]] Result<Fetched> served(const Job& job) const;
    void forget_first();

    DiskModel model_;
    Rng rng_;
    std::shared_ptr<DiskCommons> commons_;
    std::unique_ptr<Shelf> shelf_;
    std::deque<Job> jobs_;
    std::size_t under_way_ = 0;  // the first so many of jobs_
    Result<void> begun_;         // whether their batches could be written
    std::uint64_t written_ = 0;
    std::uint64_t durable_ = 0;
    std::uint64_t syncs_ = 0;
    std::uint64_t lost_batches_ = 0;
    Duration stalled_until_{};
    std::int64_t slowness_ = 1;
};

}  // namespace starling::sim
