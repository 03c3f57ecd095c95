#include "base/rng.hpp"

#include "base/fixed_log.hpp"

#include <algorithm>

namespace starling {
namespace {

__extension__ using Wide = unsigned __int128;

}  // namespace

std::uint64_t Rng::below(std::uint64_t bound) {
    STARLING_ASSERT(bound > 0);
    const std::uint64_t threshold = (0 - bound) % bound;
    for (;;) {
        const Wide product = static_cast<Wide>(next()) * bound;
        if (static_cast<std::uint64_t>(product) >= threshold) {
            return static_cast<std::uint64_t>(product >> 64U);
        }
    }
}

std::uint64_t Rng::between(std::uint64_t low, std::uint64_t high) {
    STARLING_ASSERT(low <= high);
    if (high - low == ~0ULL) return next();
    return low + below(high - low + 1);
}

Duration Rng::between(Duration low, Duration high) {
    STARLING_ASSERT(low <= high);
    return low + Duration{static_cast<std::int64_t>(
                     between(0, static_cast<std::uint64_t>((high - low).count())))};
}

bool Rng::chance(std::uint64_t parts, std::uint64_t whole) {
    STARLING_ASSERT(whole > 0 && parts <= whole);
    return below(whole) < parts;
}

Duration Rng::exponential(Duration mean) {
    STARLING_ASSERT(mean.count() >= 0);
    // -ln(u) for u = x / 2^64 is ln(2) * (64 - log2(x)).
    const std::uint64_t minus_log2 = (64ULL << 16U) - log2_q16(next() | 1ULL);
    const Wide scaled = static_cast<Wide>(mean.count()) * minus_log2 * ln2_q16;
    return Duration{static_cast<std::int64_t>(scaled >> 32U)};
}

Duration full_jitter(Rng& rng, Duration base, Duration cap, unsigned attempt) {
    Duration bound = std::min(base, cap);
    for (unsigned i = 0; i < attempt && bound < cap; ++i) bound = std::min(cap, bound * 2);
    return rng.between(Duration{0}, bound);
}

}  // namespace starling
