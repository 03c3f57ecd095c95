// Frames to and from members over TCP, encrypted and authenticated: ZeroMQ with CURVE.
//
//                  dial()             handshake          send(hello)
//   (no link) ──────────> dialling ──────────> connected ──────────> open
//       ^                    │ └─ connect failed ─> asking why ─┐      │
//       └────────────────────┴──── end: LinkEvent, queue dropped ──────┘
//
// Invariants:
//   I1  A peer has at most one link; a link is never reused after its end.
//   I2  HELLO is the first frame on every link: until it is sent the others wait.
//   I3  Frames for a peer wait from dial() on, at most limits::link_queue_frames and _bytes for
//   each
//       link and limits::all_queues_bytes in all; what is dropped is traced and counted.
//   I4  Every dial ends in exactly one event, and a connected one in a second: lost.  Only
//   hang_up()
//       and a newer dial() end a link without an event.
//   I5  Nothing here blocks: names are looked up elsewhere, sends that find no room wait their
//   turn.
//
// Not thread safe: everything happens in the driver's thread; ZeroMQ's I/O thread, the handler of
// its authentication and the resolver share nothing else with it.
#pragma once

#include "base/effects.hpp"
#include "base/moment.hpp"
#include "base/trace.hpp"
#include "node/core.hpp"
#include "node/io/inlet.hpp"
#include "node/io/link.hpp"
#include "node/io/poller.hpp"
#include "node/io/probe.hpp"
#include "node/io/resolver.hpp"
#include <starling/error.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace starling::io {

enum class SendVerdict : std::uint8_t { sent, queued, no_link, queue_full, all_full, too_large };

// Why a frame did not leave: the reason of the trace event send_dropped.
enum class DropReason : std::uint8_t {
    no_link = 1,
    queue_full = 2,
    all_full = 3,
    too_large = 4,
    link_ended = 5,
    link_replaced = 6,
};

struct TransportNumbers {
    std::size_t links = 0;  // with a finished handshake
    std::size_t queued_bytes = 0;
    std::uint64_t frames_sent = 0;
    std::uint64_t frames_received = 0;
    std::uint64_t frames_dropped = 0;
    std::uint64_t frames_ignored = 0;  // received of nobody admitted
    std::uint64_t keys_denied = 0;
};

class Transport final : private Watcher {
public:
    // Errors: bad_address, address_in_use, cannot_listen.
    static Result<std::unique_ptr<Transport>> open(const CurvePair& own, const std::string& bind,
                                                   Poller& poller);
    ~Transport() override;

    // host:port where others reach this node.
    [[nodiscard]] const std::string& address() const { return inlet_->address(); }

    void admit(const NodeId& peer, const CurveKey& curve) { inlet_->allowed().admit(curve, peer); }

    void expel(const CurveKey& curve) { inlet_->allowed().expel(curve); }

    // One of the commands that a core made.  `address` is only looked at by dial and probe.
    void run(const LinkCommand& command, std::string_view address, Moment now);

    SendVerdict send(const NodeId& to, Kind kind, ByteView body, Moment now);

    // Looks after the links: what their monitors say, room to send, names, deadlines.
    void step(Moment now);

    node::Backlog receive(std::size_t frames_max, const Inlet::OnFrame& on_frame);

    [[nodiscard]] std::vector<node::LinkEvent> take_events();
    [[nodiscard]] std::vector<TraceRecord> take_traced();

    // Whether there is something to do without waiting.
    [[nodiscard]] bool busy() const { return inlet_->ready() || !events_.empty() || stirred_; }

    [[nodiscard]] std::optional<BootTime> next_deadline() const;

    [[nodiscard]] TransportNumbers numbers() const;

private:
    struct NamedProbe {
        NodeId peer;
        LinkId link;
        std::uint64_t ticket = 0;  // of the resolver, while `probe` is empty
        BootTime deadline{};
        std::unique_ptr<Probe> probe;
    };

    Transport(const CurvePair& own, Poller& poller);

    void on_ready() override { stirred_ = true; }

    void dial(const LinkCommand& command, std::string_view address, Moment now);
    void probe(const LinkCommand& command, std::string_view address, Moment now);
    void connect(Link& link, const Endpoint& to);
    void take_names();
    void step_probes(Moment now);
    void step_links(Moment now);
    void end(Link& link, Link::End end);
    void drop_queue(Link& link, DropReason reason);
    void drop(const NodeId& to, Kind kind, DropReason reason);
    void tell(const NodeId& peer, LinkId link, node::LinkNews news, std::uint32_t detail);
    void trace_denials();
    std::uint64_t ask_name(const Address& address);

    CurvePair own_;
    Poller& poller_;
    Context context_;
    std::unique_ptr<Inlet> inlet_;
    Resolver resolver_;
    std::uint64_t last_ticket_ = 0;
    std::map<NodeId, std::unique_ptr<Link>> links_;
    std::vector<NamedProbe> probes_;
    std::vector<node::LinkEvent> events_;
    std::vector<TraceRecord> traced_;
    std::size_t queued_bytes_ = 0;
    std::uint64_t frames_sent_ = 0;
    std::uint64_t frames_received_ = 0;
    std::uint64_t frames_dropped_ = 0;
    bool stirred_ = false;
};

}  // namespace starling::io
