// Who is connected to whom: one outgoing connection per peer, and the newest incoming link of each
// sender.
//
//            keep() / want()                connected
//    idle ───────────────────> dialling ──────────────> up
//      ^                       ^   |                     | lost
//      |              accepted |   | refused, failed     v
//      |                       └───┼────────────────  probing
//      |                           v                     | refused, failed
//      └──── not kept ───────── waiting <────────────────┘
//                                  └── kept, jitter over ──> dialling
//
// Invariants:
//   I1  A peer has at most one outgoing connection; every dial has a link id greater than all
//   before. I2  Frames of any but the newest link that a sender introduced by HELLO are refused. I3
//   A kept peer is never given up: it is redialled with full jitter, at most limits::redial_cap
//   apart. I4  Of connections that nobody keeps, at most limits::push_sockets exist; the one unused
//   longest goes. I5  An accepted probe proves nothing: it leads to a dial, whose failure leads
//   back to a probe.
//   I6  How a dial failed is told once every address was tried: a member may have moved.  That
//       nobody listens is told unless the peer said HELLO since it was dialled, whose refusal may
//       be older.
//   I7  look_at_ is never later than the first thing that time will bring: a tick before it does
//       nothing, however many outlets there are.
//
// Not thread safe.
#pragma once

#include "base/effects.hpp"
#include "base/hash_index.hpp"
#include "base/ids.hpp"
#include "base/moment.hpp"
#include "base/rng.hpp"
#include "node/core.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace starling::node {

// How to dial a member.
struct Route {
    CurveKey curve;
    std::vector<std::string> addresses;  // tried in turn; never empty
};

class AddressBook {
public:
    AddressBook() = default;
    AddressBook(const AddressBook&) = delete;
    AddressBook& operator=(const AddressBook&) = delete;
    virtual ~AddressBook() = default;

    // Nothing for a node that is unknown, expired or without an address.
    [[nodiscard]] virtual std::optional<Route> route_to(const NodeId& peer) const = 0;
};

// News for the other cores.
enum class LinkChange : std::uint8_t {
    up,       // frames can go out: HELLO comes first
    lost,     // the connection ended, by itself or hung up here
    refused,  // nobody listens there any more: the process is gone
    failed,   // no answer or a network error: proves nothing
    denied,   // the other side does not admit us
};

struct LinkChanged {
    NodeId peer;
    LinkChange change{};
    std::uint32_t detail = 0;  // errno where the system gave one
};

enum class Incoming : std::uint8_t { newest, unknown, old };

class Links {
public:
    static constexpr Duration unused_kept = std::chrono::seconds{30};

    // `book` outlives this object.
    Links(const AddressBook& book, Rng rng)
        : book_(book), rng_(rng), outlets_(rng.next()), inlets_(rng.next()) {}

    // Stays connected to exactly these (any order); the others go when unused.
    void keep(std::span<const NodeId> peers, Moment now, Effects& out);

    // Somebody sends to this peer: dials unless that is under way or done.
    void want(const NodeId& peer, Moment now, Effects& out);

    // Closes the connection and stops dialling, kept or not, until the next keep() or want().
    void forget(const NodeId& peer, Effects& out);

    void on_event(const LinkEvent& event, Moment now, Effects& out);
    void on_tick(Moment now, Effects& out);
    [[nodiscard]] std::optional<BootTime> next_deadline() const;

    [[nodiscard]] bool is_up(const NodeId& peer) const;

    // Peers with an outgoing connection, ids ascending.
    [[nodiscard]] const std::vector<NodeId>& linked() const { return linked_; }

    // The link id of the connection to this peer; zero when there is none.
    [[nodiscard]] LinkId link_to(const NodeId& peer) const;

    [[nodiscard]] std::vector<LinkChanged> take_changes();

    // A frame's link against what its sender introduced.
    [[nodiscard]] Incoming check(const NodeId& from, LinkId link) const;

    // HELLO: true when this link is now the sender's newest, false when an older one came late.
    bool introduce(const NodeId& from, Boot boot, LinkId link);

    // How long a frame queued, above the least seen on this link.
    [[nodiscard]] Duration queueing_age(const NodeId& from, std::uint32_t sent_ms,
                                        BootTime arrived);

private:
    enum class State : std::uint8_t { idle, dialling, up, probing, waiting };

    struct Outlet {
        State state = State::idle;
        bool kept = false;
        bool met = false;  // it said HELLO since it was dialled or probed
        LinkId link;
        unsigned attempts = 0;  // since the last connection
        BootTime used{};        // last want()
        BootTime deadline{};    // of waiting
        std::string address;    // last one tried
    };

    struct Inlet {
        Boot boot;
        LinkId link;
        std::optional<std::int32_t> least_ms;  // least (arrival - sent), modulo 2^32
    };

    // References to outlets end with the next make() or remove().
    Outlet& make(const NodeId& peer);
    void remove(const NodeId& peer);
    void dial(const NodeId& peer, Outlet& outlet, Moment now, Effects& out);
    void probe(const NodeId& peer, Outlet& outlet, Effects& out);
    void pause(Outlet& outlet, Moment now);
    void report(const NodeId& peer, LinkChange change, std::uint32_t detail, Effects& out);
    void on_connected(const NodeId& peer, Moment now, Effects& out);
    void on_lost(const NodeId& peer, Outlet& outlet, Moment now, Effects& out);
    void on_failure(const NodeId& peer, Outlet& outlet, const LinkEvent& event, Moment now,
                    Effects& out);
    void hang_up(const NodeId& peer, Outlet& outlet, Effects& out);
    void evict_unused(Effects& out);
    void refresh_linked();

    void look_by(BootTime time) { look_at_ = earlier(look_at_, time); }

    [[nodiscard]] std::optional<BootTime> due_of(const Outlet& outlet) const;

    const AddressBook& book_;
    Rng rng_;
    std::uint32_t last_link_ = 0;
    HashIndex<NodeId, Outlet> outlets_;
    std::vector<NodeId> peers_;  // those with an outlet, ascending
    HashIndex<NodeId, Inlet> inlets_;
    std::vector<NodeId> linked_;
    std::optional<BootTime> look_at_;  // when a tick has to look at the outlets
    std::vector<LinkChanged> changes_;
};

}  // namespace starling::node
