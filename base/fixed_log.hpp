// Logarithms in integers, so that every machine computes the same bits.
//
// Thread safe: pure functions.
#pragma once

#include "base/assert.hpp"

#include <bit>
#include <cstdint>

namespace starling {

// log2(x) in units of 1/65536, rounded down, by repeated squaring of the mantissa (Knuth, TAOCP 1,
// section 1.2.2, exercise 25 gives the idea).  REQUIRES: x > 0.
[[nodiscard]] constexpr std::uint32_t log2_q16(std::uint64_t x) {
    STARLING_ASSERT(x > 0);
    const auto exponent = static_cast<std::uint32_t>(63 - std::countl_zero(x));
    // The mantissa as a number in [1, 2) with 31 fraction bits.
    std::uint64_t mantissa = exponent > 31 ? x >> (exponent - 31) : x << (31 - exponent);
    std::uint32_t fraction = 0;
    for (int bit = 15; bit >= 0; --bit) {
        mantissa = mantissa * mantissa >> 31U;
        if (mantissa >> 32U != 0) {
            mantissa >>= 1U;
            fraction |= 1U << static_cast<unsigned>(bit);
        }
    }
    return exponent << 16U | fraction;
}

inline constexpr std::uint64_t ln2_q16 = 45'426;  // ln(2) * 65536

}  // namespace starling
