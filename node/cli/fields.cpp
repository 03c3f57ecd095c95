#include "node/cli/fields.hpp"

#include "node/cli/json.hpp"
#include "node/cli/words.hpp"

#include <fmt/format.h>

#include <charconv>

namespace starling::cli {

Fields Fields::of_body(const HttpRequest& request) {
    Fields fields;
    if (request.body.empty()) return fields;
    const auto body = json_value(request.body);
    const auto* map = body ? body->as<Value::Map>() : nullptr;
    if (!body)
        fields.error_ = body.error();
    else if (map == nullptr)
        fields.fault("the body must be a JSON map");
    else
        fields.map_ = *map;
    return fields;
}

Fields Fields::of_query(const HttpRequest& request) {
    Fields fields;
    for (const auto& [key, text] : request.query) fields.map_.emplace(key, text);
    return fields;
}

void Fields::fault(std::string message) {
    if (!error_) {
        error_ = Error{ErrorCode::invalid, "query_malformed", std::move(message), "", Changed::no};
    }
}

const Value& Fields::take(std::string_view key) {
    static const Value null;
    taken_.emplace(key);
    const auto found = map_.find(key);
    return found == map_.end() ? null : found->second;
}

bool Fields::has(std::string_view key) {
    return !take(key).is_null();
}

std::string Fields::text(std::string_view key) {
    const Value& value = take(key);
    if (const auto* text = value.as<std::string>()) return *text;
    if (!value.is_null()) fault(fmt::format("{} must be a text", key));
    return {};
}

std::string Fields::required(std::string_view key) {
    std::string found = text(key);
    if (found.empty()) fault(fmt::format("the field {} is missing", key));
    return found;
}

std::vector<std::string> Fields::texts(std::string_view key) {
    const Value& value = take(key);
    if (const auto* text = value.as<std::string>()) return split(*text, ',');
    std::vector<std::string> found;
    const auto* list = value.as<Value::List>();
    if (list == nullptr && !value.is_null()) fault(fmt::format("{} must be a list of texts", key));
    if (list == nullptr) return found;
    for (const Value& each : *list) {
        const auto* text = each.as<std::string>();
        if (text == nullptr) fault(fmt::format("{} must be a list of texts", key));
        if (text != nullptr) found.push_back(*text);
    }
    return found;
}

Value Fields::value(std::string_view key) {
    return take(key);
}

Value Fields::required_value(std::string_view key) {
    if (!map_.contains(key)) fault(fmt::format("the field {} is missing", key));
    return take(key);
}

bool Fields::flag(std::string_view key, bool fallback) {
    const Value& value = take(key);
    if (const auto* flag = value.as<bool>()) return *flag;
    const auto* text = value.as<std::string>();
    if (text != nullptr && (*text == "true" || *text == "1")) return true;
    if (text != nullptr && (*text == "false" || *text == "0")) return false;
    if (!value.is_null()) fault(fmt::format("{} must be true or false", key));
    return fallback;
}

// A number, or the text of one: a query has nothing else.
std::optional<std::int64_t> Fields::whole(std::string_view key, const Value& value) {
    if (const auto* number = value.as<std::int64_t>()) return *number;
    std::int64_t number = 0;
    const auto* text = value.as<std::string>();
    if (text != nullptr && !text->empty()) {
        const char* last = text->data() + text->size();
        const auto [end, error] = std::from_chars(text->data(), last, number);
        if (error == std::errc{} && end == last) return number;
    }
    fault(fmt::format("{} must be a whole number", key));
    return std::nullopt;
}

std::int64_t Fields::amount(std::string_view key) {
    const Value& value = take(key);
    return whole(key, value).value_or(0);
}

std::uint64_t Fields::number(std::string_view key, std::uint64_t fallback, Range range) {
    const Value& value = take(key);
    if (value.is_null()) return fallback;
    const auto number = whole(key, value);
    if (!number) return fallback;
    const auto given = static_cast<std::uint64_t>(*number);
    if (*number >= 0 && given >= range.min && given <= range.max) return given;
    fault(fmt::format("{} must be from {} to {}", key, range.min, range.max));
    return fallback;
}

std::chrono::milliseconds Fields::duration(std::string_view key,
                                           std::chrono::milliseconds fallback) {
    constexpr std::uint64_t most = 366ULL * 24 * 3600 * 1000;
    return std::chrono::milliseconds(
        number(key, static_cast<std::uint64_t>(fallback.count()), {0, most}));
}

std::optional<Error> Fields::error() const {
    if (error_) return error_;
    for (const auto& [key, unused] : map_) {
        if (taken_.contains(key)) continue;
        return Error{ErrorCode::invalid, "query_malformed",
                     "nothing here is called " + printable(key), "", Changed::no};
    }
    return std::nullopt;
}

}  // namespace starling::cli
