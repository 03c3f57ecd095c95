// The simulated network, as ZeroMQ over TCP shows itself: per connection first in, first out, no
// duplicates, loss only when a connection ends or a queue is full.
//
//      send() ──> queue ──> pipe (socket buffers and wire) ──arrival──> Ends::on_arrival
//        queue: until HELLO went out, and while the pipe is full
//        pipe:  cut off, it stalls; it goes on with TCP's retransmissions after the heal, or the
//               connection ends after `unacked_max`
//
//      dial:   free ──> dialling ──> greeting ──HELLO──> open ──> draining (the rest) ──> free
//      probe:  free ──> probing ──> free
//
// Invariants:
//   I1  Frames of one connection arrive in the order of sending, without gaps; what is missing is
//       the tail of a connection that ended.
//   I2  Nothing arrives over a cut, nor at a process started after the connection was made.
//   I3  A queue holds at most limits::link_queue_frames and limits::link_queue_bytes, a host's
//       queues limits::all_queues_bytes; what does not fit is dropped and counted.
//       I1 and I3 hold for what is in pipes.  A hostile network (faults lose, duplicate, reorder,
//       replay, flip, garbage) also sends strays, frames beside the pipe: whatever TCP and CURVE
//       prevent may happen to them, until their fault ends.  A frame that such a fault took from a
//       pipe is missing from a link that goes on, which no transport of ours does: when the fault
//       ends, every connection that it harmed ends too, as by a middlebox that resets it.
//   I4  Every draw is a pure function of seed, purpose, hosts and a counter: removing a frame or a
//       fault moves no draw of another pair.
//
// Not thread safe.
#pragma once

#include "base/effects.hpp"
#include "base/hash_index.hpp"
#include "node/core.hpp"
#include "sim/adversary.hpp"
#include "sim/blocks.hpp"
#include "sim/bodies.hpp"
#include "sim/cuts.hpp"
#include "sim/fifo.hpp"
#include "sim/host_clock.hpp"
#include "sim/latency_matrix.hpp"
#include "sim/timetable.hpp"
#include "sim/weather.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace starling::sim {

struct NetworkModel {
    Duration latency_min = std::chrono::microseconds{60};
    Duration latency_spread = std::chrono::microseconds{120};  // of pairs, uniform
    Duration jitter_mean = std::chrono::microseconds{20};      // of frames, exponential
    Duration unacked_max = std::chrono::seconds{10};           // TCP_MAXRT of the real transport
    Duration retransmit_base = std::chrono::milliseconds{200};
    Duration linger = std::chrono::milliseconds{10};  // see Network::crash()
    std::size_t pipe_bytes = 2 * 1024 * 1024;         // what both kernels take before EAGAIN
    std::uint64_t bandwidth = 0;  // of a connection, bytes a second; 0: no limit
    Regions regions;              // with a matrix it says the least one-way time
};

// A frame at its receiver.  Whoever takes it releases the body and says consumed().
struct Arrival {
    std::uint32_t connection = 0;
    std::uint32_t generation = 0;
    NodeId from;  // as the transport authenticated it
    FrameHead head{};
    Bodies::Handle body;
    Duration sent{};  // into its pipe; zero: a stray of the network's own making
};

enum class DropReason : std::uint8_t { no_connection, queue_full, connection_ended };

// The processes at the ends of the network.
class Ends {
public:
    Ends() = default;
    Ends(const Ends&) = delete;
    Ends& operator=(const Ends&) = delete;
    virtual ~Ends() = default;

    virtual void on_arrival(std::uint32_t host, const Arrival& arrival) = 0;
    virtual void on_link(std::uint32_t host, const node::LinkEvent& event) = 0;
    virtual void on_dropped(std::uint32_t host, const NodeId& to, Kind kind, DropReason reason) = 0;
};

struct NetworkCounts {
    std::uint64_t frames = 0;  // that entered a pipe
    std::uint64_t bytes = 0;
    std::uint64_t delivered = 0;
    std::uint64_t lost = 0;     // in a pipe when its connection ended
    std::uint64_t dropped = 0;  // in a queue, or without a connection
    std::uint64_t dials = 0;
    std::uint64_t connected = 0;
    std::uint64_t refused = 0;
    std::uint64_t denied = 0;
    std::uint64_t timed_out = 0;
    std::uint64_t probes = 0;
    std::uint64_t breaks = 0;  // connections that ended under their dialler
    std::uint64_t strays = 0;  // frames that arrived beside a pipe
    std::uint64_t spoilt = 0;  // frames that are not as they were sent
    std::uint64_t lies = 0;    // frames that a member or an outsider made up
};

struct EndpointSetup {
    NodeId id;
    CurveKey curve;
    std::string address;
    const HostClock* clock = nullptr;  // outlives the network's last turn
};

class Network {
public:
    Network(const NetworkModel& model, std::uint64_t seed, Timetable& timetable, Bodies& bodies,
            Ends& ends);

    // Returns the host's number, ascending from 0.
    std::uint32_t add(EndpointSetup setup);

