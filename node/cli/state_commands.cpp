#include "node/cli/asking.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/documents.hpp"
#include "node/cli/http_message.hpp"
#include "node/cli/json.hpp"
#include "node/cli/words.hpp"

#include <fmt/format.h>

#include <charconv>

namespace starling::cli {
namespace {

const std::vector<Option> write_options{
    {"reason", "TEXT", "why, for people"},
    {"as", "AGENT", "who acts (default this program)"},
    {"trace", "ID", "W3C trace id"},
    {"copies", "K",
     "answer once K nodes have it on disk; with 1 it is lost if this node's disk dies before the "
     "others heard of it",
     "1"},
};

Result<Exit> write(const Invocation& call, Terminal& terminal, Value::Map step) {
    const auto client = client_for(call);
    if (!client) return tl::unexpected(client.error());
    const auto copies = call.number("copies", 1, 65'535);
    if (!copies) return tl::unexpected(copies.error());
    step["key"] = call.words[0];
    const Value body = Value::Map{{"steps", Value::List{std::move(step)}},
                                  {"agent", call.text("as")},
                                  {"reason", call.text("reason")},
                                  {"trace", call.text("trace")},
                                  {"copies", static_cast<std::int64_t>(*copies)},
                                  {"timeout_ms", timeout_value(call)}};
    const auto answer = client->post("/v1/state", body);
    return print(answer, terminal, [&](const Value& written) {
        const auto count = number_at(written, "copies");
        return fmt::format("{}  durable on {} node{}", printable(call.words[0]), count,
                           count == 1 ? "" : "s");
    });
}

Result<Exit> set(const Invocation& call, Terminal& terminal) {
    if (call.has("if-version")) {
        return failure(ErrorCode::invalid, "version_needs_register",
                       "--if-version: ordinary keys have no versions to compare; two nodes could "
                       "both be right",
                       fmt::format("starling register cas {} VALUE --if-version {}",
                                   printable(call.words[0]), printable(call.text("if-version"))));
    }
    if (call.text("type") != "lww" && call.text("type") != "mv") {
        return failure(ErrorCode::invalid, "bad_option", "--type: must be lww or mv",
                       "starling help set");
    }
    auto value = value_of_word(call.words[1]);
    if (!value) return tl::unexpected(value.error());
    return write(call, terminal,
                 {{"action", "set"}, {"value", std::move(*value)}, {"type", call.text("type")}});
}

Result<Exit> del(const Invocation& call, Terminal& terminal) {
    return write(call, terminal, {{"action", "del"}});
}

Result<Exit> add(const Invocation& call, Terminal& terminal) {
    const std::string& word = call.words[1];
    std::int64_t amount = 0;
    const char* last = word.data() + word.size();
    const auto [end, error] = std::from_chars(word.data(), last, amount);
    if (error != std::errc{} || end != last) {
        return failure(ErrorCode::invalid, "invalid", printable(word) + " is no whole number",
                       "starling help add");
    }
    return write(call, terminal, {{"action", "add"}, {"amount", amount}});
}

Result<Exit> change_set(const Invocation& call, Terminal& terminal, const char* action) {
    auto element = value_of_word(call.words[1]);
    if (!element) return tl::unexpected(element.error());
    return write(call, terminal, {{"action", action}, {"value", std::move(*element)}});
}

Result<Exit> insert(const Invocation& call, Terminal& terminal) {
    return change_set(call, terminal, "insert");
}

Result<Exit> remove(const Invocation& call, Terminal& terminal) {
    return change_set(call, terminal, "remove");
}

Result<Exit> get(const Invocation& call, Terminal& terminal) {
    const auto client = client_for(call);
    if (!client) return tl::unexpected(client.error());
    const auto answer = client->get("/v1/state/" + percent_encoded(call.words[0]) +
                                    query_of({{"type", call.text("type")}}));
    const auto exit = print(answer, terminal, [](const Value& page) {
        std::string text;
        for (const Value& entry : list_at(page, "items")) text += entry_text(entry) + "\n";
        return text;
    });
    if (!answer || terminal.format() != Format::text) return exit;
    for (const Value& entry : list_at(*answer, "items")) terminal.note(provenance_text(entry));
    return exit;
}

std::string last_key(const Value& page) {
    const auto& items = list_at(page, "items");
    return items.empty() ? "" : text_at(items.back(), "key");
}

Result<Exit> ls(const Invocation& call, Terminal& terminal) {
    const auto client = client_for(call);
    if (!client) return tl::unexpected(client.error());
    const std::string prefix = call.words.empty() ? "" : call.words[0];
    const auto items = all_pages(
        *client,
        [&](const std::string& after) {
            return "/v1/state" + query_of({{"prefix", prefix}, {"after", after}});
        },
        last_key);
    if (!items) return tl::unexpected(items.error());
    return print(Value(Value::Map{{"items", *items}}), terminal, entries_text);
}

Result<Exit> watch(const Invocation& call, Terminal& terminal) {
    const auto client = client_for(call);
    if (!client) return tl::unexpected(client.error());
    const std::string prefix = call.words.empty() ? "" : call.words[0];
    const auto ended = client->stream(
        "/v1/watch" + query_of({{"prefix", prefix}}), [&](std::string_view, const Value& change) {
            terminal.item(map_of(change), [&] { return change_text(change); });
            return true;
        });
    if (!ended) return tl::unexpected(ended.error());
    return failure(ErrorCode::failed, "connection_lost", "the node ended the stream of changes",
                   "starling status");
}

}  // namespace

Command get_command() {
    Command command{"get", "state", "the value of a key, as this node holds it", "KEY", 1, 1};
    command.options = {{"type", "TYPE", "lww, mv, counter or set (default all under this name)"}};
    command.examples = {"starling get stock/sku-42", "starling get price --node dev-2 --json"};
    command.notes = "The value goes to standard output, who wrote it to standard error.";
    command.run = get;
    return command;
}

Command set_command() {
    Command command{"set", "state", "give a key a value", "KEY VALUE", 2, 2};
    command.options = write_options;
    command.options.push_back({"type", "TYPE",
                               "lww: the last writer wins; mv: concurrent values stay side by side",
                               "lww"});
    command.options.push_back({"if-version", "N", "only for registers: starling register cas"});
    command.examples = {"starling set stock/sku-42 6 --reason 'recount' --as picker-1",
                        "starling set page - < page.json"};
    command.notes = "VALUE is JSON if it parses, else text; - reads it from standard input.";
    command.run = set;
    return command;
}

Command del_command() {
    Command command{"del", "state", "remove a key", "KEY", 1, 1};
    command.options = write_options;
    command.examples = {"starling del stock/sku-42 --reason 'sold out'"};
    command.run = del;
    return command;
}

Command add_command() {
    Command command{"add", "state", "add to a counter", "KEY NUMBER", 2, 2};
    command.options = write_options;
    command.examples = {"starling add sold/sku-42 1", "starling add sold/sku-42 -- -1"};
    command.notes = "A negative number stands behind --.";
    command.run = add;
    return command;
}

Command insert_command() {
    Command command{"insert", "state", "put an element into a set", "KEY ELEMENT", 2, 2};
    command.options = write_options;
    command.examples = {"starling insert tags/sku-42 fragile"};
    command.notes = "ELEMENT is JSON if it parses, else text; - reads it from standard input.";
    command.run = insert;
    return command;
}

Command remove_command() {
    Command command{"remove", "state", "take an element out of a set", "KEY ELEMENT", 2, 2};
    command.options = write_options;
    command.examples = {"starling remove tags/sku-42 fragile"};
    command.notes = "A concurrent insert of the same element wins.";
    command.run = remove;
    return command;
}

Command ls_command() {
    Command command{"ls", "state", "keys and values that begin with a prefix", "[PREFIX]", 0, 1};
    command.examples = {"starling ls stock/", "starling ls -o name"};
    command.run = ls;
    return command;
}

Command watch_command() {
    Command command{"watch", "state", "values under a prefix, then every change", "[PREFIX]", 0, 1};
    command.examples = {"starling watch stock/", "starling watch --json | jq -c .entry.value"};
    command.notes = "Goes on until it is interrupted.";
    command.run = watch;
    return command;
}

}  // namespace starling::cli
