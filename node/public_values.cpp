#include "node/public_values.hpp"

#include "base/limits.hpp"
#include "base/value_codec.hpp"

#include <array>
#include <charconv>
#include <string_view>

namespace starling::detail {
namespace {

// What counts against the limit: the contents of a text, not how they are written.
std::size_t size_of(const Value& value, const Bytes& bytes) {
    if (const auto* text = value.as<std::string>()) return text->size();
    if (const auto* raw = value.as<Value::Bytes>()) return raw->size();
    return bytes.size();
}

template <class Number>
bool take_number(std::string_view& text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

bool take_dot(std::string_view& text) {
    if (!text.starts_with('.')) return false;
    text.remove_prefix(1);
    return true;
}

bool take_node(std::string_view& text, NodeId& node) {
    const auto parsed = NodeId::from_hex(text.substr(0, 2 * NodeId::size));
    if (!parsed) return false;
    node = *parsed;
    text.remove_prefix(2 * NodeId::size);
    return true;
}

}  // namespace

Result<Bytes> packed(const Value& value) {
    Bytes bytes = value_bytes(value);
    const std::size_t size = size_of(value, bytes);
    if (size > limits::value_bytes || bytes.size() > limits::encoded_value_bytes) {
        return failure(ErrorCode::invalid, "value_too_long",
                       "the value has " + std::to_string(size) + " bytes, at most " +
                           std::to_string(limits::value_bytes) + " are allowed",
                       "store it elsewhere and keep its address here");
    }
    return bytes;
}

Value unpacked(const Bytes& bytes) {
    auto value = value_from(bytes);
    return value ? std::move(*value) : Value(bytes);
}

std::vector<Value> unpacked(const std::vector<Bytes>& values) {
    std::vector<Value> all;
    for (const Bytes& bytes : values) all.push_back(unpacked(bytes));
    return all;
}

std::string text_of(const node::VersionToken& version) {
    return version.node.hex() + "." + std::to_string(version.boot.value) + "." +
           std::to_string(version.counter);
}

std::string text_of(const node::EpochRecord& epoch) {
    return std::to_string(epoch.round) + "." + epoch.granter.hex() + "." +
           std::to_string(epoch.boot.value) + "." + std::to_string(epoch.term);
}

Result<node::EpochRecord> epoch_of(const std::string& text) {
    node::EpochRecord epoch;
    std::string_view rest = text;
    const bool fine = take_number(rest, epoch.round) && take_dot(rest) &&
                      take_node(rest, epoch.granter) && take_dot(rest) &&
                      take_number(rest, epoch.boot.value) && take_dot(rest) &&
                      take_number(rest, epoch.term) && rest.empty();
    if (fine) return epoch;
    return failure(ErrorCode::invalid, "award_malformed", "this is no epoch of a task",
                   "give the epoch that came with the assignment");
}

Result<TaskId> task_of(const std::string& text) {
    if (const auto id = TaskId::from_hex(text)) return *id;
    return failure(ErrorCode::invalid, "task_malformed", "this is no id of a task",
                   "a task's id has " + std::to_string(2 * TaskId::size) + " hexadecimal digits");
}

Result<NodeId> node_of(const std::string& text) {
    if (const auto id = NodeId::from_hex(text)) return *id;
    return failure(ErrorCode::invalid, "node_malformed", "this is no id of a node",
                   "a node's id has 64 hexadecimal digits: starling members --json");
}

std::string text_or_nothing(const NodeId& node) {
    return node.is_zero() ? std::string{} : node.hex();
}

}  // namespace starling::detail
