// One simulated machine: a disk that outlives processes, and at most one process on it.
//
//               start()                 pause()
//      down ───────────────> running <──────────> paused
//        ^                     |  resume()          |
//        └────── crash() ──────┴────────────────────┘
//
//      frames, link events, calls, fetched ──inbox──> turn ──> NodeCore ──> Effects
//          records: batch n of the disk      frames, answers: at once, or once n is durable
//          links: at once                    trace: to the watcher
//
//      On a machine whose cores are shared (sim/machine.hpp, host_threads.cpp) three threads wait
//      for a core each time they have something to do: frames pass the transport's one by one, both
//      ways; a turn's effects are carried out at its end; a sync is pieces of work and waits.
//
// Invariants:
//   I1  A turn takes input in the order of arrival, at most limits::frames_per_turn pieces, and
//       ends with one on_tick().
//   I2  Nothing with a durable gate leaves before the records that preceded it are durable.
//   I3  A paused process does nothing; what reaches it waits.  A crashed one leaves only its disk.
//   I4  A commit that finds no room on the disk ends the process, as the real driver does.
//   I5  Every start has a boot greater than all before on its disk, durable before its core exists.
//   I6  Each disk has a journal with an id of its own.
//   I7  A process that hears of a higher boot of its own ends, and leaves that boot on its disk.
//
// Not thread safe.
#pragma once

#include "base/effects.hpp"
#include "node/core.hpp"
#include "sim/bodies.hpp"
#include "sim/check.hpp"
#include "sim/disk.hpp"
#include "sim/fifo.hpp"
#include "sim/host_clock.hpp"
#include "sim/identities.hpp"
#include "sim/machine.hpp"
#include "sim/memo_verifier.hpp"
#include "sim/network.hpp"
#include "sim/outbox.hpp"
#include "sim/timetable.hpp"
#include "sim/trace_hash.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace starling::sim {

// What a process does takes time.
struct ProcessModel {
    Duration turn = std::chrono::microseconds{30};  // keeps the process busy
    Duration input = std::chrono::microseconds{8};  // and each of its inputs
    Duration verify{};                              // each signature that it looks at
    Duration link{};                                // each news of a link, with what follows
    Duration exit_min{};                            // from kill -9 until its connections end
    Duration exit_mean{};                           // above the minimum, exponential
    std::uint32_t cores = 0;  // of the machine that all hosts share; 0: nobody waits for one
    Duration wake{};          // until an idle core works
    Duration doze{};          // an idle core dozes after so long,
    Duration rouse{};         // and works so much later
    Duration frame{};         // of the transport's thread, for a frame, at either end
};

// Who looks on: clients and checks.
class Watcher {
public:
    Watcher() = default;
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;
    virtual ~Watcher() = default;

    // Before the first trace of this process.
    virtual void on_started(std::uint32_t host, Boot boot, Duration now) = 0;
    virtual void on_traced(std::uint32_t host, const TraceRecord& record, Duration now) = 0;
    virtual void on_answer(std::uint32_t host, CallId call, ByteView body, bool last) = 0;

    // A frame leaves its core for others or itself; one is about to be handed to its core.
    virtual void on_said(const Told& /*frame*/) {}

    virtual void on_heard(const Told& /*frame*/) {}

    // The process cannot go on: it crashes before anything else happens.
    virtual void on_failed(std::uint32_t host) = 0;
};

// What all hosts of a world share.
struct Surroundings {
    Timetable& timetable;
    Network& network;
    Bodies& bodies;
    TraceHash& hash;
    const MemoVerifier& verifier;
    const Identities& identities;
    std::shared_ptr<gossip::Commons> commons;
    std::shared_ptr<DiskCommons> disks;
    Effects& effects;  // of one turn at a time, empty between two; not used with a machine
    Watcher& watcher;
    Machine* machine = nullptr;  // or nobody waits for a core
};

enum class ProcessState : std::uint8_t { down, running, paused };

struct HostSetup {
    std::uint32_t number = 0;
    std::uint64_t seed = 0;
    Duration boot_offset{};  // boot-time clock at the beginning of the world
    Duration wall_offset{};  // wall clock, since 1970, at the beginning of the world
    DiskModel disk;
    ProcessModel process;
};

struct HostCounts {
    std::uint64_t turns = 0;
    std::uint64_t inputs = 0;
    std::uint64_t starts = 0;
    std::uint64_t crashes = 0;
};

class Host final : public Tenant {
public:
    Host(const HostSetup& setup, const Surroundings& around);
    ~Host() override;

    // False: its disk does not let it, and it is still down.
    [[nodiscard]] bool start(Duration now);
    void crash(Duration now);
    void pause();
    void resume(Duration now);

    // A paused machine, clocks and all.
    void freeze(Duration now);
    void thaw(Duration now);

    [[nodiscard]] bool is_frozen() const { return clock_.is_frozen(); }

    // An empty disk takes the place of the one that was there.  REQUIRES: it is down.
    void lose_disk();

    // What its disk would hold now after a crash is put there again.  REQUIRES: keep_disk() before,
    // and it is down.
    void keep_disk();
    void restore_disk();

    // To another address.  REQUIRES: it is down.
    void move();

    void stall_disk(Duration until) { disk_.stall(until); }

    void slow_disk(std::int64_t factor) { disk_.slow_down(factor); }

    void fail_disk(const DiskErrors& errors) { disk_.fail(errors); }

    // What the driver knows of the room on its disk.
    void show_free(std::uint64_t bytes) { free_bytes_ = bytes; }

    // Turns and inputs take so many times as long.
    void slow_down(std::int64_t factor) { slowness_ = factor; }

