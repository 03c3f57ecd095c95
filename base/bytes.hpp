// Byte strings: owned, viewed, and shown as hexadecimal text.
//
// Not thread safe beyond what std::vector promises.
#pragma once

#include "base/assert.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace starling {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

[[nodiscard]] inline ByteView view_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

[[nodiscard]] inline std::string_view text_of(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

[[nodiscard]] inline Bytes bytes_of(std::string_view text) {
    return {text.begin(), text.end()};
}

[[nodiscard]] inline Bytes copy_of(ByteView bytes) {
    return {bytes.begin(), bytes.end()};
}

// At the beginning of `to`, which has the room.  A standard algorithm may go byte by byte: that of
// libstdc++ 12 does where it reads from constant bytes.
inline void copy_into(std::span<std::uint8_t> to, ByteView from) {
    STARLING_ASSERT(from.size() <= to.size());
    if (!from.empty()) std::memcpy(to.data(), from.data(), from.size());
}

inline void append(Bytes& out, ByteView bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

[[nodiscard]] bool equal(ByteView a, ByteView b);

// Lower-case hexadecimal, two digits a byte.
[[nodiscard]] std::string to_hex(ByteView bytes);

// The inverse; nothing when the length is odd or a character is no hexadecimal digit.
[[nodiscard]] std::optional<Bytes> from_hex(std::string_view text);

// Big-endian, so that keys sort as numbers do.  `out` and `bytes` are at least eight bytes long.
inline void store_u64(std::span<std::uint8_t> out, std::uint64_t value) {
    STARLING_ASSERT(out.size() >= sizeof(value));
    if constexpr (std::endian::native == std::endian::little) value = __builtin_bswap64(value);
    std::memcpy(out.data(), &value, sizeof(value));
}

[[nodiscard]] inline std::uint64_t load_u64(ByteView bytes) {
    std::uint64_t value = 0;
    STARLING_ASSERT(bytes.size() >= sizeof(value));
    std::memcpy(&value, bytes.data(), sizeof(value));
    return std::endian::native == std::endian::little ? __builtin_bswap64(value) : value;
}

}  // namespace starling
