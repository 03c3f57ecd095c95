#include "gossip/rings.hpp"

#include "base/rng.hpp"

#include <algorithm>
#include <bit>

namespace starling::gossip {
namespace {

constexpr std::uint32_t rings_min = 3;
constexpr std::uint32_t rings_max = 8;

std::uint32_t unstable_ring_count(std::size_t n) {
    const auto log2_up = static_cast<std::uint32_t>(n <= 1 ? 0 : std::bit_width(n - 1));
    return std::clamp((log2_up + 1) / 2, rings_min, rings_max);
}

bool among(const std::vector<NodeId>& ids, const NodeId& id) {
    return std::ranges::find(ids, id) != ids.end();
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
    : salt_(salt), count_(count), members_(members.begin(), members.end()) {
    if (is_full_mesh()) return;
    rings_.resize(count_);
    for (std::uint32_t k = 0; k < count_; ++k) {
        rings_[k].reserve(members_.size());
        for (const NodeId& id : members_) rings_[k].push_back(place_of(id, k));
        std::ranges::sort(rings_[k]);
    }
}

std::vector<NodeId> Rings::observers(const NodeId& subject) const {
    if (!contains(subject)) return {};
    if (is_full_mesh()) return others(subject);
    std::vector<NodeId> chosen;
    for (std::uint32_t k = 0; k < count_; ++k) {
        const Ring& ring = rings_[k];
        std::size_t at = position(subject, k);
        // At most k of the predecessors are chosen already, so this ends within k + 1 steps.
        do {
            at = (at + ring.size() - 1) % ring.size();
        } while (among(chosen, ring[at].id));
        chosen.push_back(ring[at].id);
    }
    std::ranges::sort(chosen);
    return chosen;
}

std::vector<NodeId> Rings::subjects(const NodeId& observer) const {
    if (!contains(observer)) return {};
    if (is_full_mesh()) return others(observer);
    std::vector<NodeId> found;
    for (std::uint32_t k = 0; k < count_; ++k) {
        const Ring& ring = rings_[k];
        const std::size_t at = position(observer, k);
        // A predecessor on ring k is skipped at most k times: only k + 1 successors can be mine.
        for (std::size_t step = 1; step <= k + 1; ++step) {
            const NodeId& next = ring[(at + step) % ring.size()].id;
            if (!among(found, next) && observes(observer, next)) found.push_back(next);
        }
    }
    std::ranges::sort(found);
    return found;
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
    if (is_full_mesh()) {
        return observer != subject && contains(observer) && contains(subject);
    }
    return among(observers(subject), observer);
}

Rings::Place Rings::place_of(const NodeId& id, std::uint32_t ring) const {
    return {draw(salt_, ring, id.prefix()), id};
}

std::size_t Rings::position(const NodeId& id, std::uint32_t ring) const {
    const auto place = std::ranges::lower_bound(rings_[ring], place_of(id, ring));
    return static_cast<std::size_t>(place - rings_[ring].begin());
}

bool Rings::contains(const NodeId& id) const {
    return std::ranges::binary_search(members_, id);
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
