// What peers remember of each other's disks, said and heard (marks.hpp).
#include "node/parts.hpp"

#include <algorithm>
#include <span>

namespace starling::node {

void NodeCore::Parts::greet(const NodeId& peer, Effects& out) {
    out.send(peer, gossip.hello());
    out.send(peer, marks.recalled(peer));
}

// Its votes and grants may have been others than its disk says: the disk counts as a lost one.
// Where the boot was used before, that comes first: the next process is told the same.
void NodeCore::Parts::on_recalled(const NodeId& peer, const Recalled& recalled, Effects& out) {
    if (!marks.on_recalled(peer, recalled, self(), verifier)) return;
    if (recalled.mark->boot >= setup.boot) {
        used_before = recalled.mark->boot;
        return;
    }
    out.trace(Event::disk_put_back, peer.prefix(), recalled.mark->number, marks.start());
    setup.journal = marks.replace_journal(out);
    quorum.abstain(out);
    auctions.forget_custody(out);
    services_touched = true;
}

// All voters and neighbours that seem to be there, once this node has met them again.
void NodeCore::Parts::look_for_vouchers(Moment now) {
    if (marks.is_vouched_for()) return;
    const auto owes = [&](const NodeId& id) {
        return id != self() && !marks.has_told(id) && gossip.is_alive(id);
    };
    const auto await_one_of = [&](std::span<const NodeId> nodes) {
        const auto found = std::ranges::find_if(nodes, owes);
        if (found != nodes.end()) awaited = *found;
        return found != nodes.end();
    };
    // As long as one has not told, it does not matter whether others have.
    const bool is_open = (awaited && owes(*awaited)) || await_one_of(kept) ||
                         await_one_of(quorum.registers().voter_nodes()) ||
                         !gossip.joined(now.boot_time);
    marks.look(!is_open, now);
}

}  // namespace starling::node
