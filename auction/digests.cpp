#include "auction/digests.hpp"

#include "base/limits.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace starling::auction {
namespace {

// A message of digests ends at this size or at list_entries, whichever comes first.
constexpr std::size_t digest_message_bytes = 96 * 1024;

std::size_t size_of(const NodeDigest& digest) {
    std::size_t size = 64;
    for (const SkillCount& count : digest.skills) size += count.skill.size() + 16;
    return size;
}

}  // namespace

Digests::Digests(const Members& members, const Timing& timing)
    : members_(members), timing_(timing) {
    known_[members_.self()].boot = members_.boot();
}

void Digests::set_own(const std::string& skill, std::uint32_t free, std::uint32_t total,
                      BootTime now) {
    Known& own = known_[members_.self()];
    if (!has_room(skill)) return;  // I4
    ++own.sequence;
    if (total == 0) {
        own.skills.erase(skill);
    } else {
        own.skills[skill] = {skill, free, total};
    }
    const auto shown = shown_free_.find(skill);
    const bool was_free = shown != shown_free_.end() && shown->second;
    if (was_free != (free > 0) || shown == shown_free_.end() || total == 0) {
        flood_within(free > 0 ? edge_pause() : timing_.digest_pause, now);
    }
}

bool Digests::has_room(const std::string& skill) const {
    const Known& own = known_.at(members_.self());
    return own.skills.contains(skill) || own.skills.size() < limits::skills_per_node;
}

bool Digests::all_linked() const {
    return links_.size() + 1 >= members_.count();
}

// Floods of all nodes together stay as many as one node could cause alone.
Duration Digests::edge_pause() const {
    const auto members = static_cast<Duration::rep>(members_.count());
    return std::min(timing_.digest_pause, timing_.digest_share * members);
}

bool Digests::differs_from_shown() const {
    const auto& skills = known_.at(members_.self()).skills;
    if (skills.size() != shown_free_.size()) return true;
    return std::any_of(skills.begin(), skills.end(), [&](const auto& entry) {
        const auto shown = shown_free_.find(entry.first);
        return shown == shown_free_.end() || shown->second != (entry.second.free > 0);
    });
}

FreeWorkers Digests::tell_own(const std::string& skill) {
    const Known& own = known_[members_.self()];
    const auto found = own.skills.find(skill);
    const std::uint32_t free = found == own.skills.end() ? 0 : found->second.free;
    if (free == 0 && found != own.skills.end()) shown_free_[skill] = false;  // I3
    return {own.sequence, free};
}

bool Digests::on_news(const DigestNews& message, BootTime now) {
    bool news = false;
    for (const NodeDigest& digest : message.digests) {
        if (digest.node == members_.self() || !learn(digest)) continue;
        fresh_.insert(digest.node);
        news = true;
    }
    if (news) flood_within(all_linked() ? timing_.relay_pause : timing_.digest_pause, now);
    return news;
}

bool Digests::learn(const NodeDigest& digest) {
    const auto found = known_.find(digest.node);
    if (found == known_.end() && known_.size() >= limits::members) return false;  // I4
    Known& known = known_[digest.node];
    if (std::tie(known.boot, known.sequence) >= std::tie(digest.boot, digest.sequence)) {
        return false;  // I1
    }
    known.boot = digest.boot;
    known.sequence = digest.sequence;
    known.skills.clear();
    for (const SkillCount& count : digest.skills) known.skills[count.skill] = count;
    return true;
}

bool Digests::on_told(const NodeId& node, const std::string& skill, const FreeWorkers& free) {
    const auto found = known_.find(node);
    if (found == known_.end() || node == members_.self()) return false;
    const auto count = found->second.skills.find(skill);
    if (count == found->second.skills.end() || free.sequence < found->second.sequence) return false;
    const bool more = free.count > count->second.free;
    count->second.free = free.count;
    return more;
}

void Digests::reserve(const NodeId& node, const std::string& skill) {
    if (node == members_.self()) return;
    const auto found = known_.find(node);
    if (found == known_.end()) return;
    const auto count = found->second.skills.find(skill);
    if (count != found->second.skills.end() && count->second.free > 0) --count->second.free;
}

