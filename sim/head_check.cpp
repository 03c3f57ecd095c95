#include "sim/head_check.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

constexpr const char* heads_are_followed_up = "heads_are_followed_up";
constexpr Duration asks_again_after = 15s;  // what was asked for, or came and waits for others

}  // namespace

HeadCheck::HeadCheck(std::vector<NodeId> ids, Findings& findings)
    : ids_(std::move(ids)), findings_(findings), fitness_(static_cast<std::uint32_t>(ids_.size())) {
    findings_.expect(heads_are_followed_up);
}

void HeadCheck::on_traced(std::uint32_t, const TraceRecord& record, Duration) {
    if (record.event == Event::origin_forked) forked_ = true;
}

void HeadCheck::on_started(std::uint32_t host, Boot, Duration now) {
    fitness_.on_started(host, now);
    forget_lacks(host);
    // Who told it and is gone was to be asked in vain.
    std::erase_if(lacks_, [&](const auto& each) { return each.second.teller == ids_[host]; });
    std::erase_if(wanted_, [&](const auto& each) { return each.first.first == host; });
}

void HeadCheck::on_ended(std::uint32_t host, Duration) {
    fitness_.on_ended(host);
}

void HeadCheck::on_fault(const Fault& fault, Phase phase, Duration now) {
    fitness_.on_fault(fault, phase, now);
    if (row_of(fault.kind).target == Target::host) forget_lacks(fault.host);
}

void HeadCheck::forget_lacks(std::uint32_t host) {
    std::erase_if(lacks_, [&](const auto& each) { return each.first.first == host; });
}

void HeadCheck::on_said(const Told& frame) {
    if (frame.kind == Kind::want) {
        const auto want = decoded<crdt::Want>(decoder_, frame.body);
        if (!want) return;
        for (const crdt::Range& range : want->ranges) {
            lacks_.erase({frame.host, range.origin});
            wanted_[{frame.host, range.origin}] = frame.now;
        }
    } else if (frame.kind == Kind::heads) {
        const auto heads = decoded<crdt::Heads>(decoder_, frame.body);
        if (heads) on_heads_said(frame, *heads);
    }
}

void HeadCheck::on_heard(const Told& frame) {
    if (frame.kind != Kind::heads || forked_ || !fitness_.fit_since(frame.host)) return;
    const auto heads = decoded<crdt::Heads>(decoder_, frame.body);
    if (!heads) return;
    findings_.looked(heads_are_followed_up);
    for (const crdt::HeadEntry& entry : heads->entries) {
        const Key key{frame.host, entry.origin};
        const auto wanted = wanted_.find(key);
        if (wanted != wanted_.end() && frame.now - wanted->second < asks_again_after) continue;
        const auto [place, fresh] =
            lacks_.try_emplace(key, Lack{frame.peer, entry.counter, frame.now, frame.now, 1});
        Lack& lack = place->second;
        if (entry.counter < lack.counter || lack.heard == frame.now) continue;
        // Who told it went away before it could ask: it hears of it anew.
        if (frame.now - lack.heard >= told_again_within) {
            lack = {frame.peer, entry.counter, frame.now, frame.now, 1};
            continue;
        }
        lack.heard = frame.now;
        lack.teller = frame.peer;
        ++lack.times;
        const bool enough = lack.times >= told_times && frame.now - lack.since >= followed_within;
        if (enough && !lack.long_ago) lack.long_ago = frame.now;
    }
}

void HeadCheck::on_heads_said(const Told& frame, const crdt::Heads& heads) {
    for (const crdt::HeadEntry& entry : heads.entries) shows(frame, entry.origin, entry.counter);
    // Of origins in between that it does not name it has nothing.
    if (heads.purpose != crdt::Purpose::reconcile) return;
    std::vector<crdt::Origin> unnamed;
    const auto first = lacks_.lower_bound({frame.host, heads.after.value_or(crdt::Origin{})});
    for (auto lack = first; lack != lacks_.end() && lack->first.first == frame.host; ++lack) {
        const crdt::Origin& origin = lack->first.second;
        if (heads.through && *heads.through < origin) break;
        if (heads.after == origin) continue;
        const auto named = std::ranges::find(heads.entries, origin, &crdt::HeadEntry::origin);
        if (named == heads.entries.end()) unnamed.push_back(origin);
    }
    for (const crdt::Origin& origin : unnamed) shows(frame, origin, 0);
}

void HeadCheck::shows(const Told& frame, const crdt::Origin& origin, std::uint64_t counter) {
    const auto lack = lacks_.find({frame.host, origin});
    if (lack == lacks_.end() || forked_) return;
    if (counter >= lack->second.counter) {
        lacks_.erase(lack);
        return;
    }
    findings_.looked(heads_are_followed_up);
    const bool lately = lack->second.heard + followed_within > frame.now;
    const auto long_ago = lack->second.long_ago;
    if (!lately || !long_ago || frame.made < *long_ago) return;
    findings_.violated(heads_are_followed_up,
                       {frame.now, frame.host,
                        "has " + std::to_string(counter) + " batches of an origin, heard of " +
                            std::to_string(lack->second.counter) + " long ago"});
    lacks_.erase(lack);
}

}  // namespace starling::sim