    // A process's life.  Its connections end `exit` after crash(); then the kernel refuses
    // connects, at times only after a moment.
    void start(std::uint32_t host);
    void crash(std::uint32_t host, Duration now, Duration exit = {});

    // Its address is this from now on: whoever dials the old one, or did and has no answer yet,
    // reaches nobody.
    void move(std::uint32_t host, const std::string& address);

    void pause(std::uint32_t host) { endpoints_.at(host).paused = true; }

    void resume(std::uint32_t host) { endpoints_.at(host).paused = false; }

    void carry_out(std::uint32_t host, const LinkCommand& command, std::string_view address,
                   Duration now);

    // Takes its own use of the body when the frame is not dropped.
    void send(std::uint32_t host, const NodeId& to, Kind kind, Bodies::Handle body, Duration now);

    // The receiving process has read this frame: there is room for another.
    void consumed(const Arrival& arrival, Duration now);

    void cut(std::uint64_t number, std::span<const std::uint32_t> left,
             std::span<const std::uint32_t> right, Direction direction);
    void heal(std::uint64_t number, Duration now);

    // A cut whose packets were only held up: ends with all of them going on at once.
    void unclog(std::uint64_t number, Duration now);

    // Delays and hostile shares between sides.
    void hamper(const Fault& fault) { weather_.add(fault, endpoints_.size()); }

    void relieve(const Fault& fault, Duration now);

    // What this host sends a second; 0: as much as it likes.
    void throttle(std::uint32_t host, std::uint64_t byte_rate, Duration now);

    void refuse(std::uint32_t host, bool refuses) { endpoints_.at(host).refuses = refuses; }

    // So many of a million frames of this host are followed by one that is garbage.
    void babble(std::uint32_t host, std::uint64_t share) { endpoints_.at(host).babble = share; }

    // Who lies, and what is said then.  It outlives the network's last turn.
    void let_lie(Adversary& adversary) { adversary_ = &adversary; }

    // Ends every connection that this host dialled, as a middlebox would.
    void break_connections(std::uint32_t host, Duration now);

    void on_due(const Appointment& due, Duration now);

    [[nodiscard]] const NetworkCounts& counts() const { return counts_; }

    [[nodiscard]] const Cuts& cuts() const { return cuts_; }

    [[nodiscard]] std::uint64_t draws() const { return draws_; }

    // (dialler, acceptor) of every connection over which frames go, ordered.
    [[nodiscard]] std::vector<std::pair<std::uint32_t, std::uint32_t>> open_connections() const;

private:
    enum class Phase : std::uint8_t {
        free,
        probing,
        dialling,
        handshake,
        greeting,
        open,
        draining
    };

    enum class Purpose : std::uint8_t { base = 1, jitter, tail, linger, hostile, lie };

    // How frames go on after a cut.
    enum class Resume : std::uint8_t { retransmitted, at_once };

    struct Flight {
        FrameHead head{};
        Bodies::Handle body;
        Duration arrives{};
        Duration sent{};
    };

    // A frame beside the pipe of its connection.
    struct Stray {
        std::uint32_t from = 0;
        std::uint32_t to = 0;
        FaultKind cause{};
        NodeId identity;
        FrameHead head{};
        Bodies::Handle body;
    };

    struct Waiting {
        Kind kind{};
        Bodies::Handle body;
    };

    static constexpr std::uint32_t no_host = UINT32_MAX;

    // What every frame needs stands together, and first.
    struct Connection {
        Phase phase = Phase::free;
        bool stalled = false;
        bool peer_gone = false;
        bool harmed = false;   // a hostile network took something from it
        bool aliased = false;  // the acceptor knows the dialler by another name: see aliases_
        std::uint32_t generation = 0;
        std::uint32_t from = 0;
        std::uint32_t to = 0;
        std::uint32_t to_epoch = 0;
        std::uint32_t to_moves = 0;  // the acceptor's when it was dialled
        LinkId link;
        std::uint64_t number = 0;  // never reused
        std::uint64_t draws = 0;
        Duration last_arrival{};
        std::optional<Duration> arrival_at;  // the appointment that counts
        Fifo<Flight> pipe;
        std::size_t pipe_bytes = 0;  // unread by the process, in flight or not
        Fifo<Waiting> queue;
        Duration wire_free{};  // with a bandwidth: when what was sent has left
        NodeId peer;
        std::uint32_t sealed_for = no_host;  // whose key the dialler used
        Duration began{};
        unsigned attempts = 0;
        std::size_t queue_bytes = 0;
        std::optional<Duration> unacked_since;
    };

    struct Endpoint {
        EndpointSetup setup;
        std::uint32_t epoch = 0;  // processes started
        std::uint32_t moves = 0;
        bool running = false;
        bool paused = false;
        bool refuses = false;
        std::uint64_t babble = 0;
        std::uint64_t byte_rate = 0;
        Duration wire_free{};        // while throttled: when what it sent has left it
        Duration listens_until{};    // of a crashed process
        std::vector<bool> admitted;  // by host: with its own key, as itself
        std::map<CurveKey, NodeId> admitted_others;  // whatever else was asked for
        HashIndex<NodeId, std::uint32_t> outlets;    // peer -> connection
        std::size_t queue_bytes = 0;
    };

