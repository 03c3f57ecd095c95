// starling::Value as JSON text and back.
//
//   bytes        {"$base64": "..."}          everything else is what JSON calls it
//
// Invariants:
//   I1  Text made from a Value gives that Value back: a whole double keeps its ".0".
//   I2  Hostile text gives an error that names the byte; nothing deeper than 16 levels is built.
//
// Pure functions, thread safe.
#pragma once

#include <starling/error.hpp>
#include <starling/value.hpp>

#include <string>
#include <string_view>

namespace starling::cli {

// One line.  Text that is no UTF-8 is repaired with replacement characters; numbers that JSON does
// not know (infinities, not-a-number) become null.
[[nodiscard]] std::string json_text(const Value& value);

// As json_text, over several indented lines.
[[nodiscard]] std::string json_pages(const Value& value);

// json_malformed: says at which byte and what was expected.
[[nodiscard]] Result<Value> json_value(std::string_view text);

// A member of a map, or null.
[[nodiscard]] const Value& at(const Value& map, std::string_view key);

// The text or number under a key; empty or 0 when it is missing or something else.
[[nodiscard]] std::string text_at(const Value& map, std::string_view key);
[[nodiscard]] std::int64_t number_at(const Value& map, std::string_view key);

// The list under a key; empty when it is missing or something else.
[[nodiscard]] const Value::List& list_at(const Value& map, std::string_view key);

}  // namespace starling::cli
