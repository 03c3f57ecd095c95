#include "sim/timings.hpp"

#include <algorithm>

namespace starling::sim {
namespace {

void add_sample(std::vector<Duration>& samples, Duration sample) {
    if (samples.size() < Timings::samples_max) samples.push_back(sample);
}

// The sample at this place of 100.
Duration at_percent(const std::vector<Duration>& ascending, std::size_t percent) {
    return ascending[(ascending.size() * percent + 99) / 100 - 1];
}

}  // namespace

Percentiles percentiles_of(std::vector<Duration> samples) {
    if (samples.empty()) return {};
    std::ranges::sort(samples);
    return {samples.size(), at_percent(samples, 50), at_percent(samples, 95), samples.back()};
}

Timings::Timings(const std::vector<NodeId>& ids) : hosts_(ids) {
    met_.resize(ids.size() * ids.size());
}

void Timings::on_traced(std::uint32_t host, const TraceRecord& record, Duration now) {
    const Key key(record.fields[0], record.fields[1]);
    if (record.event == Event::batch_committed) {
        if (committed_.size() < samples_max) committed_.insert_or_assign(key, now);
    } else if (record.event == Event::batch_applied) {
        const auto batch = committed_.find(key);
        if (batch != committed_.end()) add_sample(convergence_, now - batch->second);
    } else if (record.event == Event::task_recorded) {
        if (recorded_.size() < samples_max) recorded_.try_emplace(record.fields[0], now);
    } else if (record.event == Event::task_awarded) {
        const auto task = recorded_.find(record.fields[0]);
        if (task == recorded_.end()) return;
        add_sample(awards_, now - task->second);
        recorded_.erase(task);
    } else if (record.event == Event::member_joined) {
        on_met(host, record.fields[0], now);
    } else if (record.event == Event::member_dead) {
        on_death(host, record, now);
    }
}

void Timings::on_met(std::uint32_t host, std::uint64_t subject, Duration now) {
    const auto known = hosts_.find(subject);
    if (all_met_ || !known) return;
    const std::size_t place = std::size_t{host} * hosts_.size() + *known;
    if (met_[place]) return;
    met_[place] = true;
    if (++meetings_ == met_.size()) all_met_ = now;  // each has itself, too
}

void Timings::on_started(std::uint32_t host, Boot /*boot*/, Duration /*now*/) {
    outages_.erase(host);
    running_.insert(host);
}

void Timings::on_fault(const Fault& fault, Phase phase, Duration now) {
    if (!is_crash(fault.kind) && fault.kind != FaultKind::pause) return;
    if (phase == Phase::ends) {
        outages_.erase(fault.host);
        running_.insert(fault.host);
        return;
    }
    leave_out(fault.host);
    // Where a host was that moved nobody is refused: no kill like others.
    if (fault.kind == FaultKind::move || running_.empty()) return;
    outages_[fault.host] = {now, fault.kind, running_};
}

void Timings::on_ended(std::uint32_t host, Duration /*now*/) {
    leave_out(host);
}

// Who does not run need not say that others are dead.
void Timings::leave_out(std::uint32_t host) {
    running_.erase(host);
    for (auto& [subject, outage] : outages_) outage.waiting.erase(host);
    std::erase_if(outages_, [](const auto& each) { return each.second.waiting.empty(); });
}

void Timings::on_death(std::uint32_t host, const TraceRecord& record, Duration now) {
    const auto subject = hosts_.find(record.fields[0]);
    if (!subject) return;
    const auto outage = outages_.find(*subject);
    if (outage == outages_.end()) return;
    outage->second.waiting.erase(host);
    if (!outage->second.waiting.empty()) return;
    add_sample(is_crash(outage->second.kind) ? kills_ : stops_, now - outage->second.began);
    outages_.erase(outage);
}

RunTimes Timings::times() const {
    return {percentiles_of(convergence_), percentiles_of(awards_), percentiles_of(kills_),
            percentiles_of(stops_), all_met_};
}

}  // namespace starling::sim
