#include "sim/lost_writes.hpp"

#include <algorithm>

namespace starling::sim {

LostWrites::LostWrites(const Plan& plan, const std::vector<NodeId>& ids)
    : ids_(ids), hosts_(ids), applied_(ids.size()) {
    const auto loss = std::ranges::find_if(plan.faults, forgets, &Fault::kind);
    if (loss == plan.faults.end()) return;
    loser_ = loss->host;
    if (loss->kind == FaultKind::restore_disk) kept_at_ = kept_at(*loss);
}

void LostWrites::on_traced(std::uint32_t host, const TraceRecord& record, Duration now) {
    const bool committed = record.event == Event::batch_committed;
    if (!loser_ || lost_ || (!committed && record.event != Event::batch_applied)) return;
    if (hosts_.find(record.fields[0]) != loser_) return;
    const std::uint64_t operations = std::max<std::uint64_t>(record.fields[2], 1);
    const Batch batch{record.fields[3], record.fields[1] + operations - 1};
    if (committed) batches_.try_emplace(batch, Life{now, false});
    if (counts(host, now)) applied_.at(host).push_back({batch, now, 0});
}

// Whether what is on this host's disk now is not gone with the one that is lost.
bool LostWrites::counts(std::uint32_t host, Duration now) const {
    return host != loser_ || now < kept_at_;
}

// What was not durable is applied again later.
void LostWrites::on_started(std::uint32_t host, Boot, Duration) {
    applied_.at(host).clear();
}

void LostWrites::on_fault(const Fault& fault, Phase phase, Duration now) {
    const bool begins = phase == Phase::begins;
    if (forgets(fault.kind)) {
        if (begins) lost_ = now;
    } else if (!lost_) {
        const bool goes_on = begins && row_of(fault.kind).has_end;
        hampers_[fault.number] = goes_on ? Duration::max() : now;
    }
}

void LostWrites::on_said(const Told& frame) {
    if (lost_ || !counts(frame.host, frame.now)) return;
    std::deque<Applied>& applied = applied_.at(frame.host);
    for (Applied& each : applied) {
        if (each.records == 0 && frame.made >= each.at) each.records = frame.batch;
    }
    const auto is_durable = [&](const Applied& each) {
        return each.records > 0 && each.records <= frame.durable;
    };
    while (!applied.empty() && is_durable(applied.front())) {
        const auto batch = batches_.find(applied.front().batch);
        if (batch != batches_.end()) batch->second.safe = true;
        applied.pop_front();
    }
}

bool LostWrites::may_be_gone(const node::VersionToken& version) const {
    if (!lost_ || version.node != ids_.at(*loser_)) return false;
    const auto batch = batches_.find({version.boot.value, version.counter});
    if (batch == batches_.end() || batch->second.safe) return false;
    const Duration committed = batch->second.committed;
    return committed + spread_within >= *lost_ || was_hampered(committed);
}

bool LostWrites::was_hampered(Duration from) const {
    return std::ranges::any_of(hampers_, [&](const auto& each) { return each.second >= from; });
}

}  // namespace starling::sim
