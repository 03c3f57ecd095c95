// What a NodeCore is made of, and how its parts learn of each other.
//
//   frame ─ frames.cpp ─> one handler of one core         call ─ requests.cpp ─> one service
//                              └── settle(): news of each core to the others, once per step
//
// Included by node/*.cpp only.  Not thread safe.
#pragma once

#include "auction/auctions.hpp"
#include "base/codec.hpp"
#include "base/hash_index.hpp"
#include "crdt/store.hpp"
#include "gossip/gossip.hpp"
#include "node/agreement_service.hpp"
#include "node/core.hpp"
#include "node/links.hpp"
#include "node/marks.hpp"
#include "node/member_service.hpp"
#include "node/quota.hpp"
#include "node/state_service.hpp"
#include "node/task_service.hpp"
#include "node/turn.hpp"
#include "quorum/quorum.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace starling::node {

struct NodeCore::Parts final : AddressBook {
    Parts(Setup setup_in, const Verifier& verifier_in, const RecordSource& records, Moment now,
          Effects& out);

    [[nodiscard]] std::optional<Route> route_to(const NodeId& peer) const override;

    [[nodiscard]] Turn turn(Moment now, Effects& out) const {
        return {links.linked(), flooded, now, out};
    }

    [[nodiscard]] const NodeId& self() const { return gossip.id(); }

    [[nodiscard]] NodeFacts facts(BootTime now) const;

    // Carries the news of every core to the others, after each step.
    void settle(Moment now, Effects& out);
    void settle_links(Moment now, Effects& out);
    void settle_floods(Moment now, Effects& out);
    void settle_relays();
    void on_link_changed(const LinkChanged& changed, Moment now, Effects& out);
    void on_member_changes(Moment now, Effects& out);
    void on_member_change(const gossip::MemberChange& change, Moment now, Effects& out);
    void tell_reachable();
    // HELLO, and what this node remembers of the peer.
    void greet(const NodeId& peer, Effects& out);
    void on_recalled(const NodeId& peer, const Recalled& recalled, Effects& out);
    void look_for_vouchers(Moment now);
    // Dials whoever this turn's frames are for.
    void want_receivers(Moment now, Effects& out);
    void check_ready(Moment now, Effects& out);
    void tick_services(Moment now, Effects& out);
    [[nodiscard]] bool are_services_due(BootTime now) const;
    [[nodiscard]] std::optional<BootTime> services_deadline() const;
    [[nodiscard]] std::optional<BootTime> next_deadline() const;
    void trace_health(const DriverHealth& now, Effects& out) const;  // what changed
    void fill_metrics(MetricsAnswer& answer) const;

    Setup setup;
    const Verifier& verifier;
    gossip::Gossip gossip;
    Decoder& decoder = gossip.commons().decoder;
    Links links;
    std::vector<NodeId> flooded;  // neighbours that are linked, ids ascending
    std::vector<NodeId> relays;   // of these, whom others' batches are passed on to
    std::size_t reachable = 0;    // members that are not gone, this node among them
    std::vector<NodeId> kept;     // by the links, of late
    std::uint64_t overlay = 0;    // gossip's number of what `kept` and `relays` come from
    Marks marks;
    std::optional<NodeId> awaited;    // one who did not tell yet what it remembers of this node
    std::optional<Boot> used_before;  // this boot or a higher one, by what the disk has forgotten
    crdt::Store store;
    quorum::Quorum quorum;
    auction::Auctions auctions;
    MemberService members;
    StateService state;
    AgreementService agreement;
    TaskService tasks;
    Quota quota;
    DriverHealth health;
    std::pair<bool, bool> refused;        // by the auctions: custody, and work
    std::map<NodeId, BootTime> rejected;  // when a REJECT last went to this sender
    bool ready = false;
    std::vector<std::pair<CallId, TaskOfferAsk>> early_offers;  // kept until this node is ready
    std::uint64_t frames_refused = 0;
    // As it stood at the end of the last turn; nothing when something was put in since.
    std::optional<std::optional<BootTime>> deadline;
    // Most turns are heartbeats.  Whatever is not gossip's or the links' is looked at when
    // something reached it, when it is due, and else once in `services_rest`.
    bool services_touched = true;
    std::optional<BootTime> services_due;  // as it stood when they were looked at last
    BootTime services_looked{};
};

}  // namespace starling::node
