#include "base/hlc.hpp"

#include <algorithm>

namespace starling {

HybridTime HybridClock::tick(WallTime wall) {
    last_ = std::max(HybridTime::of(wall_ms(wall), 0), HybridTime{last_.packed + 1});
    return last_;
}

Observed HybridClock::observe(HybridTime stamp, WallTime wall) {
    const HybridTime limit = HybridTime::of(wall_ms(wall + ahead_max), 0);
    if (stamp > limit) return Observed::too_far_ahead;
    last_ = std::max(last_, stamp);
    return Observed::taken;
}

}  // namespace starling
