// Is there an order of all calls, each somewhere between its beginning and its end, in which a
// single register would have given exactly these answers?  Sees nothing but the history.
//
// Depth-first search with undo over that order (Wing and Gong, "Testing and Verifying Concurrent
// Objects", JPDC 1993), with a cache of (calls placed, state) already found hopeless (Lowe,
// "Testing for linearizability", 2017), each key on its own.  A call whose outcome is unknown may
// take effect any time after it began, or never.  Intervals are closed: a call that begins when
// another ends overlaps it.
//
// The set of placed calls is cached as a 128-bit hash, so a wrong answer has odds of about 2^-100.
// Pure functions, thread safe.
#pragma once

#include "sim/register_history.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace starling::sim {

enum class LinearVerdict : std::uint8_t { linearizable, violated, gave_up };

struct LinearResult {
    LinearVerdict verdict = LinearVerdict::linearizable;
    std::string key;        // of the first key that is not linearizable, or was given up
    std::size_t calls = 0;  // calls placed in the best attempt on that key
    // Index in the history: the call that the best attempt could not place in time.
    std::optional<std::size_t> blocked;
    std::size_t steps = 0;  // of the whole search
};

// Gives up after `steps_max` placements.
[[nodiscard]] LinearResult check_linearizable(const CallHistory& history,
                                              std::size_t steps_max = 50'000'000);

}  // namespace starling::sim
