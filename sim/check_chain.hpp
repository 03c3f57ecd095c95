// Checks a history of registers by their version numbers, in the time it takes to sort it.
//
// Every applied change makes the next version, so that a history leaves little room:
//   C1  a version has one value, and one change made it
//   C2  a compare-and-set that expected version v made v + 1
//   C3  nothing is seen that was overtaken before the call began, and a change that began after a
//   version
//       was shown makes a higher one
//   C4  nothing is seen before the call that made it began
//   C5  a version that no answered change made was made by one whose outcome is unknown, and each
//   of
//       those makes at most one
//
// Idea: the version chain check of fast-jepsen (D. Rystsov).  Pure functions, thread safe.
#pragma once

#include "sim/register_history.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace starling::sim {

struct ChainViolation {
    std::size_t call = 0;  // index in the history
    std::string rule;      // C1 to C5
    std::string text;
};

// The first violation; nothing when the history is good.
[[nodiscard]] std::optional<ChainViolation> check_chain(const CallHistory& history);

}  // namespace starling::sim