    struct Outcome {
        node::LinkNews news{};
        std::uint32_t detail = 0;
    };

    // network.cpp: frames
    bool fits_queue(const Endpoint& endpoint, const Connection& connection,
                    std::size_t bytes) const;
    void enqueue(Connection& connection, Kind kind, Bodies::Handle body);
    void enter_pipe(std::uint32_t slot, Kind kind, Bodies::Handle body, Duration now);
    void flush(std::uint32_t slot, Duration now);
    void arrive(std::uint32_t slot, Duration now);
    void deliver(std::uint32_t slot, const Flight& flight);
    void schedule_arrival(std::uint32_t slot, Duration not_before);
    void await_acknowledgement(std::uint32_t slot, Duration now);
    void drop(std::uint32_t host, const NodeId& to, Kind kind, DropReason reason);
    void drop_queue(Connection& connection);
    void lose_pipe(Connection& connection, std::size_t kept);
    void mend(std::uint32_t slot, Resume resume, Duration now);
    void hasten(std::uint32_t slot, Duration now);
    static Duration departure(Endpoint& endpoint, std::size_t bytes, Duration now);
    Duration onto_wire(Connection& connection, std::size_t bytes, Duration now) const;
    [[nodiscard]] Duration least_latency(std::uint32_t from, std::uint32_t to) const;
    [[nodiscard]] Duration retransmission_after(Duration since, Duration now) const;

    // network_strays.cpp: what a hostile network does
    bool waylay(std::uint32_t slot, Flight& flight, Duration now);
    void babble_after(std::uint32_t slot, const Flight& flight, Duration now);
    void lie_after(std::uint32_t slot, const Flight& flight, Duration now);
    void flip_bit(Flight& flight, Rng& rng);
    void spoil(Flight& flight, Rng& rng);
    void replace_body(Flight& flight, ByteView bytes);
    void send_stray(std::uint32_t slot, const Flight& flight, FaultKind cause, Duration at);
    void send_stray(const Stray& stray, Duration at);
    void arrive_astray(std::uint32_t number);
    [[nodiscard]] bool is_in_force(const Stray& stray) const;

    // network_links.cpp: connections
    void admit(Endpoint& endpoint, const CurveKey& curve, const NodeId& peer);
    static void expel(Endpoint& endpoint, const CurveKey& curve, const std::uint32_t* host);
    [[nodiscard]] std::optional<NodeId> admitted_as(const Endpoint& acceptor,
                                                    std::uint32_t dialler) const;
    void dial(std::uint32_t host, const LinkCommand& command, std::string_view address,
              Duration now);
    void probe(std::uint32_t host, const LinkCommand& command, std::string_view address,
               Duration now);
    std::uint32_t open_slot(std::uint32_t host, const LinkCommand& command, Phase phase,
                            Duration now);
    void aim(std::uint32_t slot, std::string_view address, Duration timeout);
    void step(std::uint32_t slot, Duration now);
    void step_syn(std::uint32_t slot, Duration now);
    void step_handshake(std::uint32_t slot, Duration now);
    void retry_syn(std::uint32_t slot, Duration now);
    void settle(std::uint32_t slot, Outcome outcome, Duration at);
    void conclude(std::uint32_t slot, Outcome outcome);
    void expire(std::uint32_t slot);
    void on_peer_gone(std::uint32_t slot, Duration now);
    void on_unacked(std::uint32_t slot, Duration now);
    void lose(std::uint32_t slot);
    void close(std::uint32_t slot);
    void detach(std::uint32_t slot);
    [[nodiscard]] const NodeId& identity_of(const Connection& connection) const;
    void free_slot(std::uint32_t slot);

    void schedule(Happening what, std::uint32_t slot, Duration at, std::uint32_t extra = 0);
    [[nodiscard]] bool unsettled(const Connection& connection) const;
    [[nodiscard]] Duration latency(Connection& connection, std::uint32_t from, std::uint32_t to);
    [[nodiscard]] std::uint64_t drawn(Purpose purpose, std::uint32_t a, std::uint32_t b,
                                      std::uint64_t counter);

    NetworkModel model_;
    std::uint64_t seed_;
    Timetable& timetable_;
    Bodies& bodies_;
    Ends& ends_;
    Cuts cuts_;
    Weather weather_;
    Adversary* adversary_ = nullptr;  // or nobody lies
    std::vector<Stray> strays_;
    std::vector<std::uint32_t> free_strays_;
    std::vector<Endpoint> endpoints_;
    std::map<std::string, std::uint32_t, std::less<>> addresses_;
    HashIndex<CurveKey, std::uint32_t> curves_;  // -> host
    Blocks<Connection> connections_;
    std::map<std::uint64_t, NodeId> aliases_;  // by number of a connection
    std::vector<std::uint32_t> free_;
    std::uint64_t connections_made_ = 0;
    std::uint64_t draws_ = 0;
    NetworkCounts counts_;
};

}  // namespace starling::sim
