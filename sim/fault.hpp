// What goes wrong in a world: each is one line of a plan.
//
//      at ──> in force ──(lasts)──> repaired          a fault without an end strikes once
//
// Invariants:
//   I1  Whatever is in force ends at the plan's healed_at at the latest.
//   I2  A fault that meets no host in the right state does not strike, and then has no end either.
//
// Values: thread safe to read.
#pragma once

#include "base/moment.hpp"
#include "sim/border.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace starling::sim {

enum class FaultKind : std::uint8_t {
    crash,        // kill -9; at the end the same disk starts with a higher boot
    pause,        // SIGSTOP; SIGCONT at the end
    cut,          // partition: the left side does not reach the right one, nor back
    break_links,  // every connection the host dialled ends, once
    stall_disk,   // no sync of the host ends

    // network
    delay,     // frames take this much longer, each way that the direction names
    clog,      // nothing passes, then all of it at once; TCP gives up on it after 10 s
    throttle,  // what the host sends leaves it at this rate
    refuse,    // the host's accept backlog is full: a dial is not answered, and tried again

    // process and clocks
    slow,        // turns and inputs of the host take this many times as long
    leave,       // an operator's leave; the process ends when it has left, or after 30 s
    step_clock,  // the wall clock jumps by this, and stays there
    drift,       // the clocks gain this each second
    freeze,      // a virtual machine that stands still: neither process, kernel nor clocks go on

    // disk
    slow_disk,  // syncs and reads take this many times as long
    low_disk,   // the host knows that its disk is nearly full

    // the disk answers with errors or nonsense, which ends the process; it starts again at the end
    full_disk,   // to writes
    read_only,   // to writes, as after a remount
    sync_error,  // to syncs
    read_error,  // to reads
    rot,         // to nothing: bits of sectors read wrong while it is in force, always the same

    // what TCP does not do, nor what CURVE lets through: shares of frames.  Connections that they
    // harmed end with the fault, as a middlebox resets them, so that link epochs begin anew.
    lose,
    duplicate,
    reorder,  // later frames overtake it
    replay,   // it comes again, seconds later
    flip,     // one bit of it, as an admitted but broken peer would send it

    garbage,  // an admitted host also sends frames that mean nothing, and spoilt ones that did

    // an admitted host lies, after a share of its frames (adversary.hpp)
    forge,        // signed things of others, and changed ones
    impersonate,  // greets, votes and reports as somebody else
    repeat,       // what it said before, at times before it started again
    swamp,        // frames too large, too deep, or that promise more than there is
    outsider,     // after a share of what reaches the host: somebody without a certificate
    slander,      // others are dead, says the host, and says that others say so
    equivocate,   // its batches say one thing to one host and another to the next

    // The disk is gone with all that the host knew: kill -9; at the end an empty one starts in its
    // place, with the same keys.
    lose_disk,
    // The disk is put back to what it held this long before, as from a snapshot of its machine:
    // kill -9; at the end a process starts from that.
    restore_disk,

    // kill -9; at the end the same disk starts at an address that nobody had before, and nobody
    // listens at the old one any more.  A plan leaves one host where it is: others find each other
    // by it.
    move,
};

// Whom a fault strikes: one host, or what goes between two sides.
enum class Target : std::uint8_t { host, sides };

// What the amount of a fault is.
enum class Amount : std::uint8_t {
    none,
    time,      // nanoseconds, may be negative
    factor,    // times, at least 1
    share,     // of a million
    byte_rate  // a second
};

// A kind of fault as plans write it:  [at TIME] WORD TARGET AMOUNT for TIME
struct FaultRow {
    FaultKind kind{};
    std::string_view word;
    Target target{};
    Amount amount{};
    bool has_end = true;  // it is in force for a time
};

