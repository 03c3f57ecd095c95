// What peers remember of each other's disks, said and heard (marks.hpp).
#include "node/parts.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

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
    if (!gossip.joined(now.boot_time)) return marks.look({}, now);
    std::vector<NodeId> asked = kept;
    std::ranges::copy(quorum.registers().voter_nodes(), std::back_inserter(asked));
    std::erase_if(asked, [&](const NodeId& id) { return id == self() || !gossip.is_alive(id); });
    marks.look(asked, now);
}

}  // namespace starling::node
