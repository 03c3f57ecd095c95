#include "node/cli/commands.hpp"
#include "node/cli/http_client.hpp"
#include "node/cli/json.hpp"
#include "node/cli/places.hpp"
#include "node/cli/show.hpp"
#include "node/cli/terminal.hpp"

namespace starling::cli {
namespace {

Result<HttpClient> client_of(const Invocation& call) {
    auto socket = node_socket(call);
    if (!socket) return tl::unexpected(socket.error());
    return HttpClient(*socket, call.timeout);
}

Value::Map map_of(const Value& document) {
    const auto* map = document.as<Value::Map>();
    return map == nullptr ? Value::Map{} : *map;
}

Result<Exit> status(const Invocation& call, Terminal& terminal) {
    const auto client = client_of(call);
    if (!client) return tl::unexpected(client.error());
    const auto answer = client->get("/v1/status");
    if (!answer) return tl::unexpected(answer.error());
    terminal.result(map_of(*answer), [&] { return status_text(*answer); });
    return Exit::ok;
}

// Every page of the listing.
Result<Value::List> all_members(const HttpClient& client) {
    Value::List members;
    while (true) {
        const std::string after = members.empty() ? "" : "?after=" + text_at(members.back(), "id");
        const auto page = client.get("/v1/members" + after);
        if (!page) return tl::unexpected(page.error());
        const auto& items = list_at(*page, "items");
        members.insert(members.end(), items.begin(), items.end());
        const auto* more = at(*page, "more").as<bool>();
        if (items.empty() || more == nullptr || !*more) return members;
    }
}

Result<Exit> follow(const HttpClient& client, Terminal& terminal) {
    const auto ended = client.stream("/v1/events", [&](std::string_view, const Value& event) {
        terminal.item(map_of(event), [&] { return member_event_text(event); });
        return true;
    });
    if (!ended) return tl::unexpected(ended.error());
    return failure(ErrorCode::failed, "connection_lost", "the node ended the stream of events",
                   "starling status");
}

Result<Exit> members(const Invocation& call, Terminal& terminal) {
    const auto client = client_of(call);
    if (!client) return tl::unexpected(client.error());
    if (call.has("watch")) return follow(*client, terminal);
    const auto status = client->get("/v1/status");
    if (!status) return tl::unexpected(status.error());
    auto all = all_members(*client);
    if (!all) return tl::unexpected(all.error());
    const Value::List items = std::move(*all);
    terminal.result({{"items", items},
                     {"mesh", text_at(*status, "mesh")},
                     {"mesh_name", text_at(*status, "mesh_name")},
                     {"node", text_at(*status, "id")}},
                    [&] { return members_text(items, *status); });
    return Exit::ok;
}

Result<Exit> leave(const Invocation& call, Terminal& terminal) {
    const auto client = client_of(call);
    if (!client) return tl::unexpected(client.error());
    const auto answer = client->post("/v1/leave", Value(Value::Map{}));
    if (!answer) return tl::unexpected(answer.error());
    terminal.result(map_of(*answer),
                    [&] { return text_at(*answer, "id").substr(0, 8) + " left its mesh\n"; });
    return Exit::ok;
}

}  // namespace

Command leave_command() {
    Command command{"leave", "run", "have a node leave its mesh and end", "", 0, 0};
    command.examples = {"starling leave", "starling leave --node dev-2"};
    command.notes =
        "The others see the node as left, not dead, and take over what it runs. As Ctrl-C or "
        "SIGTERM where the node runs. Started again it is a member as before.";
    command.run = leave;
    return command;
}

Command members_command() {
    Command command{"members", "look", "who is in the mesh, as a node sees it", "", 0, 0};
    command.options = {{"watch", "", "go on with every change until interrupted", "", 'w'}};
    command.examples = {"starling members", "starling members --json | jq -r '.items[].state'",
                        "starling members --watch --node dev-2"};
    command.run = members;
    return command;
}

Command status_command() {
    Command command{"status", "look", "how a node is doing", "", 0, 0};
    command.examples = {"starling status", "starling status --node dev-2 --json"};
    command.run = status;
    return command;
}

}  // namespace starling::cli
