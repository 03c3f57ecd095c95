// Counter-based random numbers: draw n of a stream is a pure function of (seed, stream, n), so that
// removing one draw moves no other (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3",
// SC'11).  The mixing function is SplitMix64's finaliser (Steele et al., OOPSLA'14), applied twice.
//
//   I1  Equal (seed, stream, counter) give equal draws on every machine: integers only.
//   I2  below(n) is unbiased (Lemire, "Fast Random Integer Generation in an Interval", 2019).
//
// For choices and jitter, never for keys.  Not thread safe.
#pragma once

#include "base/assert.hpp"
#include "base/moment.hpp"

#include <cstdint>
#include <span>
#include <utility>

namespace starling {

namespace mixing {

inline constexpr std::uint64_t golden = 0x9e3779b97f4a7c15ULL;

[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31U);
}

}  // namespace mixing

// One well-mixed number for (seed, stream, counter).
[[nodiscard]] constexpr std::uint64_t draw(std::uint64_t seed, std::uint64_t stream,
                                           std::uint64_t counter) {
    using namespace mixing;
    const std::uint64_t key = mix(mix(seed + golden) ^ (stream * golden + golden));
    return mix(mix(key + (counter + 1) * golden) ^ key);
}

class Rng {
public:
    explicit Rng(std::uint64_t seed, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}

    [[nodiscard]] std::uint64_t next() { return draw(seed_, stream_, counter_++); }

    // Uniform in [0, bound).  REQUIRES: bound > 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound);

    // Uniform in [low, high], both included.  REQUIRES: low <= high.
    [[nodiscard]] std::uint64_t between(std::uint64_t low, std::uint64_t high);
    [[nodiscard]] Duration between(Duration low, Duration high);

    // True with probability parts / whole.  REQUIRES: parts <= whole, whole > 0.
    [[nodiscard]] bool chance(std::uint64_t parts, std::uint64_t whole);

    // Exponentially distributed with this mean, at most about 44 means.
    [[nodiscard]] Duration exponential(Duration mean);

    // Fisher and Yates, from the back.
    template <class T>
    void shuffle(std::span<T> items) {
        for (std::size_t i = items.size(); i > 1; --i) {
            std::swap(items[i - 1], items[static_cast<std::size_t>(below(i))]);
        }
    }

    // How many numbers were drawn: part of a simulation's trace hash.
    [[nodiscard]] std::uint64_t drawn() const { return counter_; }

private:
    std::uint64_t seed_;
    std::uint64_t stream_;
    std::uint64_t counter_ = 0;
};

// "Full jitter": uniform in [0, min(cap, base * 2^attempt)].
[[nodiscard]] Duration full_jitter(Rng& rng, Duration base, Duration cap, unsigned attempt);

}  // namespace starling
