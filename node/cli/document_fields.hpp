// Numbers, durations and lists as the documents of show.hpp and documents.hpp hold them.
//
// Pure functions, thread safe.
#pragma once

#include "node/cli/json.hpp"
#include "node/cli/words.hpp"
#include <starling/value.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace starling::cli {

[[nodiscard]] inline Value ms_value(std::chrono::nanoseconds duration) {
    return std::int64_t{duration / std::chrono::milliseconds(1)};
}

[[nodiscard]] inline Value ms_value(const std::optional<std::chrono::nanoseconds>& duration) {
    return duration ? ms_value(*duration) : Value();
}

[[nodiscard]] inline Value number_value(std::uint64_t value) {
    return static_cast<std::int64_t>(std::min<std::uint64_t>(value, INT64_MAX));
}

[[nodiscard]] inline Value text_value(std::string_view value) {
    return std::string(value);
}

// Null instead of an empty text.
[[nodiscard]] inline Value text_or_null(const std::string& value) {
    return value.empty() ? Value() : Value(value);
}

[[nodiscard]] inline Value time_value(std::uint64_t ms_since_1970) {
    return ms_since_1970 == 0 ? Value() : Value(time_text(ms_since_1970));
}

[[nodiscard]] inline Value texts_value(const std::vector<std::string>& texts) {
    return Value::List(texts.begin(), texts.end());
}

[[nodiscard]] inline bool flag_at(const Value& map, std::string_view key) {
    const auto* value = at(map, key).as<bool>();
    return value != nullptr && *value;
}

// "4.1s" of a field in milliseconds; "-" when it is null.
[[nodiscard]] inline std::string age_at(const Value& map, std::string_view key) {
    if (at(map, key).is_null()) return "-";
    return duration_text(std::chrono::milliseconds(number_at(map, key)));
}

// The first eight characters of an id; "-" for none.
[[nodiscard]] inline std::string brief_at(const Value& map, std::string_view key) {
    const std::string id = text_at(map, key);
    return id.empty() ? "-" : id.substr(0, 8);
}

}  // namespace starling::cli
