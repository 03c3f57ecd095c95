#include "gossip/rings.hpp"

#include "base/assert.hpp"
#include "base/rng.hpp"

#include <algorithm>
#include <bit>

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
    : own_(std::make_shared<Directory>(salt, 0)), directory_(own_.get()) {
    for (const NodeId& id : members) {
        own_->number_of(id);
        add(id);
    }
    recount(count);
}

void Rings::recount(std::uint32_t count) {
    STARLING_ASSERT(count >= 1 && count <= rings_max);
    count_ = count;
}

void Rings::add(const NodeId& id) {
    if (own_ != nullptr) own_->number_of(id);
    const auto number = directory_->find(id);
    STARLING_ASSERT(number && !is_there(*number));
    if (number->value >= there_.size()) there_.resize(directory_->capacity());
    there_[number->value] = true;
    ++size_;
}

void Rings::remove(const NodeId& id) {
    const auto number = number_of(id);
    STARLING_ASSERT(number);
    there_[number->value] = false;
    --size_;
}

bool Rings::contains(const NodeId& id) const {
    return number_of(id).has_value();
}

std::vector<NodeId> Rings::members() const {
    std::vector<NodeId> ids;
    ids.reserve(size_);
    for (const NodeIndex each : directory_->ascending()) {
        if (is_there(each)) ids.push_back(directory_->id_of(each));
    }
    return ids;
}

std::vector<NodeId> Rings::observers(const NodeId& subject) const {
    const auto number = number_of(subject);
    if (!number) return {};
    if (is_full_mesh()) return others(*number);
    std::vector<NodeId> ids;
    ids.reserve(count_);
    const Chosen all = chosen(*number, count_);
    for (std::uint32_t k = 0; k < all.count; ++k) {
        ids.push_back(directory_->id_of(all.numbers.at(k)));
    }
    std::ranges::sort(ids);
    return ids;
}

// On ring k at most k predecessors are passed by: whom I observe is among my next k + 1 there.
std::vector<NodeId> Rings::subjects(const NodeId& observer, std::uint32_t rings) const {
    const auto mine = number_of(observer);
    if (!mine) return {};
    if (is_full_mesh()) return others(*mine);
    std::vector<NodeId> ids;
    for (std::uint32_t k = 0; k < std::min(rings, count_); ++k) {
        const Directory::Ring& ring = directory_->ring(k);
        std::size_t at = ring.places[mine->value];
        for (std::size_t step = 1; step <= k + 1; ++step) {
            do {
                at = at + 1 == ring.order.size() ? 0 : at + 1;
            } while (!is_there(ring.order[at]));
            const NodeIndex subject = ring.order[at];
            if (chosen(subject, k + 1).numbers.at(k) == *mine) {
                ids.push_back(directory_->id_of(subject));
            }
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
    const auto who = number_of(observer);
    const auto whom = number_of(subject);
    if (!who || !whom) return false;
    if (is_full_mesh()) return observer != subject;
    return chosen(*whom, count_).contains(*who);
}

bool Rings::Chosen::contains(NodeIndex number) const {
    return std::any_of(numbers.begin(), numbers.begin() + count,
                       [&](NodeIndex each) { return each == number; });
}

std::optional<NodeIndex> Rings::number_of(const NodeId& id) const {
    const auto number = directory_->find(id);
    return number && is_there(*number) ? number : std::nullopt;
}

// On each ring the nearest predecessor that no earlier ring gave.
Rings::Chosen Rings::chosen(NodeIndex subject, std::uint32_t rings) const {
    Chosen all;
    for (std::uint32_t k = 0; k < rings; ++k) {
        const Directory::Ring& ring = directory_->ring(k);
        // At most k of the predecessors are chosen already, so this ends within k + 1 of them.
        std::size_t at = ring.places[subject.value];
        do {
            at = (at == 0 ? ring.order.size() : at) - 1;
        } while (!is_there(ring.order[at]) || all.contains(ring.order[at]));
        all.numbers.at(all.count++) = ring.order[at];
    }
    return all;
}

std::vector<NodeId> Rings::others(NodeIndex number) const {
    std::vector<NodeId> ids;
    ids.reserve(size_);
    for (const NodeIndex each : directory_->ascending()) {
        if (is_there(each) && each != number) ids.push_back(directory_->id_of(each));
    }
    return ids;
}

}  // namespace starling::gossip
