#include "sim/disk.hpp"

#include "base/assert.hpp"
#include "base/limits.hpp"

#include <algorithm>

namespace starling::sim {

bool Disk::BytesLess::operator()(ByteView a, ByteView b) const {
    return std::ranges::lexicographical_compare(a, b);
}

Disk::Disk(const DiskModel& model, std::uint64_t seed, std::uint64_t stream)
    : model_(model), rng_(seed, stream) {}

std::uint64_t Disk::write(const Effects& effects, Duration now) {
    if (effects.stored().empty()) return written_;
    Job job;
    job.batch = ++written_;
    job.written_at = now;
    job.changes.reserve(effects.stored().size());
    for (const Stored& stored : effects.stored()) {
        job.changes.push_back({stored.table, stored.erase, copy_of(effects.view(stored.key)),
                               copy_of(effects.view(stored.value))});
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
    const bool syncs = std::ranges::any_of(jobs_, [](const Job& job) { return job.batch > 0; });
    if (!syncs) return model_.read * slowness_;
    ++syncs_;
    const Duration sync = (model_.sync_min + rng_.exponential(model_.sync_mean)) * slowness_;
    return std::max(sync, stalled_until_ - now);
}

Disk::Finished Disk::finish() {
    STARLING_ASSERT(under_way_ > 0);
    Finished finished;
    for (; under_way_ > 0; --under_way_) {
        Job& job = jobs_.front();
        if (job.batch > 0) {
            apply(job);
        } else {
            finished.fetched.push_back(served(job));
        }
        jobs_.pop_front();
    }
    finished.durable = durable_;
    return finished;
}

void Disk::crash() {
    // The transaction that was under way reached the platter, or it did not: nobody was told either
    // way.
    if (under_way_ > 0 && rng_.chance(1, 2)) static_cast<void>(finish());
    for (const Job& job : jobs_) {
        if (job.batch > 0) ++lost_batches_;
    }
    jobs_.clear();
    under_way_ = 0;
    written_ = durable_;
}

void Disk::fail() {
    STARLING_ASSERT(under_way_ > 0);
    for (; under_way_ > 0; --under_way_) {
        if (jobs_.front().batch > 0) ++lost_batches_;
        jobs_.pop_front();
    }
}

bool Disk::is_committing() const {
    const auto begun = jobs_.begin() + static_cast<std::ptrdiff_t>(under_way_);
    return std::any_of(jobs_.begin(), begun, [](const Job& job) { return job.batch > 0; });
}

void Disk::put_durable(Table table, ByteView key, ByteView value) {
    tables_[table].insert_or_assign(copy_of(key), copy_of(value));
}

std::optional<Duration> Disk::oldest_waiting() const {
    for (const Job& job : jobs_) {
        if (job.batch > 0) return job.written_at;
    }
    return std::nullopt;
}

void Disk::scan(Table table, const Visit& visit) const {
    const auto records = tables_.find(table);
    if (records == tables_.end()) return;
    for (const auto& [key, value] : records->second) visit(key, value);
}

std::optional<Bytes> Disk::read(Table table, ByteView key) const {
    const auto records = tables_.find(table);
    if (records == tables_.end()) return std::nullopt;
    const auto found = records->second.find(key);
    if (found == records->second.end()) return std::nullopt;
    return found->second;
}

void Disk::apply(Job& job) {
    STARLING_ASSERT(job.batch == durable_ + 1);  // I1
    for (Change& change : job.changes) {
        Records& records = tables_[change.table];
        if (change.erase) {
            records.erase(change.key);
        } else {
            records.insert_or_assign(std::move(change.key), std::move(change.value));
        }
    }
    durable_ = job.batch;
}

Disk::Fetched Disk::served(const Job& job) const {
    Fetched fetched{job.tag, {}};
    const auto records = tables_.find(job.table);
    if (records == tables_.end()) return fetched;
    std::size_t bytes = 0;
    for (auto at = records->second.lower_bound(job.first); at != records->second.end(); ++at) {
        if (BytesLess{}(job.last, at->first)) break;
        bytes += at->first.size() + at->second.size();
        if (bytes > limits::fetch_bytes && !fetched.records.empty()) break;
        fetched.records.push_back({at->first, at->second});
    }
    return fetched;
}

}  // namespace starling::sim
