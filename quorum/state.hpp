// What a ballot decides for a register: its contents and the results of its latest operations.
//
// Invariants:
//   I1  version <= the round of the ballot that carries the state, and it rises by one with each
//       change; a fresh register starts within its creating round.  So no version ever stands for
//       two contents, and one serves as compare-and-set token, fence and guard against recreation.
//   I2  An operation id is applied at most once while the window remembers it; what was dropped
//       from the window is answered `expired`, never guessed.
//   I3  A settled operation that was not applied is remembered as cancelled, and never applied
//       later; so is one that was tried elsewhere before and is refused here.
//   I4  The window keeps at most limits::register_window results.
//
// Everything here is a pure function of state and operation.  Not thread safe.
#pragma once

#include "quorum/operation.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace starling::quorum {

// The result of one operation, kept until its stream is done with it.
struct Entry {
    OpId id;
    std::uint64_t done_below = 0;
    bool cancelled = false;
    std::uint64_t version = 0;  // the one it made
    std::uint64_t round = 0;    // in which it was added: rounds rise along the chain of states

    friend bool operator==(const Entry&, const Entry&) = default;
};

struct State {
    Snapshot snapshot;
    std::vector<Entry> window;
    std::uint64_t forgotten = 0;  // highest round of an entry that was dropped unasked

    friend bool operator==(const State&, const State&) = default;

    void encode(Writer& out) const;
    static bool decode(Reader& in, State& state);
};

// Who applies, in which round, and when by the clock that people read.
struct Stamp {
    std::uint64_t round = 0;
    NodeId node;
    std::uint64_t wall_ms = 0;
};

struct Result {
    Outcome outcome = Outcome::not_applied;
    Reason reason = Reason::none;
    std::uint64_t version =
        0;                 // applied: the version it made, even if long ago; else the current one
    bool changed = false;  // this application changed the state
};

// Whether the round leaves room for one more version (I1).
[[nodiscard]] bool has_room(const State& state, std::uint64_t round);

// Drops entries of rounds up to this one: they were seen so long ago that nobody retries them.
void forget(State& state, std::uint64_t through);

// Applies one operation.  REQUIRES: has_room(state, stamp.round).
[[nodiscard]] Result apply(State& state, const Operation& operation, const Stamp& stamp);

}  // namespace starling::quorum
