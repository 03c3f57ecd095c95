#include "sim/disk.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace starling::sim {

namespace {

std::unique_ptr<Shelf> shelf_of(const DiskModel& model,
                                const std::shared_ptr<DiskCommons>& commons) {
    if (model.journal) return std::make_unique<JournalShelf>(model.log_pages);
    return std::make_unique<MapShelf>(std::shared_ptr<Entries>(commons, &commons->entries));
}

}  // namespace

Disk::Disk(const DiskModel& model, std::uint64_t seed, std::uint64_t stream,
           std::shared_ptr<DiskCommons> commons)
    : model_(model),
      rng_(seed, stream),
      commons_(commons != nullptr ? std::move(commons) : std::make_shared<DiskCommons>()),
      shelf_(shelf_of(model, commons_)) {}

std::uint64_t Disk::write(const Effects& effects, Duration now) {
    if (effects.stored().empty()) return written_;
    Job job;
    job.batch = ++written_;
    job.written_at = now;
    job.records = commons_->spares.take();
    for (const Stored& stored : effects.stored()) {
        if (stored.erase) {
            job.records.erase(stored.table, effects.view(stored.key));
        } else {
            job.records.persist(stored.table, effects.view(stored.key), effects.view(stored.value));
        }
    }
    jobs_.push_back(std::move(job));
    return written_;
}

void Disk::fetch(const Effects& effects) {
    for (const Fetch& fetch : effects.fetches()) {
        Job job;
        job.tag = fetch.tag;
        job.table = fetch.table;
        job.first = copy_of(effects.view(fetch.first));
        job.last = copy_of(effects.view(fetch.last));
        jobs_.push_back(std::move(job));
    }
}

std::optional<Duration> Disk::begin(Duration now) {
    if (under_way_ > 0 || jobs_.empty()) return std::nullopt;
    under_way_ = jobs_.size();
    std::vector<const Effects*> turns;
    for (const Job& job : jobs_) {
        if (job.batch > 0) turns.push_back(&job.records);
    }
    if (turns.empty()) return model_.read * slowness_;
    begun_ = shelf_->begin(turns);
    ++syncs_;
    const Duration sync = (model_.sync_min + rng_.exponential(model_.sync_mean)) * slowness_;
    return std::max(sync, stalled_until_ - now);
}

Result<Disk::Finished> Disk::finish() {
    STARLING_ASSERT(under_way_ > 0);
    if (!begun_) return tl::unexpected<Error>(begun_.error());
    Finished finished;
    shelf_->finish();
    for (; under_way_ > 0; --under_way_) {
        const Job& job = jobs_.front();
        if (job.batch > 0) {
            STARLING_ASSERT(job.batch == durable_ + 1);  // I1
            durable_ = job.batch;
        } else {
            auto fetched = served(job);
            if (!fetched) return tl::unexpected<Error>(std::move(fetched.error()));
            finished.fetched.push_back(std::move(*fetched));
        }
        forget_first();
    }
    finished.durable = durable_;
    return finished;
}

void Disk::crash() {
    // The transaction that was under way reached the platter, or it did not: nobody was told either
    // way.
    shelf_->crash(rng_);
    for (const Job& job : jobs_) {
        if (job.batch > 0) ++lost_batches_;
    }
    jobs_.clear();
    under_way_ = 0;
    begun_ = {};
    durable_ = written_;  // numbers are not used again
}

bool Disk::is_committing() const {
    const auto begun = jobs_.begin() + static_cast<std::ptrdiff_t>(under_way_);
    return std::any_of(jobs_.begin(), begun, [](const Job& job) { return job.batch > 0; });
}

Result<void> Disk::put_durable(Table table, ByteView key, ByteView value) {
    Effects effects;
    effects.persist(table, key, value);
    const std::array<const Effects*, 1> turns = {&effects};
    const auto begun = shelf_->begin(turns);
    if (begun) shelf_->finish();
    return begun;
}

std::optional<Duration> Disk::oldest_waiting() const {
    for (const Job& job : jobs_) {
        if (job.batch > 0) return job.written_at;
    }
    return std::nullopt;
}

void Disk::scan(Table table, const Visit& visit) const {
    shelf_->scan(table, visit);
}

std::optional<Bytes> Disk::read(Table table, ByteView key) const {
    return shelf_->read(table, key);
}

void Disk::forget_first() {
    Job& job = jobs_.front();
    if (job.batch > 0) commons_->spares.give_back(std::move(job.records));
    jobs_.pop_front();
}

Result<Disk::Fetched> Disk::served(const Job& job) const {
    auto records = shelf_->range(job.table, job.first, job.last);
    if (!records) return tl::unexpected<Error>(std::move(records.error()));
    return Fetched{job.tag, std::move(*records)};
}

}  // namespace starling::sim
