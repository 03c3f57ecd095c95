#include "gossip/directory.hpp"

#include "base/assert.hpp"
#include "base/rng.hpp"

#include <algorithm>

namespace starling::gossip {

NodeIndex Directory::number_of(const NodeId& id) {
    if (const auto known = interner_.find(id)) return *known;
    const NodeIndex number = interner_.retain(id);
    const auto after = [&](const NodeIndex& a, const NodeId& b) { return id_of(a) < b; };
    ascending_.insert(std::lower_bound(ascending_.begin(), ascending_.end(), id, after), number);
    joined_.push_back(number);
    return number;
}

const Directory::Ring& Directory::ring(std::uint32_t number) const {
    STARLING_ASSERT(number < rings_max);
    if (rings_.at(number).order.size() < joined_.size()) arrange(number);
    return rings_.at(number);
}

// Who joined since then is sorted in.
void Directory::arrange(std::uint32_t number) const {
    Ring& ring = rings_.at(number);
    const auto before = [&](NodeIndex a, NodeIndex b) {
        const NodeId& first = id_of(a);
        const NodeId& second = id_of(b);
        const std::uint64_t one = draw(salt_, number, first.prefix());
        const std::uint64_t other = draw(salt_, number, second.prefix());
        return one != other ? one < other : first < second;
    };
    const auto known = static_cast<std::ptrdiff_t>(ring.order.size());
    ring.order.insert(ring.order.end(), joined_.begin() + known, joined_.end());
    std::sort(ring.order.begin() + known, ring.order.end(), before);
    std::inplace_merge(ring.order.begin(), ring.order.begin() + known, ring.order.end(), before);
    ring.places.resize(capacity());
    for (std::uint32_t place = 0; place < ring.order.size(); ++place) {
        ring.places[ring.order[place].value] = place;
    }
}

}  // namespace starling::gossip
