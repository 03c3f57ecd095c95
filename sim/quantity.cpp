#include "sim/quantity.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <span>

namespace starling::sim {
namespace {

// How a unit is printed, if it is.
enum class Print : std::uint8_t { never, whole, decimal };

struct Unit {
    std::string_view suffix;
    std::uint64_t scale = 1;  // of the value
    Print print = Print::decimal;
};

constexpr std::size_t decimals_max = 9;
constexpr std::uint64_t decimals_scale = 1'000'000'000;

// The largest first.
constexpr auto number_units = std::to_array<Unit>({{"", 1}});
constexpr auto time_units = std::to_array<Unit>({{"h", 3'600'000'000'000, Print::never},
                                                 {"m", 60'000'000'000, Print::never},
                                                 {"s", 1'000'000'000},
                                                 {"ms", 1'000'000},
                                                 {"us", 1000},
                                                 {"ns", 1}});
constexpr auto byte_units = std::to_array<Unit>({{"GiB", 1U << 30U, Print::whole},
                                                 {"MiB", 1U << 20U, Print::whole},
                                                 {"KiB", 1U << 10U, Print::whole},
                                                 {"B", 1}});
constexpr auto rate_units = std::to_array<Unit>({{"/s", 1000}});
constexpr auto share_units = std::to_array<Unit>({{"%", 10'000}});
constexpr auto byte_rate_units = std::to_array<Unit>({{"GiB/s", 1U << 30U, Print::whole},
                                                      {"MiB/s", 1U << 20U, Print::whole},
                                                      {"KiB/s", 1U << 10U, Print::whole},
                                                      {"B/s", 1}});

struct QuantityRow {
    Quantity quantity{};
    std::string_view description;
    std::string_view prefix;
    std::span<const Unit> units;
    std::uint64_t max = INT64_MAX;
};

constexpr auto rows = std::to_array<QuantityRow>({
    {Quantity::number, "a whole number such as 42", "", number_units, UINT64_MAX},
    {Quantity::time, "a time such as 12.5s or 300us", "", time_units},
    {Quantity::bytes, "a number of bytes such as 64KiB", "", byte_units},
    {Quantity::rate, "a rate such as 10/s or 0.5/s", "", rate_units},
    {Quantity::factor, "a factor such as x10", "x", number_units},
    {Quantity::share, "a share such as 5% or 0.01%", "", share_units},
    {Quantity::byte_rate, "a rate such as 64KiB/s", "", byte_rate_units},
});

const QuantityRow& row_of(Quantity quantity) {
    return rows.at(static_cast<std::size_t>(quantity));
}

std::string_view digits_at(std::string_view text) {
    return text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
}

// REQUIRES: digits only.
std::optional<std::uint64_t> whole_from(std::string_view digits) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{}) return std::nullopt;
    return value;
}

// Takes a point and the digits behind it off the text, in billionths.
tl::expected<std::uint64_t, Misread> take_billionths(std::string_view& text) {
    if (!text.starts_with('.')) return 0;
    const std::string_view digits = digits_at(text.substr(1));
    text.remove_prefix(1 + digits.size());
    if (digits.empty()) return tl::unexpected(Misread::malformed);
    std::string significant(digits.substr(0, digits.find_last_not_of('0') + 1));
    if (significant.size() > decimals_max) return tl::unexpected(Misread::too_fine);
    significant.append(decimals_max - significant.size(), '0');
    return *whole_from(significant);
}

const Unit* find_unit(const QuantityRow& row, std::string_view suffix) {
    const auto found = std::ranges::find(row.units, suffix, &Unit::suffix);
    return found == row.units.end() ? nullptr : &*found;
}

// I2: nothing is rounded.
tl::expected<std::uint64_t, Misread> scaled(std::optional<std::uint64_t> whole,
                                            std::uint64_t billionths, std::uint64_t scale,
                                            std::uint64_t max) {
    const std::uint64_t common = std::gcd(scale, decimals_scale);
    const std::uint64_t grain = decimals_scale / common;
    if (billionths % grain != 0) return tl::unexpected(Misread::too_fine);
    const std::uint64_t part = billionths / grain * (scale / common);
    if (!whole || *whole > (max - part) / scale) return tl::unexpected(Misread::too_large);
    return *whole * scale + part;
}

std::string decimal_text(std::uint64_t value, std::uint64_t scale) {
    std::string text = std::to_string(value / scale);
    if (value % scale == 0) return text;
    const std::string digits = std::to_string(value % scale * (decimals_scale / scale));
    text += '.' + std::string(decimals_max - digits.size(), '0') + digits;
    return text.erase(text.find_last_not_of('0') + 1);
}

bool suits(const Unit& unit, std::uint64_t value) {
    if (unit.print == Print::never) return false;
    if (unit.print == Print::whole) return value > 0 && value % unit.scale == 0;
    return value == 0 || value >= unit.scale;
}

}  // namespace

tl::expected<std::uint64_t, Misread> quantity_from(Quantity quantity, std::string_view text) {
    const QuantityRow& row = row_of(quantity);
    if (!text.starts_with(row.prefix)) return tl::unexpected(Misread::malformed);
    text.remove_prefix(row.prefix.size());
    const std::string_view digits = digits_at(text);
    if (digits.empty()) return tl::unexpected(Misread::malformed);
    text.remove_prefix(digits.size());
    const bool decimal = text.starts_with('.');
    const auto billionths = take_billionths(text);
    const Unit* unit = find_unit(row, text);
    if (unit == nullptr || (decimal && unit->scale == 1)) {
        return tl::unexpected(Misread::malformed);
    }
    if (!billionths) return billionths;
    return scaled(whole_from(digits), *billionths, unit->scale, row.max);
}

std::string text_of(Quantity quantity, std::uint64_t value) {
    const QuantityRow& row = row_of(quantity);
    STARLING_ASSERT(value <= row.max);
    const auto found =
        std::ranges::find_if(row.units, [&](const Unit& unit) { return suits(unit, value); });
    const Unit& unit = found == row.units.end() ? row.units.back() : *found;
    return std::string(row.prefix) + decimal_text(value, unit.scale) + std::string(unit.suffix);
}

std::uint64_t quantity_max(Quantity quantity) {
    return row_of(quantity).max;
}

std::string_view description_of(Quantity quantity) {
    return row_of(quantity).description;
}

std::optional<std::uint32_t> rate_from(std::string_view text) {
    const auto rate = quantity_from(Quantity::rate, std::string(text) + "/s");
    if (!rate || *rate > UINT32_MAX) return std::nullopt;
    return static_cast<std::uint32_t>(*rate);
}

std::string rate_text(std::uint32_t rate) {
    std::string text = text_of(Quantity::rate, rate);
    return text.erase(text.size() - 2);
}

}  // namespace starling::sim
