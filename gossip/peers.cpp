#include "gossip/peers.hpp"

#include <algorithm>

namespace starling::gossip {

bool Difference::observe(bool equal, bool at_once, BootTime now) {
    if (equal) {
        since_.reset();
        return false;
    }
    if (!since_ && !at_once) {
        since_ = now;
        return false;
    }
    if (!at_once && now - *since_ < settle) return false;
    since_ = now;
    return true;
}

Peer& Peers::at(const NodeId& id) {
    if (Peer* known = peers_.find(id)) return *known;
    peers_.insert(id, {});
    return *peers_.find(id);
}

Peer* Peers::find(const NodeId& id) {
    return peers_.find(id);
}

const Peer* Peers::find(const NodeId& id) const {
    return peers_.find(id);
}

bool Peers::is_up(const NodeId& id) const {
    const Peer* peer = find(id);
    return peer != nullptr && peer->is_up;
}

void Peers::set_up(const NodeId& id, bool up, BootTime now) {
    Peer& peer = at(id);
    if (up && !peer.is_up) peer.up_since = now;
    peer.is_up = up;
    const auto place = std::ranges::lower_bound(links_, id);
    const bool listed = place != links_.end() && *place == id;
    if (up && !listed) links_.insert(place, id);
    if (!up && listed) links_.erase(place);
}

std::optional<BootTime> Peers::state_equal(std::span<const NodeId> neighbours) const {
    std::optional<BootTime> oldest;
    for (const NodeId& id : neighbours) {
        const Peer* peer = find(id);
        if (peer == nullptr || !peer->state_equal) return std::nullopt;
        oldest = earlier(oldest, peer->state_equal);
    }
    return oldest;
}

}  // namespace starling::gossip
