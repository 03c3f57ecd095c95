#include "gossip/genesis.hpp"

#include "base/hash.hpp"

namespace starling::gossip {
namespace {

bool ascending(const std::vector<Voter>& voters) {
    for (std::size_t i = 1; i < voters.size(); ++i) {
        if (!(voters[i - 1] < voters[i])) return false;
    }
    return true;
}

}  // namespace

MeshId Genesis::mesh_id() const {
    const Bytes bytes = encoded(*this);
    return {Hasher("starling/v1/genesis").add(ByteView(bytes)).finish().bytes};
}

void Genesis::encode(Writer& out) const {
    out.list(3);
    out.id(root);
    out.list(voters.size());
    for (const Voter& voter : voters) {
        out.list(2);
        out.id(voter.node);
        out.id(voter.journal);
    }
    out.text(name);
}

bool Genesis::decode(Reader& in, Genesis& out) {
    out.root = in.id<NodeId>();
    Reader voters = in.list(voters_max);
    out.voters.clear();
    while (voters.remaining() > 0) {
        Reader voter = voters.list(2);
        const auto node = voter.id<NodeId>();
        out.voters.push_back({node, voter.id<JournalId>()});
    }
    out.name = in.text(name_bytes_max);
    if (!ascending(out.voters)) in.fail();  // I1
    return in.ok();
}

}  // namespace starling::gossip
