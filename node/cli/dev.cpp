#include "node/cli/commands.hpp"
#include "node/cli/http_client.hpp"
#include "node/cli/json.hpp"
#include "node/cli/places.hpp"
#include "node/cli/supervisor.hpp"
#include "node/cli/words.hpp"

#include <fmt/format.h>

#include <csignal>

namespace starling::cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::uint64_t nodes_max = 64;
constexpr auto ready_within = std::chrono::seconds(15);

Error already_running(const DevMesh& mesh) {
    return Error{ErrorCode::failed, "dev_running",
                 fmt::format("a mesh of {} nodes runs already (process {}, data in {})",
                             mesh.nodes.size(), mesh.pid, mesh.directory),
                 "starling members", Changed::no};
}

Value::Map dev_document(const DevMesh& mesh, milliseconds took) {
    Value::List items;
    for (const DevNode& node : mesh.nodes) {
        items.emplace_back(
            Value::Map{{"name", node.name}, {"address", node.address}, {"socket", node.socket}});
    }
    return {{"items", std::move(items)},
            {"directory", mesh.directory},
            {"pid", std::int64_t{mesh.pid}},
            {"control", mesh.control},
            {"ready_ms", std::int64_t{took.count()}}};
}

std::string summary_text(const DevMesh& mesh, milliseconds took) {
    return fmt::format(
        "mesh \"dev\" up: {} nodes in {}.{:02} s    data {}\n"
        "next: starling members · starling status --node dev-1 · starling members --watch "
        "· Ctrl-C stops all\n",
        mesh.nodes.size(), took.count() / 1000, took.count() % 1000 / 10, mesh.directory);
}

Result<Exit> dev(const Invocation& call, Terminal& terminal) {
    const auto began = Clock::now();
    const auto count = call.number("nodes", 1, nodes_max);
    if (!count) return tl::unexpected(count.error());
    if (const auto mesh = running_dev()) return tl::unexpected(already_running(*mesh));
    const auto signals = Signals::block({SIGINT, SIGTERM, SIGHUP, SIGCHLD});
    if (!signals) return tl::unexpected(signals.error());
    const auto sockets = runtime_dir();
    if (!sockets) return tl::unexpected(sockets.error());
    const std::string directory =
        call.has("dir") ? call.text("dir") : fmt::format("{}/dev-{}", state_dir(), *count);
    auto files = prepare_dev(directory, *count);
    if (!files) return tl::unexpected(files.error());
    Supervisor supervisor(std::move(*files), *sockets, terminal);
    const auto started = supervisor.start(ready_within);
    if (!started) return tl::unexpected(started.error());
    return supervisor.run(*signals, [&](const DevMesh& mesh) {
        const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - began);
        terminal.result(dev_document(mesh, took), [&] { return summary_text(mesh, took); });
    });
}

Result<HttpClient> control_of(const Invocation& call) {
    const auto mesh = running_dev();
    if (mesh) return HttpClient(mesh->control, call.timeout);
    return failure(ErrorCode::failed, "dev_not_running", "no mesh of starling dev runs",
                   "starling dev");
}

std::string nodes_text(const Value::List& nodes) {
    std::vector<std::vector<std::string>> rows{{"NODE", "PROCESS", "ADDR", "RESTARTS", "SOCKET"}};
    for (const Value& node : nodes) {
        const auto pid = number_at(node, "pid");
        rows.push_back({text_at(node, "name"), pid == 0 ? "ended" : std::to_string(pid),
                        text_at(node, "address"), std::to_string(number_at(node, "restarts")),
                        text_at(node, "socket")});
    }
    return table_text(rows);
}

Result<Exit> dev_nodes(const Invocation& call, Terminal& terminal) {
    const auto control = control_of(call);
    if (!control) return tl::unexpected(control.error());
    const auto answer = control->get("/v1/dev/nodes");
    if (!answer) return tl::unexpected(answer.error());
    const auto& items = list_at(*answer, "items");
    terminal.result(
        {{"items", items}, {"pid", at(*answer, "pid")}, {"directory", at(*answer, "directory")}},
        [&] { return nodes_text(items); });
    return Exit::ok;
}

Result<Exit> dev_restart(const Invocation& call, Terminal& terminal) {
    const auto control = control_of(call);
    if (!control) return tl::unexpected(control.error());
    const auto after = parse_duration(call.text("after"));
    if (!after) {
        return failure(ErrorCode::invalid, "bad_option",
                       "--after must be a duration such as 0s or 1s", "starling help dev restart");
    }
    const std::string& named = call.words.front();
    const std::string name = parse_number(named) ? "dev-" + named : named;
    const auto answer = control->post("/v1/dev/restart/" + percent_encoded(name),
                                      Value::Map{{"after_ms", std::int64_t{after->count()}}});
    if (!answer && answer.error().name == "route_unknown") {
        return failure(ErrorCode::not_found, "node_not_found",
                       "the dev mesh has no node " + printable(name), "starling dev nodes");
    }
    if (!answer) return tl::unexpected(answer.error());
    terminal.result({{"name", name}, {"after_ms", std::int64_t{after->count()}}}, [&] {
        return fmt::format("{} killed; it starts again after {} ms", name, after->count());
    });
    return Exit::ok;
}

}  // namespace

Command dev_command() {
    Command command{"dev", "run", "a mesh of several nodes on this machine, until Ctrl-C",
                    "",    0,     0};
    command.options = {{"nodes", "N", "how many nodes", "3", 'n'},
                       {"dir", "DIR", "their data, kept (default STATE/starling/dev-N)"}};
    command.examples = {"starling dev", "starling dev -n 5 --dir /tmp/mesh"};
    command.notes =
        "Other commands find a running dev mesh without flags; --node dev-2 or --node 2 picks a "
        "node.";
    command.run = dev;
    return command;
}

Command dev_nodes_command() {
    Command command{"dev nodes", "run", "the processes of the running dev mesh", "", 0, 0};
    command.examples = {"starling dev nodes --json | jq -r '.items[].pid'"};
    command.run = dev_nodes;
    return command;
}

Command dev_restart_command() {
    Command command{"dev restart", "run", "kill -9 a node of the dev mesh and start it again",
                    "NODE",        1,     1};
    command.options = {{"after", "TIME", "how long it stays away", "0s"}};
    command.examples = {"starling dev restart dev-2 --after 1s"};
    command.run = dev_restart;
    return command;
}

}  // namespace starling::cli
