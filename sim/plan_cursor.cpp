#include "sim/plan_cursor.hpp"

#include <algorithm>

namespace starling::sim {
namespace {

constexpr std::string_view blanks = " \t\r";
constexpr std::string_view ends_of_words = " \t\r[]{}|,=";
constexpr std::size_t quoted_bytes_max = 24;

}  // namespace

std::size_t PlanCursor::column() {
    place_ = std::min(line_.find_first_not_of(blanks, place_), line_.size());
    return place_ + 1;
}

std::string_view PlanCursor::word() {
    const std::string_view rest = line_.substr(column() - 1);
    return rest.substr(0, rest.find_first_of(ends_of_words));
}

std::string_view PlanCursor::take_word() {
    const std::string_view taken = word();
    place_ += taken.size();
    return taken;
}

bool PlanCursor::take(std::string_view wanted) {
    const std::string_view next = word().empty() ? line_.substr(place_, 1) : word();
    if (next != wanted) return false;
    place_ += wanted.size();
    return true;
}

std::string PlanCursor::found() {
    if (at_end()) return "the end of the line";
    return quoted(word().empty() ? line_.substr(place_, 1) : word());
}

std::string quoted(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string shown = "\"";
    for (const char each : text.substr(0, quoted_bytes_max)) {
        const auto byte = static_cast<unsigned char>(each);
        if (byte >= 0x20 && byte < 0x7f) {
            shown += each;
        } else {
            shown += {'\\', 'x', digits[byte >> 4U], digits[byte & 0xfU]};
        }
    }
    return shown + (text.size() > quoted_bytes_max ? "...\"" : "\"");
}

Mistake mistake_at(PlanCursor& cursor, std::string_view expected) {
    return {cursor.column(), "found " + cursor.found() + ", expected " + std::string(expected)};
}

Mistake mistake_at(std::size_t column, Misread why, Quantity quantity, std::string_view word) {
    switch (why) {
        case Misread::too_fine:
            return {column, quoted(word) + " is finer than " + text_of(quantity, 1)};
        case Misread::too_large:
            return {column, quoted(word) + " is too large"};
        case Misread::malformed:
            break;
    }
    return {column,
            "found " + quoted(word) + ", expected " + std::string(description_of(quantity))};
}

Read<std::uint64_t> take_quantity(PlanCursor& cursor, Quantity quantity) {
    if (cursor.word().empty()) {
        return tl::unexpected(mistake_at(cursor, description_of(quantity)));
    }
    const std::size_t column = cursor.column();
    const std::string_view word = cursor.take_word();
    const auto value = quantity_from(quantity, word);
    if (value) return *value;
    return tl::unexpected(mistake_at(column, value.error(), quantity, word));
}

}  // namespace starling::sim
