#include "auction/timing.hpp"

#include <algorithm>

namespace starling::auction {
namespace {

// However far: who waits for an answer is not told any more after four seconds.
constexpr Duration round_trip_most = std::chrono::milliseconds{400};

}  // namespace

Timing Timing::stretched(Duration round_trip) const {
    const Duration far = std::min(round_trip, round_trip_most);
    Timing timing = *this;
    timing.agree_within = std::max(agree_within, 4 * far);
    timing.joint_within = std::max(joint_within, 4 * far);
    timing.answer_within = std::max(answer_within, 8 * far);
    return timing;
}

}  // namespace starling::auction