void Digests::link_up(const NodeId& node, Effects& out) {
    links_.insert(node);
    std::set<NodeId> all;
    for (const auto& [about, known] : known_) {
        if (about != node && known.sequence > 0 && members_.is_alive(about)) all.insert(about);
    }
    send_digests(std::span(&node, 1), all, out);
}

void Digests::flood_within(Duration pause, BootTime now) {
    flood_at_ = earlier(flood_at_, std::max(now, flooded_at_ + pause));
}

void Digests::on_tick(BootTime now, Effects& out) {
    if (!flood_at_ || now < *flood_at_) return;
    flood_at_.reset();
    if (differs_from_shown()) flood_own();
    if (fresh_.empty()) return;
    flooded_at_ = now;
    const std::vector<NodeId> links(links_.begin(), links_.end());
    send_digests(links, fresh_, out);
    fresh_.clear();
}

void Digests::flood_own() {
    fresh_.insert(members_.self());
    shown_free_.clear();
    for (const auto& [skill, count] : known_.at(members_.self()).skills) {
        shown_free_[skill] = count.free > 0;
    }
}

void Digests::send_digests(std::span<const NodeId> to, const std::set<NodeId>& about,
                           Effects& out) const {
    DigestNews message;
    std::size_t size = 0;
    const auto flush = [&] {
        if (!message.digests.empty()) out.send_all(to, message);
        message.digests.clear();
        size = 0;
    };
    for (const NodeId& node : about) {
        const auto found = known_.find(node);
        if (found == known_.end()) continue;
        message.digests.push_back(digest_of(node, found->second));
        size += size_of(message.digests.back());
        if (size > digest_message_bytes || message.digests.size() == limits::list_entries) flush();
    }
    flush();
}

NodeDigest Digests::digest_of(const NodeId& node, const Known& known) const {
    NodeDigest digest{.node = node, .boot = known.boot, .sequence = known.sequence, .skills = {}};
    for (const auto& [skill, count] : known.skills) digest.skills.push_back(count);
    return digest;
}

const SkillCount* Digests::count_of(const NodeId& node, const std::string& skill) const {
    const auto found = known_.find(node);
    if (found == known_.end() || !members_.is_alive(node)) return nullptr;
    const auto count = found->second.skills.find(skill);
    return count == found->second.skills.end() ? nullptr : &count->second;
}

std::vector<NodeId> Digests::candidates(const std::string& skill, std::size_t count, Busy busy,
                                        Rng& rng) const {
    std::vector<std::pair<std::uint32_t, NodeId>> able;
    for (const auto& [node, known] : known_) {
        const SkillCount* found = count_of(node, skill);
        if (found == nullptr || members_.is_behind(node)) continue;
        if (found->free > 0 || busy == Busy::included) {
            able.emplace_back(found->free, node);
        }
    }
    // Shuffled first, so that equally free nodes are asked equally often.
    rng.shuffle(std::span(able));
    const auto best = static_cast<std::ptrdiff_t>(std::min((count + 1) / 2, able.size()));
    std::partial_sort(able.begin(), able.begin() + best, able.end(),
                      [](const auto& a, const auto& b) { return a.first > b.first; });
    rng.shuffle(std::span(able).subspan(static_cast<std::size_t>(best)));
    std::vector<NodeId> chosen;
    for (const auto& [free, node] : able) {
        if (chosen.size() < count) chosen.push_back(node);
    }
    return chosen;
}

std::uint64_t Digests::free_workers(const std::string& skill) const {
    std::uint64_t sum = 0;
    for (const auto& [node, known] : known_) {
        const SkillCount* found = count_of(node, skill);
        if (found != nullptr && !members_.is_behind(node)) sum += found->free;
    }
    return sum;
}

bool Digests::is_able(const NodeId& node, const std::string& skill) const {
    return count_of(node, skill) != nullptr && !members_.is_behind(node);
}

bool Digests::anybody(const std::string& skill) const {
    return std::any_of(known_.begin(), known_.end(),
                       [&](const auto& entry) { return count_of(entry.first, skill) != nullptr; });
}

}  // namespace starling::auction