    void step_wall(Duration amount) { clock_.step_wall(amount); }

    void drift(Duration gain, Duration now);

    void on_arrival(const Arrival& arrival, Duration now);
    void on_link(const node::LinkEvent& event, Duration now);
    void on_dropped(const NodeId& to, Kind kind, DropReason reason, Duration now);
    void on_due(const Appointment& due, Duration now);
    std::optional<Duration> go_on(Thread thread, std::uint64_t process, Duration now) override;

    // A local program's call.  Nothing when no process runs; a paused one answers late.
    std::optional<CallId> call(Bytes request, Duration now);
    void end_call(CallId call);

    [[nodiscard]] ProcessState state() const { return state_; }

    [[nodiscard]] const NodeId& id() const;

    [[nodiscard]] Boot boot() const { return boot_; }

    [[nodiscard]] const JournalId& journal() const { return journal_; }

    [[nodiscard]] bool ready() const;

    [[nodiscard]] Moment moment(Duration now) const { return clock_.at(now); }

    [[nodiscard]] const HostClock& clock() const { return clock_; }

    [[nodiscard]] const HostCounts& counts() const { return counts_; }

    [[nodiscard]] const Disk& disk() const { return disk_; }

private:
    struct Call {
        CallId id;
        Bytes request;
    };

    // Of this node to itself: it waited for its gate like any other and comes in with the next
    // turn.
    struct OwnFrame {
        Kind kind{};
        Bodies::Handle body;
    };

    using Input = std::variant<Arrival, node::LinkEvent, Call, Disk::Fetched, OwnFrame>;

    struct HeldFrame {
        NodeId to;
        Kind kind{};
        Bodies::Handle body;
        std::uint64_t gate = 0;
        Duration made{};
    };

    struct HeldAnswer {
        CallId call;
        bool last = true;
        Bytes body;
    };

    using Held = std::variant<HeldFrame, HeldAnswer>;

    // What passes the transport's thread: frames on their way out and in, news of connections.
    using Passing = std::variant<HeldFrame, Arrival, node::LinkEvent>;

    // Into one turn.
    struct Taken {
        std::uint64_t inputs = 0;
        std::uint64_t links = 0;  // of these, news of links
    };

    // What a thread does on a machine with cores.
    struct ThreadState {
        bool claimed = false;
        bool working = false;
    };

    void accept(Input input, Duration now);
    void schedule_turn(Duration now);
    void turn(Duration now);
    Duration begin_turn(Duration now);
    Taken take_inputs(Duration now);
    [[nodiscard]] Duration time_of(const Taken& taken, std::uint64_t signatures) const;
    void take(const Arrival& arrival, Duration now);
    void take(const node::LinkEvent& event, Duration now);
    void take(const Call& call, Duration now);
    void take(const Disk::Fetched& fetched, Duration now);
    void take(const OwnFrame& own, Duration now);
    void report_health(Duration now);
    void end_turn(Duration now);
    [[nodiscard]] bool gives_way();
    void carry_out_links(Duration now);
    void carry_out_sends(std::uint64_t gate, Duration now);
    void send(const HeldFrame& frame, Duration now);
    [[nodiscard]] Told told(const NodeId& peer, Kind kind, Bodies::Handle body, Duration now) const;
    void carry_out_answers(std::uint64_t gate);
    void start_disk(Duration now);
    void on_synced(Duration now);
    void leave(const Held& held, Duration now);
    void wake_at(std::optional<BootTime> deadline, Duration now);
    void on_wake(Duration now);
    void discard_inputs();

    // host_threads.cpp: on a machine with cores
    void claim(Thread thread, Duration now);
    void claim_again(Duration now);
    [[nodiscard]] ThreadState& state_of(Thread thread);
    std::optional<Duration> drive(Duration now);
    std::optional<Duration> transport(Duration now);
    std::optional<Duration> work_on_disk(Duration now);
    void on_piece(Duration now);
    void pass(Passing passing, Duration now);
    void let_through(const Passing& passing, Duration now);
    void discard_passing();
    void release_held(Duration now);

    [[nodiscard]] bool make_core(Duration now);
    [[nodiscard]] Result<Boot> next_boot(Duration now);
    [[nodiscard]] node::Setup core_setup() const;
    void schedule(Happening what, Duration at);

    HostSetup setup_;
    Surroundings around_;
    HostClock clock_;
    Disk disk_;
    ProcessState state_ = ProcessState::down;
    std::uint64_t process_ = 0;  // number of the process; events of earlier ones are void
    Boot boot_;
    std::uint32_t moves_ = 0;     // to where it is
    JournalId journal_;           // on the disk
    JournalId kept_journal_;      // on the one that will be put back
    std::optional<Boot> outbid_;  // a higher boot, which ended a process and is on the disk
    std::unique_ptr<node::NodeCore> core_;
    Effects own_effects_;  // on a machine, where others' turns begin before one ends
    Effects& effects_;     // of the turn that is under way
    Fifo<Input> inbox_;
    Outbox<Held> outbox_;
    bool turn_due_ = false;
    bool synced_in_pause_ = false;
    Duration busy_until_{};
    Duration last_turn_{};
    std::int64_t slowness_ = 1;
    std::uint64_t free_bytes_ = node::DriverHealth{}.free_bytes;
    std::optional<Duration> wake_due_;  // of the earliest wake event in the timetable
    std::uint64_t calls_ = 0;
    std::array<ThreadState, threads_of_process> threads_{};
    std::deque<Passing> passing_;
    std::uint32_t pieces_left_ = 0;  // of the sync under way
    Duration piece_wait_{};          // after each of them
    bool piece_due_ = false;
    HostCounts counts_;
};

}  // namespace starling::sim
