#include "sim/region_fields.hpp"

#include <algorithm>
#include <array>

namespace starling::sim {
namespace {

constexpr std::string_view source_field = "latency";
constexpr std::string_view unit_field = "latency_unit";
constexpr std::string_view hash_field = "latency_hash";
constexpr std::string_view regions_field = "regions";

constexpr Duration unit_min = std::chrono::microseconds{1};
constexpr Duration unit_max = std::chrono::seconds{1};
constexpr std::size_t regions_max = 4096;

using Failed = std::optional<Mistake>;

// Printed in errors and reports as it is.
bool is_plain(char each) {
    return each > ' ' && each < '\x7f' && each != '"' && each != '\\';
}

Failed read_source(PlanCursor& cursor, Regions& regions) {
    const std::string_view word = cursor.word();
    const bool has_path = word.starts_with(file_prefix) && word.size() > file_prefix.size() &&
                          std::ranges::all_of(word, is_plain);
    if (word != wan10_name && !has_path) {
        return mistake_at(cursor, "a time such as 60us, wan10, or file: and a path");
    }
    regions.source = cursor.take_word();
    if (!regions.is_file()) regions.matrix = wan10();
    return std::nullopt;
}

Failed read_unit(PlanCursor& cursor, Regions& regions) {
    const std::size_t column = cursor.column();
    const auto unit = take_quantity(cursor, Quantity::time);
    if (!unit) return unit.error();
    const auto fits = *unit >= static_cast<std::uint64_t>(unit_min.count()) &&
                      *unit <= static_cast<std::uint64_t>(unit_max.count());
    if (!fits) return Mistake{column, "latency_unit is from 1us to 1s"};
    regions.unit = Duration{static_cast<std::int64_t>(*unit)};
    return std::nullopt;
}

Failed read_hash(PlanCursor& cursor, Regions& regions) {
    const std::string_view word = cursor.word();
    const bool fits =
        word.size() == 16 && word.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    if (!fits) return mistake_at(cursor, "16 digits of 0-9 and a-f");
    regions.hash = 0;
    for (const char each : word) {
        const int digit = each <= '9' ? each - '0' : each - 'a' + 10;
        regions.hash = regions.hash << 4U | static_cast<std::uint64_t>(digit);
    }
    cursor.take_word();
    return std::nullopt;
}

std::optional<std::uint32_t> row_from(std::string_view word) {
    const auto number = quantity_from(Quantity::number, word);
    if (!number || *number == 0 || *number > matrix_rows_max) return std::nullopt;
    return static_cast<std::uint32_t>(*number - 1);
}

// A name, a row's number, or a range of them.
Failed read_rows(PlanCursor& cursor, Regions& regions) {
    const std::string_view word = cursor.word();
    const auto& names = wan10()->names();
    const auto named = std::ranges::find(names, word);
    if (named != names.end()) {
        regions.rows.push_back(static_cast<std::uint32_t>(named - names.begin()));
        regions.named = true;
        cursor.take_word();
        return std::nullopt;
    }
    const std::size_t dash = std::min(word.find('-'), word.size());
    const auto first = row_from(word.substr(0, dash));
    const auto last = dash < word.size() ? row_from(word.substr(dash + 1)) : first;
    if (!first || !last || *last < *first) {
        return mistake_at(cursor, "a region such as dallas, the number of a row, or 2-5");
    }
    for (std::uint32_t row = *first; row <= *last; ++row) regions.rows.push_back(row);
    cursor.take_word();
    if (regions.rows.size() <= regions_max) return std::nullopt;
    return Mistake{cursor.column(), "regions are at most " + std::to_string(regions_max)};
}

Failed read_regions(PlanCursor& cursor, Regions& regions) {
    do {
        if (auto mistake = read_rows(cursor, regions)) return mistake;
    } while (cursor.take(","));
    return std::nullopt;
}

// "1,4-7"; wan10's by name.
std::string rows_text(const Regions& regions) {
    std::string text;
    const auto& rows = regions.rows;
    for (std::size_t first = 0; first < rows.size();) {
        std::size_t last = first;
        while (last + 1 < rows.size() && rows[last + 1] == rows[last] + 1) ++last;
        if (!regions.is_file()) last = first;
        if (last == first + 1) last = first;
        text += text.empty() ? "" : ",";
        text +=
            regions.is_file() ? std::to_string(rows[first] + 1) : wan10()->names().at(rows[first]);
        if (last > first) text += '-' + std::to_string(rows[last] + 1);
        first = last + 1;
    }
    return text;
}

}  // namespace

bool is_region_field(std::string_view name) {
    return name == unit_field || name == hash_field || name == regions_field;
}

bool names_matrix(std::string_view word) {
    return !word.empty() && (word.front() < '0' || word.front() > '9') && word.front() != '.';
}

std::optional<Mistake> read_region_field(PlanCursor& cursor, std::string_view name,
                                         Regions& regions) {
    if (name == source_field) return read_source(cursor, regions);
    if (name == unit_field) return read_unit(cursor, regions);
    if (name == hash_field) return read_hash(cursor, regions);
    return read_regions(cursor, regions);
}

std::optional<std::string> flaw_of(const Regions& regions) {
    const bool said = !regions.rows.empty() || regions.hash != 0 || regions.unit != Regions{}.unit;
    if (regions.source.empty()) {
        if (!said) return std::nullopt;
        return "regions, latency_unit and latency_hash go with latency=wan10 or latency=file:PATH";
    }
    if (regions.is_file()) {
        if (!regions.named) return std::nullopt;
        return "the rows of a file have numbers, not names";
    }
    if (regions.hash != 0 || regions.unit != Regions{}.unit) {
        return "latency_unit and latency_hash go with latency=file:PATH";
    }
    for (const std::uint32_t row : regions.rows) {
        if (row >= wan10()->rows())
            return "regions name row " + std::to_string(row + 1) + ", wan10 has " +
                   std::to_string(wan10()->rows());
    }
    return std::nullopt;
}

std::string region_fields_text(const Regions& regions) {
    std::string text;
    if (regions.is_file()) {
        text += " latency_unit=" +
                text_of(Quantity::time, static_cast<std::uint64_t>(regions.unit.count()));
        if (regions.hash != 0) text += " latency_hash=" + hash_text(regions.hash);
    }
    if (!regions.rows.empty()) text += " regions=" + rows_text(regions);
    return text;
}

}  // namespace starling::sim
