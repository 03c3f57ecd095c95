// Serves local programs from the membership: status, members and their changes, leave, admit, mesh.
//
// Invariants:
//   I1  A stream tells every member as it is, then one `caught_up`, then every change in order.
//   I2  A leave is answered once: when others echoed it, or when its deadline passed.
//
// Not thread safe.
#pragma once

#include "gossip/gossip.hpp"
#include "node/calls.hpp"
#include "node/core.hpp"
#include "node/turn.hpp"

#include <set>
#include <span>

namespace starling::node {

// What the status says beyond the membership.
struct NodeFacts {
    JournalId journal;
    Boot boot;
    std::string name;
    bool ready = false;
    DriverHealth health;
};

class MemberService {
public:
    // Both outlive the service.
    MemberService(gossip::Gossip& gossip, const gossip::Genesis& genesis)
        : gossip_(gossip), genesis_(genesis) {}

    void on_status(CallId call, const NodeFacts& facts, const Turn& turn);
    void on_members(CallId call, const MembersAsk& ask, const Turn& turn);
    void on_member_events(CallId call, const Turn& turn);
    void on_leave(CallId call, const Turn& turn);
    void on_admit(CallId call, const AdmitAsk& ask, const Turn& turn);
    void on_mesh(CallId call, const MeshAsk& ask, const Turn& turn);
    void on_call_ended(CallId call);

    // Tells the streams what changed.
    void on_changes(std::span<const gossip::MemberChange> changes, const Turn& turn);
    void on_tick(const Turn& turn);

    [[nodiscard]] bool is_leaving() const { return !leaving_.empty(); }

    [[nodiscard]] bool is_voter(const NodeId& node) const;

private:
    [[nodiscard]] MemberRecord record_of(const gossip::MemberView& view, BootTime now) const;

    gossip::Gossip& gossip_;
    const gossip::Genesis& genesis_;
    std::set<CallId> streams_;
    std::set<CallId> leaving_;
};

}  // namespace starling::node
