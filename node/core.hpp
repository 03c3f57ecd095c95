// NodeCore: one node without its sockets, disk and clocks.  It opens frames, hands each to one
// core, and is the only place where cores learn of each other.
//
//      frame / link event / call / fetched records / tick                 (real driver or
//      simulator)
//                         |
//                     NodeCore ── links, gossip, store, registers, auctions
//                         |
//                      Effects
//
// Invariants:
//   I1  Same constructor arguments and same inputs give the same effects, on every machine.
//   I2  A frame that is refused changes no core; it is counted and traced.
//   I3  on_tick() is idempotent: early, late and repeated calls are harmless.
//
// Not thread safe.
#pragma once

#include "base/crypto.hpp"
#include "base/effects.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/moment.hpp"
#include "base/records.hpp"
#include "gossip/certificate.hpp"
#include "gossip/genesis.hpp"
#include "gossip/messages.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace starling::gossip {
struct Commons;
}

namespace starling::node {

// A member as a mesh file names it: enough to dial it.
using Contact = gossip::Introduction;

struct Setup {
    SigningKey key;
    gossip::Genesis genesis;
    gossip::Certificate certificate;  // this node's own
    JournalId journal;
    Boot boot;                           // persisted before the core is made
    std::vector<std::string> addresses;  // where others dial this node
    std::string name;                    // for people; may be empty
    gossip::Contacts contacts;           // members of the mesh file; null: none
    std::vector<std::string> seeds;      // --join: addresses that replace a contact's
    std::uint64_t random_seed = 0;       // jitter and choices, never keys
    // Shared with other cores of this process and mesh; null: this node has its own.
    std::shared_ptr<gossip::Commons> commons;
};

struct FrameHeader;  // node/envelope.hpp

// What happened to an outgoing connection or a probe.  `link` is the one of the command.
enum class LinkNews : std::uint8_t {
    connected,       // handshake done: frames go out from now on
    lost,            // the connection ended
    refused,         // dial or probe: nobody listens there (errno in detail)
    unreachable,     // dial or probe: another network error (errno in detail)
    timed_out,       // dial or probe: no answer in time
    denied,          // dial: the other side refused our key
    probe_accepted,  // probe: somebody accepted; proves nothing about who
};

struct LinkEvent {
    NodeId peer;
    LinkId link;
    LinkNews news{};
    std::uint32_t detail = 0;
};

// What the driver knows about itself; PONG carries it to the neighbours.
struct DriverHealth {
    Duration oldest_batch{};  // age of the oldest batch not yet durable
    Duration last_turn{};
    std::uint64_t free_bytes = ~0ULL;

    [[nodiscard]] bool is_disk_low() const { return free_bytes < limits::disk_low_bytes; }

    // Such a node takes no new work: its disk or its loop does not keep up.
    [[nodiscard]] bool is_degraded() const {
        return std::max(oldest_batch, last_turn) > limits::degraded_after;
    }
};

// Whether a turn left input unread: then silence proves nothing and no judge's clock moves.
enum class Backlog : std::uint8_t { drained, left };

enum class FrameVerdict : std::uint8_t {
    handled,
    malformed,  // header or body
    unknown_version,
    unknown_kind,
    not_admitted,  // sender holds no valid certificate
    unknown_link,  // no HELLO yet: answered with REJECT
    old_link,      // of a connection that a newer one replaced
    foreign_mesh,
    over_quota,
    refused,  // by the core; its own verdict is in the trace
};

struct FetchedRecord {
    Bytes key;
    Bytes value;
};

class NodeCore {
public:
    struct Parts;  // node/parts.hpp: for node/*.cpp alone

    // Reads back what the node knew; first effects (admissions, dials) go to `out`.
    // `verifier` and `records` outlive the call, `verifier` also the core.
    NodeCore(Setup setup, const Verifier& verifier, const RecordSource& records, Moment now,
             Effects& out);
    ~NodeCore();
    NodeCore(const NodeCore&) = delete;
    NodeCore& operator=(const NodeCore&) = delete;

    // `from` is who the transport authenticated.
    FrameVerdict on_frame(const NodeId& from, ByteView frame, Moment now, Effects& out);
    void on_link(const LinkEvent& event, Moment now, Effects& out);

    // A call of a local program (node/calls.hpp): answered through Effects::answer, once, or as a
    // stream.
    void on_call(CallId call, ByteView request, Moment now, Effects& out);
    // The caller is gone: its streams and waits end without an answer.
    void on_call_ended(CallId call);

    void on_fetched(std::uint64_t tag, std::span<const FetchedRecord> records, Moment now,
                    Effects& out);
    void on_health(const DriverHealth& health, Effects& out);

    // At the end of every turn.
    void on_tick(Moment now, Backlog backlog, Effects& out);
    [[nodiscard]] std::optional<BootTime> next_deadline() const;

    [[nodiscard]] const NodeId& id() const;

    // Another process runs with this node's key and this boot, or a copy of its disk wrote under
    // it: this process must stop.
    [[nodiscard]] std::optional<Boot> superseded() const;

    // Joined (or alone by choice) and able to serve: /readyz.
    [[nodiscard]] bool ready() const;

private:
    FrameVerdict open(const NodeId& from, const FrameHeader& header, ByteView body, Moment now,
                      Effects& out);
    FrameVerdict check_link(const NodeId& from, const FrameHeader& header, Moment now,
                            Effects& out);

    std::unique_ptr<Parts> parts_;
};

}  // namespace starling::node
