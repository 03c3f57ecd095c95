#include "gossip/rings.hpp"

#include "base/assert.hpp"
#include "base/rng.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace starling::gossip {
namespace {

constexpr std::uint32_t rings_min = 3;

std::uint32_t unstable_ring_count(std::size_t n) {
    const auto log2_up = static_cast<std::uint32_t>(n <= 1 ? 0 : std::bit_width(n - 1));
    return std::clamp((log2_up + 1) / 2, rings_min, Rings::rings_max);
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
    return std::clamp(current, rings_min, Rings::rings_max);
}

Rings::Rings(std::span<const NodeId> members, std::uint64_t salt, std::uint32_t count)
    : salt_(salt), members_(members.begin(), members.end()) {
    recount(count);
}

void Rings::recount(std::uint32_t count) {
    STARLING_ASSERT(count >= 1 && count <= rings_max);
    count_ = count;
    rings_.resize(std::min<std::size_t>(rings_.size(), count));
    while (rings_.size() < count) {
        const auto number = static_cast<std::uint32_t>(rings_.size());
        Ring& ring = rings_.emplace_back();
        for (const NodeId& id : members_) ring.push_back(place_on(number, id));
        std::ranges::sort(ring);
    }
}

void Rings::add(const NodeId& id) {
    STARLING_ASSERT(!contains(id));
    members_.insert(std::ranges::lower_bound(members_, id), id);
    for (std::uint32_t k = 0; k < count_; ++k) {
        const Place place = place_on(k, id);
        rings_[k].insert(std::ranges::lower_bound(rings_[k], place), place);
    }
}

void Rings::remove(const NodeId& id) {
    STARLING_ASSERT(contains(id));
    for (std::uint32_t k = 0; k < count_; ++k) {
        rings_[k].erase(rings_[k].begin() + static_cast<std::ptrdiff_t>(position(k, id)));
    }
    members_.erase(std::ranges::lower_bound(members_, id));
}

bool Rings::contains(const NodeId& id) const {
    return std::ranges::binary_search(members_, id);
}

std::vector<NodeId> Rings::observers(const NodeId& subject) const {
    if (!contains(subject)) return {};
    if (is_full_mesh()) return others(subject);
    std::vector<NodeId> ids;
    ids.reserve(count_);
    const Chosen all = chosen(subject, count_);
    for (std::uint32_t k = 0; k < all.count; ++k) ids.push_back(*all.ids.at(k));
    std::ranges::sort(ids);
    return ids;
}

// On ring k at most k predecessors are passed by: whom I observe is among my next k + 1 there.
std::vector<NodeId> Rings::subjects(const NodeId& observer) const {
    if (!contains(observer)) return {};
    if (is_full_mesh()) return others(observer);
    std::vector<NodeId> ids;
    for (std::uint32_t k = 0; k < count_; ++k) {
        const std::size_t mine = position(k, observer);
        for (std::size_t step = 1; step <= k + 1; ++step) {
            const NodeId& subject = rings_[k][(mine + step) % members_.size()].id;
            if (*chosen(subject, k + 1).ids.at(k) == observer) ids.push_back(subject);
        }
    }
    std::ranges::sort(ids);
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
    if (!contains(observer) || !contains(subject)) return false;
    if (is_full_mesh()) return observer != subject;
    return chosen(subject, count_).contains(observer);
}

bool Rings::Chosen::contains(const NodeId& id) const {
    return std::any_of(ids.begin(), ids.begin() + count,
                       [&](const NodeId* each) { return *each == id; });
}

Rings::Place Rings::place_on(std::uint32_t ring, const NodeId& id) const {
    return {draw(salt_, ring, id.prefix()), id};
}

std::size_t Rings::position(std::uint32_t ring, const NodeId& id) const {
    const Ring& places = rings_[ring];
    return static_cast<std::size_t>(std::ranges::lower_bound(places, place_on(ring, id)) -
                                    places.begin());
}

// On each ring the nearest predecessor that no earlier ring gave.
Rings::Chosen Rings::chosen(const NodeId& subject, std::uint32_t rings) const {
    Chosen all;
    for (std::uint32_t k = 0; k < rings; ++k) {
        const Ring& ring = rings_[k];
        // At most k of the predecessors are chosen already, so this ends within k + 1 steps.
        std::size_t at = position(k, subject);
        do {
            at = (at + ring.size() - 1) % ring.size();
        } while (all.contains(ring[at].id));
        all.ids.at(all.count++) = &ring[at].id;
    }
    return all;
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
