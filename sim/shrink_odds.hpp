// Which of many things to leave out next, when a trial only tells whether the rest still fails.
//
//      left ──> removal: as many as are expected to hold half a needed thing ──> trial
//       ^         |                                                               |
//       └─────────┴── gone, when the rest fails; else one of these is needed <────┘
//
// After "Probabilistic Delta Debugging" (Wang et al., ESEC/FSE 2021), in whole numbers: a thing is
// as likely to be needed as one of the smallest removal that was not possible, or of all that are
// left.  Trials that failed count further on, where ddmin begins anew.
//
// Invariants:
//   I1  Nothing leaves but by leave().
//   I2  When nothing is proposed any more, each thing that is left could not leave alone.
//
// Not thread safe.
#pragma once

#include "sim/smaller_plan.hpp"

#include <cstdint>
#include <vector>

namespace starling::sim {

class Odds {
public:
    explicit Odds(Places places);

    // Ascending, the earliest first of those that are as likely as others; empty: nothing is left
    // to try.
    [[nodiscard]] Places proposal() const;

    // The rest does not fail without these.
    void need(const Places& removal);

    // It does.
    void leave(const Places& removal);

    [[nodiscard]] Places left() const;

private:
    struct Thing {
        std::uint32_t place = 0;
        std::uint64_t one_of = 0;  // one of so many is needed
    };

    void settle();

    std::vector<Thing> things_;  // ascending by place
};

}  // namespace starling::sim
