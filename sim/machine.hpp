// The processors of a machine that all hosts stand on: a thread that has something to do waits for
// a free core, first come, first served, and keeps it until it has nothing left to do.
//
//      claim() ──> a core is idle: it wakes up ──┐            ┌── nothing left: the core is free,
//             └──> waiting, in order ────────────┴─> go_on() ─┤   whoever waited longest has it
//                                                      ^      └── for so long ──┐
//                                                      └────────────────────────┘
//
// Invariants:
//   I1  At most `cores` threads work at a time, and none waits while a core is idle.
//   I2  A thread that waits is overtaken by none that claimed later.
//   I3  Of idle cores the one that worked last wakes up, and none that dozes for a claim that a
//       thread made with its last piece of work: that one's core is free.
//
// Not thread safe.
#pragma once

#include "sim/timetable.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace starling::sim {

// The threads of a process that are worth a model.
enum class Thread : std::uint8_t { driver, transport, disk };

inline constexpr std::size_t threads_of_process = 3;

// An idle core takes a while until it works, the longer when it was idle for long.
struct CoreModel {
    std::uint32_t cores = 1;  // more than none
    Duration wake{};          // until an idle core works
    Duration doze{};          // idle for longer than this it dozes
    Duration rouse{};         // then it takes so much longer
};

// Who stands on a machine, with its threads.
class Tenant {
public:
    Tenant() = default;
    Tenant(const Tenant&) = delete;
    Tenant& operator=(const Tenant&) = delete;
    virtual ~Tenant() = default;

    // This thread has a core, or is done with what it began: how long its next piece of work takes,
    // nothing when there is none.  `process` is the one that claimed.
    virtual std::optional<Duration> go_on(Thread thread, std::uint64_t process, Duration now) = 0;
};

class Machine {
public:
    struct Claim {
        std::uint32_t host = 0;
        Thread thread{};
        std::uint64_t process = 0;
    };

    Machine(const CoreModel& model, Timetable& timetable)
        : model_(model), timetable_(timetable), idle_since_(model.cores) {}

    // In the order of their numbers; they outlive the machine's last appointment.
    void place(Tenant& host) { hosts_.push_back(&host); }

    // REQUIRES: this thread of this process has no claim, nor a core.
    void claim(const Claim& claim, Duration now);

    void on_due(const Appointment& due, Duration now);

    [[nodiscard]] std::size_t idle() const { return idle_since_.size(); }

private:
    [[nodiscard]] static Appointment appointment(Happening what, const Claim& claim);
    void go_on(Claim claim, Duration now);
    [[nodiscard]] std::optional<Duration> tell(const Claim& claim, Duration now);
    [[nodiscard]] bool dozes(Duration now) const;
    void start(const Claim& claim, Duration now);

    CoreModel model_;
    Timetable& timetable_;
    std::vector<Duration> idle_since_;  // of each idle core, ascending
    std::vector<Tenant*> hosts_;
    std::deque<Claim> waiting_;
    bool telling_ = false;  // a thread that has a core makes claims
};

}  // namespace starling::sim
