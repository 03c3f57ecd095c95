#include "node/cli/commands.hpp"
#include "node/cli/http_server.hpp"
#include "node/cli/places.hpp"
#include "node/cli/routes.hpp"
#include "node/cli/show.hpp"
#include "node/cli/signals.hpp"
#include "node/cli/terminal.hpp"
#include "node/cli/words.hpp"
#include <starling/mesh.hpp>
#include <starling/node.hpp>

#include <fmt/format.h>

#include <array>
#include <csignal>

namespace starling::cli {
namespace {

using namespace std::chrono_literals;

Result<LogLevel> log_level_of(const Invocation& call) {
    constexpr std::array levels{LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error,
                                LogLevel::off};
    for (const LogLevel level : levels) {
        if (name_of(level) == call.text("log")) return level;
    }
    return failure(ErrorCode::invalid, "bad_option",
                   "--log must be debug, info, warn, error or off", "starling help node");
}

Result<Options> node_options_of(const Invocation& call) {
    const auto level = log_level_of(call);
    if (!level) return tl::unexpected(level.error());
    Options options;
    options.data_dir = call.has("dir") ? call.text("dir") : state_dir() + "/node";
    options.mesh_file = call.text("mesh");
    options.bind = call.text("bind");
    options.advertise = call.texts("advertise");
    options.name = call.text("name");
    for (const std::string& list : call.texts("join")) {
        for (const std::string& address : split(list, ',')) options.join.push_back(address);
    }
    options.log_level = *level;
    options.log_file = call.text("log-file");
    return options;
}

// Where the local interface listens: --http, or a socket named after the node.
Result<std::string> socket_path_of(const Invocation& call, const Node& node) {
    const std::string given = call.text("http");
    if (given.starts_with("unix:")) return given.substr(5);
    if (!given.empty() && given.find(':') != std::string::npos) {
        return failure(ErrorCode::invalid, "address_unsupported",
                       "--http " + printable(given) + ": the local interface is a Unix socket",
                       "--http unix:PATH");
    }
    if (!given.empty()) return given;
    const auto directory = runtime_dir();
    if (!directory) return directory;
    return fmt::format("{}/node-{}.sock", *directory, node.id().substr(0, 8));
}

// What a starting node says about itself, once.
Result<Exit> introduce(const Invocation& call, Node& node, const std::string& socket,
                       Terminal& terminal) {
    const auto status = node.status().wait(call.timeout);
    if (!status) return tl::unexpected(status.error());
    Value::Map document = document_of(*status);
    document["socket"] = socket;
    const auto file = node.mesh_file().wait(call.timeout);
    const auto mesh = file ? read_mesh(*file) : Result<MeshSummary>(MeshSummary{});
    const bool alone = mesh && mesh->members.size() < 2;
    terminal.result(std::move(document), [&] {
        return fmt::format(
            "node {} of mesh {}{}\nlistening on {}\nnext: starling --node unix:{} members\n",
            status->id.substr(0, 8), status->mesh.substr(0, 8),
            alone ? ", a mesh of one: starling mesh admit lets others in" : "", status->bound,
            socket);
    });
    return Exit::ok;
}

Result<Exit> serve(const Invocation& call, Node& node, const Signals& signals, Terminal& terminal) {
    const auto path = socket_path_of(call, node);
    if (!path) return tl::unexpected(path.error());
    bool stopping = false;
    const Routes routes = routes_of(node, [&] { stopping = true; });
    auto server =
        HttpServer::listen(*path, [&](const HttpRequest& request, const Exchange& exchange) {
            routes.serve(request, exchange);
        });
    if (!server) return tl::unexpected(server.error());
    server->watch(node.event_fd(), [&] { node.poll(0ms); });
    server->watch(signals.fd(), [&] { stopping = stopping || signals.take().has_value(); });
    const auto introduced = introduce(call, node, *path, terminal);
    if (!introduced) return introduced;
    while (!stopping) server->turn(1s);
    terminal.note("leaving the mesh");
    const auto closed = node.close();
    if (!closed) terminal.note(closed.error().message);
    return Exit::ok;
}

Result<Exit> run_node(const Invocation& call, Terminal& terminal) {
    auto options = node_options_of(call);
    if (!options) return tl::unexpected(options.error());
    const auto signals = Signals::block({SIGINT, SIGTERM});  // before the node's threads
    if (!signals) return tl::unexpected(signals.error());
    auto node = Node::open(std::move(*options));
    if (!node) return tl::unexpected(node.error());
    return serve(call, *node, *signals, terminal);
}

}  // namespace

Command node_command() {
    Command command{"node", "run", "run one node until it is interrupted", "", 0, 0};
    command.options = {
        {"config", "FILE", "options of this command as lines KEY = VALUE; flags win"},
        {"mesh", "FILE", "mesh file; without one the node makes its own mesh of one"},
        {"dir", "DIR", "keys and journal of the node (default STATE/starling/node)"},
        {"bind", "HOST:PORT", "where to listen for other nodes (default as in the mesh file)"},
        {"advertise", "HOST:PORT", "where others dial this node (default as bound)", "", 0, true},
        {"join", "HOST:PORT,..", "members that moved since the mesh file was written", "", 0, true},
        {"name", "NAME", "for people"},
        {"http", "unix:PATH",
         "where programs reach the node (default RUNTIME/starling/node-ID.sock)"},
        {"log", "LEVEL", "debug, info, warn, error or off", "info"},
        {"log-file", "FILE", "where the log goes (default standard error)"},
    };
    command.examples = {
        "starling node --mesh mesh.json",
        "starling node --mesh mesh.json --dir /var/lib/starling --bind 0.0.0.0:7847"};
    command.notes =
        "Ctrl-C or SIGTERM leaves the mesh and ends the node within 2 s. A file of --config has "
        "lines "
        "such as bind = 0.0.0.0:7847; # begins a comment.";
    command.run = run_node;
    return command;
}

}  // namespace starling::cli
