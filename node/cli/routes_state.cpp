#include "node/cli/documents.hpp"
#include "node/cli/fields.hpp"
#include "node/cli/json.hpp"
#include "node/cli/mesh_routes.hpp"
#include "node/cli/paged_stream.hpp"
#include "node/cli/words.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>

namespace starling::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view state_path = "/v1/state/";
constexpr std::uint64_t entries_page_max = 996;
constexpr std::uint32_t watch_page = 64;  // keys that a watch asks for at a time

WriteOptions options_in(Fields& in) {
    WriteOptions options;
    options.agent = in.text("agent");
    options.reason = in.text("reason");
    options.trace = in.text("trace");
    options.copies = static_cast<std::uint32_t>(in.number("copies", 1, {1, 65'535}));
    options.within = in.duration("timeout_ms", 4s);
    return options;
}

// The type of a value that is set: lww unless told otherwise.
KeyType type_in(Fields& in) {
    const std::string type = in.text("type");
    if (type == "mv") return KeyType::multi_value;
    if (!type.empty() && type != "lww") in.fault("type must be lww or mv");
    return KeyType::last_writer;
}

std::optional<KeyType> any_type_in(Fields& in) {
    const std::string type = in.text("type");
    for (const KeyType each :
         {KeyType::last_writer, KeyType::multi_value, KeyType::counter, KeyType::set}) {
        if (name_of(each) == type) return each;
    }
    if (!type.empty()) in.fault("type must be lww, mv, counter or set");
    return std::nullopt;
}

WriteStep step_in(Fields& in) {
    const std::string key = in.required("key");
    const std::string action = in.text("action");
    if (action.empty() || action == "set") {
        return WriteStep::set(key, in.required_value("value"), type_in(in));
    }
    if (action == "del") return WriteStep::del(key);
    if (action == "add") return WriteStep::add(key, in.amount("amount"));
    if (action == "insert") return WriteStep::insert(key, in.required_value("value"));
    if (action == "remove") return WriteStep::remove(key, in.required_value("value"));
    in.fault("action must be set, del, add, insert or remove");
    return {};
}

void get_entry(Node& node, const HttpRequest& request, const Exchange& exchange) {
    Fields in = Fields::of_query(request);
    const auto type = any_type_in(in);
    if (const auto error = in.error()) return exchange.fail(*error);
    const std::string key = path_rest(request, state_path);
    node.get(key, type).then([exchange, key](Result<EntryPage> page) {
        if (!page) return exchange.fail(page.error());
        if (!page->entries.empty()) return exchange.reply(Value(document_of(*page)));
        exchange.fail({ErrorCode::not_found, "key_missing",
                       "there is no value under " + printable(key),
                       "starling ls shows keys; a write may not have arrived yet", Changed::no});
    });
}

void put_entry(Node& node, const HttpRequest& request, const Exchange& exchange) {
    exchange.be_patient();  // the node keeps the deadline
    Fields in = Fields::of_body(request);
    const Value value = in.required_value("value");
    const KeyType type = type_in(in);
    const WriteOptions options = options_in(in);
    if (const auto error = in.error()) return exchange.fail(*error);
    const std::string key = path_rest(request, state_path);
    answer_with(node.write({WriteStep::set(key, value, type)}, options), exchange, shown_document);
}

void erase_entry(Node& node, const HttpRequest& request, const Exchange& exchange) {
    Fields in = request.body.empty() ? Fields::of_query(request) : Fields::of_body(request);
    const WriteOptions options = options_in(in);
    if (const auto error = in.error()) return exchange.fail(*error);
    answer_with(node.del(path_rest(request, state_path), options), exchange, shown_document);
}

void write_entries(Node& node, const HttpRequest& request, const Exchange& exchange) {
    exchange.be_patient();  // the node keeps the deadline
    Fields in = Fields::of_body(request);
    const WriteOptions options = options_in(in);
    const Value steps = in.value("steps");
    const auto* list = steps.as<Value::List>();
    if (list == nullptr) in.fault("steps must be a list");
    if (const auto error = in.error()) return exchange.fail(*error);
    std::vector<WriteStep> all;
    for (const Value& each : *list) {
        const auto* map = each.as<Value::Map>();
        Fields step(map == nullptr ? Value::Map{} : *map);
        all.push_back(step_in(step));
        if (const auto error = step.error()) return exchange.fail(*error);
    }
    answer_with(node.write(all, options), exchange, shown_document);
}

void list_entries(Node& node, const HttpRequest& request, const Exchange& exchange) {
    Fields in = Fields::of_query(request);
    const std::string prefix = in.text("prefix");
    const std::string after = in.text("after");
    const auto max =
        static_cast<std::uint32_t>(in.number("max", entries_page_max, {1, entries_page_max}));
    if (const auto error = in.error()) return exchange.fail(*error);
    answer_with(node.list(prefix, after, max), exchange, shown_document);
}

PagedStream::Piece entry_piece(const StateChange& change) {
    return {change.entry.key, change.entry.key + "/" + std::string(name_of(change.entry.type)),
            json_text(document_of(change))};
}

std::string entry_mark(Phase phase) {
    StateChange mark;
    mark.phase = phase;
    return json_text(document_of(mark));
}

PagedStream::Fetch entry_pages(Node& node, const std::string& prefix) {
    return [&node, prefix](const std::string& after, const PagedStream::Take& take) {
        node.list(prefix, after, watch_page).then([take](Result<EntryPage> page) {
            if (!page) return take(tl::unexpected<Error>(page.error()));
            PagedStream::Page pieces;
            pieces.more = page->more;
            for (Entry& entry : page->entries) {
                StateChange current;
                current.phase = Phase::current;
                current.entry = std::move(entry);
                pieces.pieces.push_back(entry_piece(current));
            }
            take(std::move(pieces));
        });
    };
}

// The watch lives as long as the client listens; what is comes as fast as the client reads it.
void watch_entries(Node& node, const HttpRequest& request, const Exchange& exchange) {
    Fields in = Fields::of_query(request);
    const std::string prefix = in.text("prefix");
    if (const auto error = in.error()) return exchange.fail(*error);
    const auto stream = std::make_shared<PagedStream>(
        exchange, "state", entry_mark(Phase::caught_up), entry_pages(node, prefix));
    const auto kept = std::make_shared<std::optional<Watch>>();
    auto watch = node.watch(
        prefix,
        [stream](const StateChange& change) {
            if (change.phase == Phase::lagged) return stream->lag(entry_mark(Phase::lagged));
            stream->change(entry_piece(change));
        },
        WatchFrom::now);
    if (!watch) return exchange.fail(watch.error());
    *kept = std::move(*watch);
    exchange.begin_stream([kept] { kept->reset(); });
    stream->begin();
}

}  // namespace

void add_state_routes(Routes& routes, Node& node) {
    const auto add = [&](const std::string& method, const std::string& path, auto handler) {
        routes.add(method, path, [&node, handler](const HttpRequest& request, const Exchange& to) {
            handler(node, request, to);
        });
    };
    add("GET", "/v1/state", list_entries);
    add("POST", "/v1/state", write_entries);
    add("GET", "/v1/state/*", get_entry);
    add("PUT", "/v1/state/*", put_entry);
    add("DELETE", "/v1/state/*", erase_entry);
    add("GET", "/v1/watch", watch_entries);
}

}  // namespace starling::cli
