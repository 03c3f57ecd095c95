// Clients of a simulated mesh: they call nodes as local programs do, and keep their own account of
// what they were told.
//
//      World ──act(now)──> Workload ──Clients::call──> Host ──> NodeCore
//                             ^                                   |
//                             └────────── on_answer ──────────────┘
//
// Not thread safe.
#pragma once

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/moment.hpp"
#include "sim/host.hpp"

#include <cstdint>
#include <optional>

namespace starling::sim {

// The programs beside the nodes.
class Clients {
public:
    Clients() = default;
    Clients(const Clients&) = delete;
    Clients& operator=(const Clients&) = delete;
    virtual ~Clients() = default;

    // Nothing when no process runs on that host.
    virtual std::optional<CallId> call(std::uint32_t host, Bytes request) = 0;
    virtual void end_call(std::uint32_t host, CallId call) = 0;

    // A program took its node down with it, which starts again a moment later.  Not while an answer
    // is being given.
    virtual void kill(std::uint32_t host) = 0;
    [[nodiscard]] virtual ProcessState state_of(std::uint32_t host) const = 0;
    [[nodiscard]] virtual std::uint32_t hosts() const = 0;
    // What a program on that host reads from its boot-time clock.
    [[nodiscard]] virtual BootTime clock_of(std::uint32_t host) const = 0;
};

// What clients did and what came of it.
struct LoadCounts {
    std::uint64_t puts = 0;
    std::uint64_t swaps = 0;
    std::uint64_t tasks = 0;
    std::uint64_t leases = 0;  // acquired, renewed or released
    std::uint64_t decisions = 0;
    std::uint64_t edits = 0;  // of counters, sets and values that are deleted
    std::uint64_t answered = 0;
    std::uint64_t failed = 0;  // answered with an error
    std::uint64_t lost = 0;    // the process died before the answer
};

class Workload {
public:
    Workload() = default;
    Workload(const Workload&) = delete;
    Workload& operator=(const Workload&) = delete;
    virtual ~Workload() = default;

    // When it wants to act next; nothing when it is done.
    [[nodiscard]] virtual std::optional<Duration> next_time() const = 0;
    virtual void act(Duration now, Clients& clients) = 0;

    // An answer to a call, or an item of a stream, of whichever workload: others' are ignored.
    virtual void on_answer(std::uint32_t host, CallId call, ByteView body, bool last,
                           Duration now) = 0;

    // Calls to this host get no answer any more.
    virtual void on_crash(std::uint32_t host) = 0;

    // The run is over: what must be true now?
    virtual void conclude(Duration now) = 0;

    [[nodiscard]] virtual LoadCounts counts() const = 0;
};

}  // namespace starling::sim
