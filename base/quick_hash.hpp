// A number for bytes, for hash tables in memory: fast, and seeded, so that nobody else can choose
// bytes that collide.  Never for what leaves a process, and no order may follow from it: that is
// base/hash.hpp.
//
// Eight bytes at a time by folded multiplication (Wang Yi, "wyhash", 2019).
//
//   I1  Equal seeds and bytes give equal numbers.
//
// Pure functions: thread safe.
#pragma once

#include "base/bytes.hpp"
#include "base/rng.hpp"

#include <cstdint>

namespace starling {

__extension__ using Product = unsigned __int128;

// Both halves of a product, one laid over the other.
[[nodiscard]] constexpr std::uint64_t folded(std::uint64_t a, std::uint64_t b) {
    const Product product = static_cast<Product>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

[[nodiscard]] inline std::uint64_t quick_hash(std::uint64_t seed, ByteView bytes) {
    constexpr std::uint64_t first = 0xa0761d6478bd642fULL;
    constexpr std::uint64_t second = 0xe7037ed1a0b428dbULL;
    std::uint64_t hash = folded(seed ^ first, bytes.size() ^ second);
    for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
        hash = folded(hash ^ load_u64(bytes), mixing::golden);
    }
    std::uint64_t rest = 0;
    for (const std::uint8_t byte : bytes) rest = rest << 8U | byte;
    return folded(hash ^ rest ^ first, second);
}

}  // namespace starling
