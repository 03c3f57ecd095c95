#include "node/cli/json.hpp"

#include "node/cli/base64.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <limits>
#include <utility>

namespace starling::cli {
namespace {

using Json = nlohmann::json;

constexpr std::size_t depth_max = 16;
constexpr std::string_view bytes_key = "$base64";

struct ToJson {
    Json operator()(std::monostate) const { return nullptr; }

    Json operator()(bool value) const { return value; }

    Json operator()(std::int64_t value) const { return value; }

    Json operator()(double value) const { return value; }

    Json operator()(const std::string& value) const { return value; }

    Json operator()(const Value::Bytes& value) const {
        return Json{{std::string(bytes_key), base64_text(value)}};
    }

    Json operator()(const Value::List& items) const {
        Json list = Json::array();
        for (const Value& item : items) list.push_back(std::visit(ToJson{}, item.alternatives()));
        return list;
    }

    Json operator()(const Value::Map& entries) const {
        Json map = Json::object();
        for (const auto& [key, value] : entries)
            map[key] = std::visit(ToJson{}, value.alternatives());
        return map;
    }
};

std::string dump(const Value& value, int indent) {
    return std::visit(ToJson{}, value.alternatives())
        .dump(indent, ' ', false, Json::error_handler_t::replace);
}

// A map of one "$base64" text is bytes.
Value closed(Value value) {
    const auto* map = value.as<Value::Map>();
    if (map == nullptr || map->size() != 1 || map->begin()->first != bytes_key) return value;
    const auto* text = map->begin()->second.as<std::string>();
    if (text == nullptr) return value;
    auto bytes = base64_bytes(*text);
    return bytes ? Value(std::move(*bytes)) : value;
}

// Builds the Value while the text is read, so that depth is bounded before anything is nested.
class Builder : public nlohmann::json_sax<Json> {
public:
    bool null() override { return add({}); }

    bool boolean(bool value) override { return add(value); }

    bool number_integer(number_integer_t value) override { return add(std::int64_t{value}); }

    bool number_unsigned(number_unsigned_t value) override {
        if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
            return refuse("a whole number over 9223372036854775807");
        }
        return add(static_cast<std::int64_t>(value));
    }

    bool number_float(number_float_t value, const string_t&) override { return add(value); }

    bool string(string_t& value) override { return add(std::move(value)); }

    bool binary(binary_t&) override { return refuse("binary"); }

    bool start_object(std::size_t) override { return open(Value::Map{}); }

    bool key(string_t& value) override {
        frames_.back().key = std::move(value);
        return true;
    }

    bool end_object() override { return close(); }

    bool start_array(std::size_t) override { return open(Value::List{}); }

    bool end_array() override { return close(); }

    bool parse_error(std::size_t position, const std::string&,
                     const nlohmann::detail::exception& error) override {
        const std::string_view what = error.what();
        const std::size_t colon = what.rfind("; ");  // the library's text names itself first
        reason_ = fmt::format("byte {}: {}", position,
                              what.substr(colon == std::string_view::npos ? 0 : colon + 2));
        return false;
    }

    Value root;

    [[nodiscard]] const std::string& reason() const { return reason_; }

private:
    struct Frame {
        Value::Alternatives open;
        std::string key{};
    };

    bool refuse(std::string why) {
        reason_ = std::move(why);
        return false;
    }

    bool open(Value::Alternatives container) {
        if (frames_.size() == depth_max)
            return refuse(fmt::format("nested deeper than {}", depth_max));
        frames_.push_back({std::move(container)});
        return true;
    }

    bool close() {
        Value value;
        if (auto* map = std::get_if<Value::Map>(&frames_.back().open))
            value = Value(std::move(*map));
        if (auto* list = std::get_if<Value::List>(&frames_.back().open))
            value = Value(std::move(*list));
        frames_.pop_back();
        return add(closed(std::move(value)));
    }

    bool add(Value value) {
        if (frames_.empty()) {
            root = std::move(value);
            return true;
        }
        Frame& frame = frames_.back();
        if (auto* list = std::get_if<Value::List>(&frame.open)) list->push_back(std::move(value));
        if (auto* map = std::get_if<Value::Map>(&frame.open)) {
            map->insert_or_assign(std::move(frame.key), std::move(value));
        }
        return true;
    }

    std::vector<Frame> frames_;
    std::string reason_;
};

}  // namespace

std::string json_text(const Value& value) {
    return dump(value, -1);
}

std::string json_pages(const Value& value) {
    return dump(value, 2);
}

Result<Value> json_value(std::string_view text) {
    Builder builder;
    if (Json::sax_parse(text, &builder)) return std::move(builder.root);
    return failure(ErrorCode::invalid, "json_malformed", "this is no JSON: " + builder.reason(),
                   "check quotes, commas and brackets");
}

const Value& at(const Value& map, std::string_view key) {
    static const Value null;
    const auto* entries = map.as<Value::Map>();
    if (entries == nullptr) return null;
    const auto found = entries->find(key);
    return found == entries->end() ? null : found->second;
}

std::string text_at(const Value& map, std::string_view key) {
    const auto* text = at(map, key).as<std::string>();
    return text == nullptr ? std::string{} : *text;
}

std::int64_t number_at(const Value& map, std::string_view key) {
    const auto* number = at(map, key).as<std::int64_t>();
    return number == nullptr ? 0 : *number;
}

const Value::List& list_at(const Value& map, std::string_view key) {
    static const Value::List empty;
    const auto* list = at(map, key).as<Value::List>();
    return list == nullptr ? empty : *list;
}

}  // namespace starling::cli
