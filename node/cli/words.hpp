// Words as people type them: near misses, durations, times.
//
// Pure functions, thread safe.
#pragma once

#include <starling/error.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace starling::cli {

// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `word`, at most two edits away; the first of equals.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word,
                                                 std::span<const std::string> candidates);

// "150ms", "5s", "2m", "1h"; nothing when malformed or longer than a year.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// For people: "now", "340ms", "4.1s", "3m12s", "2h05m".
[[nodiscard]] std::string duration_text(std::chrono::nanoseconds duration);

// For documents, which hold numbers.
[[nodiscard]] inline double seconds_of(std::chrono::nanoseconds duration) {
    return std::chrono::duration<double>(duration).count();
}

// RFC 3339 in UTC with milliseconds: "2025-01-15T10:23:45.123Z".
[[nodiscard]] std::string time_text(std::uint64_t ms_since_1970);

// A number without sign or blanks that fits; nothing otherwise.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);

[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);

// Control bytes and broken UTF-8 shown as \xNN, so that a name cannot steer a terminal.
[[nodiscard]] std::string printable(std::string_view text);

// A word as a shell takes it: in quotes unless it is plain.
[[nodiscard]] std::string shell_word(std::string_view word);

}  // namespace starling::cli