inline constexpr auto fault_rows = std::to_array<FaultRow>({
    {FaultKind::crash, "crash", Target::host, Amount::none, true},
    {FaultKind::pause, "pause", Target::host, Amount::none, true},
    {FaultKind::cut, "partition", Target::sides, Amount::none, true},
    {FaultKind::break_links, "break", Target::host, Amount::none, false},
    {FaultKind::stall_disk, "stall", Target::host, Amount::none, true},
    {FaultKind::delay, "delay", Target::sides, Amount::time, true},
    {FaultKind::clog, "clog", Target::sides, Amount::none, true},
    {FaultKind::throttle, "throttle", Target::host, Amount::byte_rate, true},
    {FaultKind::refuse, "refuse", Target::host, Amount::none, true},
    {FaultKind::slow, "slow", Target::host, Amount::factor, true},
    {FaultKind::leave, "leave", Target::host, Amount::none, true},
    {FaultKind::step_clock, "step-clock", Target::host, Amount::time, false},
    {FaultKind::drift, "drift", Target::host, Amount::time, true},
    {FaultKind::freeze, "freeze", Target::host, Amount::none, true},
    {FaultKind::slow_disk, "slow-disk", Target::host, Amount::factor, true},
    {FaultKind::low_disk, "low-disk", Target::host, Amount::none, true},
    {FaultKind::full_disk, "full-disk", Target::host, Amount::none, true},
    {FaultKind::read_only, "read-only", Target::host, Amount::none, true},
    {FaultKind::sync_error, "sync-error", Target::host, Amount::none, true},
    {FaultKind::read_error, "read-error", Target::host, Amount::none, true},
    {FaultKind::rot, "rot", Target::host, Amount::share, true},
    {FaultKind::lose, "lose", Target::sides, Amount::share, true},
    {FaultKind::duplicate, "duplicate", Target::sides, Amount::share, true},
    {FaultKind::reorder, "reorder", Target::sides, Amount::share, true},
    {FaultKind::replay, "replay", Target::sides, Amount::share, true},
    {FaultKind::flip, "flip", Target::sides, Amount::share, true},
    {FaultKind::garbage, "garbage", Target::host, Amount::share, true},
    {FaultKind::forge, "forge", Target::host, Amount::share, true},
    {FaultKind::impersonate, "impersonate", Target::host, Amount::share, true},
    {FaultKind::repeat, "repeat", Target::host, Amount::share, true},
    {FaultKind::swamp, "swamp", Target::host, Amount::share, true},
    {FaultKind::outsider, "outsider", Target::host, Amount::share, true},
    {FaultKind::slander, "slander", Target::host, Amount::share, true},
    {FaultKind::equivocate, "equivocate", Target::host, Amount::share, true},
    {FaultKind::lose_disk, "lose-disk", Target::host, Amount::none, true},
    {FaultKind::restore_disk, "restore-disk", Target::host, Amount::time, true},
    {FaultKind::move, "move", Target::host, Amount::none, true},
});

static_assert(static_cast<std::size_t>(fault_rows.back().kind) + 1 == fault_rows.size());

// In the order of the kinds.
[[nodiscard]] constexpr const FaultRow& row_of(FaultKind kind) {
    return fault_rows[static_cast<std::size_t>(kind)];
}

[[nodiscard]] constexpr bool is_disk_error(FaultKind kind) {
    return kind >= FaultKind::full_disk && kind <= FaultKind::rot;
}

// The next process knows less than was durable.
[[nodiscard]] constexpr bool forgets(FaultKind kind) {
    return kind == FaultKind::lose_disk || kind == FaultKind::restore_disk;
}

// The process ends when it begins, and another one starts when it ends.
[[nodiscard]] constexpr bool is_crash(FaultKind kind) {
    return kind == FaultKind::crash || kind == FaultKind::move || forgets(kind);
}

struct Fault {
    Duration at{};
    Duration lasts{};  // of a kind that has an end
    FaultKind kind{};
    std::uint32_t host = 0;            // Target::host
    std::vector<std::uint32_t> left;   // Target::sides
    std::vector<std::uint32_t> right;  // Target::sides
    Direction direction{};             // Target::sides
    std::int64_t amount = 0;           // what the kind's row says
    std::uint32_t number = 0;          // its line, from 1: tells it from others when it ends

    friend bool operator==(const Fault&, const Fault&) = default;
};

// When the disk held what it is put back to.  REQUIRES: restore_disk.
[[nodiscard]] constexpr Duration kept_at(const Fault& fault) {
    return fault.at - Duration{fault.amount};
}

enum class Phase : std::uint8_t { begins, ends };

// How often each kind struck, and was repaired.
struct FaultCounts {
    std::array<std::uint64_t, fault_rows.size()> begun{};
    std::array<std::uint64_t, fault_rows.size()> ended{};

    void count(FaultKind kind, Phase phase) {
        ++(phase == Phase::begins ? begun : ended).at(static_cast<std::size_t>(kind));
    }

    [[nodiscard]] std::uint64_t struck(FaultKind kind) const {
        return begun.at(static_cast<std::size_t>(kind));
    }

    [[nodiscard]] std::uint64_t repaired(FaultKind kind) const {
        return ended.at(static_cast<std::size_t>(kind));
    }
};

}  // namespace starling::sim
