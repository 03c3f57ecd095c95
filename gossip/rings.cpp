#include "gossip/rings.hpp"

#include "base/rng.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace starling::gossip {
namespace {

constexpr std::uint32_t rings_min = 3;
constexpr std::uint32_t rings_max = 8;

std::uint32_t unstable_ring_count(std::size_t n) {
    const auto log2_up = static_cast<std::uint32_t>(n <= 1 ? 0 : std::bit_width(n - 1));
    return std::clamp((log2_up + 1) / 2, rings_min, rings_max);
}

template <class Items, class Item>
bool among(const Items& items, const Item& item) {
    return std::ranges::find(items, item) != items.end();
}

}  // namespace

std::uint32_t ring_count(std::size_t n, std::uint32_t current) {
    const std::uint32_t grown = unstable_ring_count(n * 4 / 5);
    const std::uint32_t shrunk = unstable_ring_count(n * 5 / 4);
    if (grown > current) return grown;
    if (shrunk < current) return shrunk;
    return std::clamp(current, rings_min, rings_max);
}

Rings::Rings(std::span<const NodeId> members, std::uint64_t salt, std::uint32_t count)
    : count_(count), members_(members.begin(), members.end()) {
    if (!is_full_mesh()) choose_observers(salt);
}

// On each ring the nearest predecessor that no earlier ring gave.
void Rings::choose_observers(std::uint64_t salt) {
    const auto size = static_cast<std::uint32_t>(members_.size());
    std::vector<std::pair<std::uint64_t, std::uint32_t>> ring(size);
    observers_.resize(std::size_t{count_} * size);
    for (std::uint32_t k = 0; k < count_; ++k) {
        // Members ascend, so equal hashes are in the order of their ids.
        for (std::uint32_t i = 0; i < size; ++i) ring[i] = {draw(salt, k, members_[i].prefix()), i};
        std::ranges::sort(ring);
        for (std::uint32_t place = 0; place < size; ++place) {
            const auto mine =
                std::span(observers_).subspan(std::size_t{count_} * ring[place].second, k + 1);
            // At most k of the predecessors are chosen already, so this ends within k + 1 steps.
            std::uint32_t at = place;
            do {
                at = (at + size - 1) % size;
                mine[k] = ring[at].second;
            } while (among(mine.first(k), mine[k]));
        }
    }
    for (std::uint32_t i = 0; i < size; ++i) {
        std::ranges::sort(std::span(observers_).subspan(std::size_t{count_} * i, count_));
    }
}

std::vector<NodeId> Rings::observers(const NodeId& subject) const {
    const auto place = place_of(subject);
    if (!place) return {};
    if (is_full_mesh()) return others(subject);
    std::vector<NodeId> ids;
    ids.reserve(count_);
    for (const std::uint32_t each : chosen(*place)) ids.push_back(members_[each]);
    return ids;
}

std::vector<NodeId> Rings::subjects(const NodeId& observer) const {
    const auto place = place_of(observer);
    if (!place) return {};
    if (is_full_mesh()) return others(observer);
    std::vector<NodeId> ids;
    for (std::size_t i = 0; i < observers_.size(); ++i) {
        if (observers_[i] == *place) ids.push_back(members_[i / count_]);
    }
    return ids;
}

std::vector<NodeId> Rings::neighbours(const NodeId& node) const {
    std::vector<NodeId> linked = observers(node);
    for (const NodeId& subject : subjects(node)) {
        if (!among(linked, subject)) linked.push_back(subject);
    }
    std::ranges::sort(linked);
    return linked;
}

bool Rings::observes(const NodeId& observer, const NodeId& subject) const {
    const auto watching = place_of(observer);
    const auto watched = place_of(subject);
    if (!watching || !watched) return false;
    if (is_full_mesh()) return observer != subject;
    return std::ranges::binary_search(chosen(*watched), *watching);
}

std::optional<std::uint32_t> Rings::place_of(const NodeId& id) const {
    const auto found = std::ranges::lower_bound(members_, id);
    if (found == members_.end() || *found != id) return std::nullopt;
    return static_cast<std::uint32_t>(found - members_.begin());
}

Rings::Chosen Rings::chosen(std::uint32_t member) const {
    return Chosen(observers_).subspan(std::size_t{count_} * member, count_);
}

std::vector<NodeId> Rings::others(const NodeId& id) const {
    std::vector<NodeId> ids;
    ids.reserve(members_.size());
    for (const NodeId& each : members_) {
        if (each != id) ids.push_back(each);
    }
    return ids;
}

}  // namespace starling::gossip
