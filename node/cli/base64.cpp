#include "node/cli/base64.hpp"

#include <algorithm>

namespace starling::cli {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string base64_text(std::span<const std::uint8_t> bytes) {
    std::string text;
    for (std::size_t start = 0; start < bytes.size(); start += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - start);
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i)
            group = group << 8U | (i < count ? bytes[start + i] : 0U);
        for (std::size_t i = 0; i < 4; ++i) {
            text +=
                i <= count ? alphabet[group >> (18U - 6U * static_cast<unsigned>(i)) & 63U] : '=';
        }
    }
    return text;
}

std::optional<std::vector<std::uint8_t>> base64_bytes(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    const std::size_t padding = text.size() - std::min(text.find_last_not_of('=') + 1, text.size());
    if (padding > 2) return std::nullopt;
    text.remove_suffix(padding);
    std::vector<std::uint8_t> bytes;
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char letter : text) {
        const std::size_t value = alphabet.find(letter);
        if (value == std::string_view::npos) return std::nullopt;
        bits = (bits << 6U | static_cast<std::uint32_t>(value)) & 0xffffU;
        held += 6;
        if (held < 8) continue;
        held -= 8;
        bytes.push_back(static_cast<std::uint8_t>(bits >> held));
    }
    if ((bits & ((1U << held) - 1U)) != 0) return std::nullopt;
    return bytes;
}

}  // namespace starling::cli
