// BLAKE2b hashes (libsodium), always under a domain, so that no hash of one thing is a hash of
// another; and a short one.
//
// Pure functions and a streaming object.  The object is not thread safe.
#pragma once

#include "base/bytes.hpp"
#include "base/ids.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace starling {

// Feeds parts one after another; each part is preceded by its length, so that moving a border
// between two parts changes the hash.
class Hasher {
public:
    // domain: a short constant such as "starling/v1/claim"; at most 64 bytes.
    explicit Hasher(std::string_view domain);

    Hasher& add(ByteView part);
    Hasher& add(std::string_view part);
    Hasher& add(std::uint64_t number);

    // Ends the hash; nothing may be added afterwards.
    [[nodiscard]] Hash256 finish();

    // The first eight bytes of finish().
    [[nodiscard]] std::uint64_t finish64();

private:
    alignas(64) std::array<std::byte, 384> state_;
};

// SipHash-2-4: short and quick, for telling what changed by accident, not by intent.
[[nodiscard]] std::uint64_t short_hash(ByteView bytes, std::uint64_t key);

}  // namespace starling
