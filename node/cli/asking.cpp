#include "node/cli/asking.hpp"

#include "base/limits.hpp"
#include "node/cli/http_message.hpp"
#include "node/cli/json.hpp"
#include "node/cli/places.hpp"
#include "node/cli/words.hpp"

#include <fmt/format.h>

#include <array>
#include <iostream>

namespace starling::cli {
namespace {

using namespace std::chrono_literals;

// Standard input up to what JSON may need for the longest value, escapes included.
Result<std::string> read_input() {
    constexpr std::size_t most = 8 * limits::value_bytes;
    std::string text;
    std::array<char, 4096> buffer{};
    while (text.size() <= most && std::cin.read(buffer.data(), buffer.size()).gcount() > 0) {
        text.append(buffer.data(), static_cast<std::size_t>(std::cin.gcount()));
    }
    if (text.size() <= most) return text;
    return failure(ErrorCode::invalid, "value_too_long",
                   fmt::format("standard input has more than {} bytes; a value has at most {}",
                               most, limits::value_bytes),
                   "store it elsewhere and keep its address here");
}

}  // namespace

Result<HttpClient> client_for(const Invocation& call) {
    auto socket = node_socket(call);
    if (!socket) return tl::unexpected(socket.error());
    return HttpClient(*socket, call.timeout + 500ms);
}

Value timeout_value(const Invocation& call) {
    return std::int64_t{call.timeout.count()};
}

Result<Exit> print(const Result<Value>& answer, Terminal& terminal,
                   const std::function<std::string(const Value&)>& text) {
    if (!answer) return tl::unexpected(answer.error());
    terminal.result(map_of(*answer), [&] { return text(*answer); });
    return Exit::ok;
}

Result<Value> value_of_word(const std::string& word) {
    const auto text = word == "-" ? read_input() : Result<std::string>(word);
    if (!text) return tl::unexpected(text.error());
    auto value = json_value(*text);
    return value ? *value : Value(*text);
}

Result<Value> duration_of(const Invocation& call, std::string_view option) {
    if (!call.has(option)) return Value();
    const auto duration = parse_duration(call.text(option));
    if (duration) return Value(std::int64_t{duration->count()});
    return failure(ErrorCode::invalid, "bad_option",
                   fmt::format("--{}: must be a duration such as 150ms, 5s or 2m", option),
                   fmt::format("starling help {}", call.command->name));
}

Value::Map map_of(const Value& document) {
    const auto* map = document.as<Value::Map>();
    return map == nullptr ? Value::Map{} : *map;
}

std::string query_of(const std::vector<std::pair<std::string_view, std::string>>& parameters) {
    std::string query;
    for (const auto& [name, value] : parameters) {
        if (value.empty()) continue;
        query += fmt::format("{}{}={}", query.empty() ? '?' : '&', name, percent_encoded(value));
    }
    return query;
}

Result<Value::List> all_pages(const HttpClient& client,
                              const std::function<std::string(const std::string& after)>& target,
                              const std::function<std::string(const Value& page)>& next) {
    Value::List all;
    std::string after;
    while (true) {
        const auto page = client.get(target(after));
        if (!page) return tl::unexpected(page.error());
        const auto& items = list_at(*page, "items");
        all.insert(all.end(), items.begin(), items.end());
        const auto* more = at(*page, "more").as<bool>();
        after = next(*page);
        if (more == nullptr || !*more || after.empty()) return all;
    }
}

}  // namespace starling::cli
