// The fields of a request, taken one by one: of its body, or of its query.
//
//   Fields in = Fields::of_body(request);  const auto name = in.text("agent");  ..
//   if (auto error = in.error()) return exchange.fail(*error);
//
// Invariants:
//   I1  The first fault is kept; what was taken after it is empty.
//   I2  A field nobody took is a fault: a misspelt one does not pass unseen.
//
// Not thread safe.
#pragma once

#include "node/cli/http_message.hpp"
#include <starling/error.hpp>
#include <starling/value.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace starling::cli {

struct Range {
    std::uint64_t min = 0;
    std::uint64_t max = INT64_MAX;
};

class Fields {
public:
    // A JSON map; an empty body has no fields.
    [[nodiscard]] static Fields of_body(const HttpRequest& request);
    [[nodiscard]] static Fields of_query(const HttpRequest& request);

    explicit Fields(Value::Map map) : map_(std::move(map)) {}

    [[nodiscard]] bool has(std::string_view key);  // and is not null
    [[nodiscard]] std::string text(std::string_view key);
    [[nodiscard]] std::string required(std::string_view key);  // not empty
    [[nodiscard]] std::vector<std::string> texts(std::string_view key);
    [[nodiscard]] Value value(std::string_view key);           // null when missing
    [[nodiscard]] Value required_value(std::string_view key);  // may be null
    [[nodiscard]] bool flag(std::string_view key, bool fallback = false);
    [[nodiscard]] std::int64_t amount(std::string_view key);  // may be negative
    [[nodiscard]] std::uint64_t number(std::string_view key, std::uint64_t fallback,
                                       Range range = {});

    // KEY in milliseconds.
    [[nodiscard]] std::chrono::milliseconds duration(std::string_view key,
                                                     std::chrono::milliseconds fallback);

    void fault(std::string message);

    // query_malformed, json_malformed; nothing when all was well.
    [[nodiscard]] std::optional<Error> error() const;

private:
    Fields() = default;

    [[nodiscard]] const Value& take(std::string_view key);
    [[nodiscard]] std::optional<std::int64_t> whole(std::string_view key, const Value& value);

    Value::Map map_;
    std::set<std::string, std::less<>> taken_;
    std::optional<Error> error_;
};

}  // namespace starling::cli
