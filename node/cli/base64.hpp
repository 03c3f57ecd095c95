// Base64 as RFC 4648 section 4 has it: the form of bytes inside JSON.
//
// Pure functions, thread safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace starling::cli {

[[nodiscard]] std::string base64_text(std::span<const std::uint8_t> bytes);

// Nothing when a character is foreign, padding is wrong, or unused bits are set.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> base64_bytes(std::string_view text);

}  // namespace starling::cli
