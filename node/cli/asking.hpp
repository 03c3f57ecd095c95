// What commands that ask a node have in common.
//
// Not thread safe.
#pragma once

#include "node/cli/command.hpp"
#include "node/cli/http_client.hpp"
#include "node/cli/terminal.hpp"
#include <starling/error.hpp>
#include <starling/value.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace starling::cli {

// The node that the call names.  It answers a little before this client gives up, so that the
// answer tells what is missing.
[[nodiscard]] Result<HttpClient> client_for(const Invocation& call);
[[nodiscard]] Value timeout_value(const Invocation& call);  // --timeout for a field timeout_ms

// Prints the document of an answer, or hands the error on.
[[nodiscard]] Result<Exit> print(const Result<Value>& answer, Terminal& terminal,
                                 const std::function<std::string(const Value&)>& text);

// JSON if it parses, else text; "-" reads standard input.  value_too_long: over what any value can
// take.
[[nodiscard]] Result<Value> value_of_word(const std::string& word);

// The duration of an option in milliseconds, or null when it is not given; bad_option.
[[nodiscard]] Result<Value> duration_of(const Invocation& call, std::string_view option);

[[nodiscard]] Value::Map map_of(const Value& document);

// "?prefix=stock%2F" and "&max=3"; empty values are left out.
[[nodiscard]] std::string query_of(
    const std::vector<std::pair<std::string_view, std::string>>& parameters);

// Every item of a listing in pages; `next` names where the page after this one begins.
[[nodiscard]] Result<Value::List> all_pages(
    const HttpClient& client, const std::function<std::string(const std::string& after)>& target,
    const std::function<std::string(const Value& page)>& next);

}  // namespace starling::cli
