#include "gossip/suspicion.hpp"

#include "base/assert.hpp"
#include "base/fixed_log.hpp"

namespace starling::gossip {

Duration suspicion_time(std::uint32_t beyond, std::uint32_t most, const SuspicionBounds& bounds) {
    STARLING_ASSERT(beyond <= most && bounds.min <= bounds.max);
    if (most == 0) return bounds.min;
    // The base of the logarithm cancels in the ratio, so base 2 serves for e.
    const std::int64_t reached = log2_q16(std::uint64_t{beyond} + 1);
    const std::int64_t whole = log2_q16(std::uint64_t{most} + 1);
    return bounds.max - (bounds.max - bounds.min) * reached / whole;
}

}  // namespace starling::gossip
