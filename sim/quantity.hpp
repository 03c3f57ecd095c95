// Numbers with units as plans write them, exact and without floating point.
//
//      text          value                       text          value
//      42            42                          x10           10
//      12.5s, 300us  nanoseconds                 5%, 0.01%     of a million
//      2MiB          bytes                       64KiB/s       bytes a second
//      0.5/s         of 1,000 seconds
//
// Invariants:
//   I1  quantity_from(q, text_of(q, value)) is `value` for every value up to quantity_max(q).
//   I2  What a text says is represented exactly, or it is refused: nothing is rounded.
//
// No quantity is negative: a sign is for whoever allows one.  Pure functions, thread safe.
#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace starling::sim {

enum class Quantity : std::uint8_t { number, time, bytes, rate, factor, share, byte_rate };

// Why a text is no such quantity.
enum class Misread : std::uint8_t { malformed, too_fine, too_large };

// At most nine digits stand behind a point.
[[nodiscard]] tl::expected<std::uint64_t, Misread> quantity_from(Quantity quantity,
                                                                 std::string_view text);

// REQUIRES: value <= quantity_max(quantity).
[[nodiscard]] std::string text_of(Quantity quantity, std::uint64_t value);

[[nodiscard]] std::uint64_t quantity_max(Quantity quantity);

// For messages: "a time such as 12.5s or 300us".
[[nodiscard]] std::string_view description_of(Quantity quantity);

// Operations a second as options write them, "10" or "0.5", to those of rate_unit and back.
// Nothing for any other text.
[[nodiscard]] std::optional<std::uint32_t> rate_from(std::string_view text);
[[nodiscard]] std::string rate_text(std::uint32_t rate);

}  // namespace starling::sim
