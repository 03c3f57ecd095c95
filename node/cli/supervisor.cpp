#include "node/cli/supervisor.hpp"

#include "node/cli/http_client.hpp"
#include "node/cli/json.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <thread>

namespace starling::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t pause_max_ms = 3'600'000;

}  // namespace

Supervisor::Supervisor(DevFiles files, std::string sockets, Terminal& terminal)
    : files_(std::move(files)), sockets_(std::move(sockets)), terminal_(terminal) {
    for (const DevMember& member : files_.members) {
        members_.push_back({member, fmt::format("{}/{}.sock", sockets_, member.name),
                            fmt::format("{}/{}.log", files_.directory, member.name)});
    }
}

Supervisor::~Supervisor() {
    end_all();
    std::error_code ignored;
    for (const Member& member : members_) std::filesystem::remove(member.socket, ignored);
    std::filesystem::remove(sockets_ + "/dev.json", ignored);
    std::filesystem::remove(sockets_, ignored);  // when nobody else's socket is in it
}

Result<void> Supervisor::start(Member& member) {
    std::vector<std::string> words{"node",
                                   "--mesh",
                                   files_.mesh_file,
                                   "--dir",
                                   member.files.directory,
                                   "--bind",
                                   member.files.address,
                                   "--advertise",
                                   member.files.address,
                                   "--name",
                                   member.files.name,
                                   "--http",
                                   "unix:" + member.socket,
                                   "--output",
                                   "jsonl"};
    auto child = Child::start(words, member.log);
    if (!child) return tl::unexpected(child.error());
    member.child = *child;
    return {};
}

Error Supervisor::not_ready(const Member& member, const std::string& why) const {
    return Error{ErrorCode::failed, "dev_failed", fmt::format("{} {}", member.files.name, why),
                 "tail " + member.log, Changed::no};
}

Result<void> Supervisor::wait_until_ready(Member& member, Clock::time_point deadline) {
    const HttpClient client(member.socket, 1s);
    while (Clock::now() < deadline) {
        const auto status = client.probe("/readyz");
        if (status && *status == 200) return {};
        if (const auto end = member.child.reap()) {
            return tl::unexpected(not_ready(member, "ended with " + *end));
        }
        std::this_thread::sleep_for(5ms);
    }
    return tl::unexpected(not_ready(member, "was not ready in time"));
}

Result<void> Supervisor::start(std::chrono::milliseconds timeout) {
    const auto deadline = Clock::now() + timeout;
    for (Member& member : members_) {
        const auto started = start(member);
        if (!started) return started;
    }
    for (Member& member : members_) {
        const auto ready = wait_until_ready(member, deadline);
        if (!ready) return ready;
    }
    return {};
}

DevMesh Supervisor::mesh() const {
    DevMesh mesh{::getpid(), files_.directory, sockets_ + "/dev.sock", {}};
    for (const Member& member : members_) {
        mesh.nodes.push_back({member.files.name, member.socket, member.files.address});
    }
    return mesh;
}

Value::Map Supervisor::document() const {
    Value::List items;
    for (const Member& member : members_) {
        items.emplace_back(Value::Map{{"name", member.files.name},
                                      {"id", member.files.id},
                                      {"pid", std::int64_t{member.child.pid()}},
                                      {"running", member.child.is_running()},
                                      {"restarts", member.restarts},
                                      {"address", member.files.address},
                                      {"socket", member.socket},
                                      {"directory", member.files.directory},
                                      {"log", member.log}});
    }
    return {{"items", std::move(items)},
            {"pid", std::int64_t{::getpid()}},
            {"directory", files_.directory}};
}

void Supervisor::restart(Member& member, const HttpRequest& request, const Exchange& exchange) {
    const auto body = request.body.empty() ? Result<Value>(Value()) : json_value(request.body);
    if (!body) return exchange.fail(body.error());
    const std::int64_t after = number_at(*body, "after_ms");
    if (after < 0 || after > pause_max_ms) {
        return exchange.fail({ErrorCode::invalid, "query_malformed",
                              fmt::format("after_ms must be from 0 to {}", pause_max_ms), "",
                              Changed::no});
    }
    member.pause = std::chrono::milliseconds(after);
    if (member.child.is_running())
        member.child.signal(SIGKILL);
    else
        member.start_at = Clock::now() + *std::exchange(member.pause, std::nullopt);
    exchange.reply(Value(Value::Map{{"name", member.files.name}, {"after_ms", after}}));
}

Routes Supervisor::routes() {
    Routes routes;
    routes.add("GET", "/healthz", [](const auto&, const Exchange& to) {
        to.reply({200, "text/plain", "ok\n", {}});
    });
    routes.add("GET", "/v1/dev/nodes",
               [this](const auto&, const Exchange& to) { to.reply(Value(document())); });
    for (Member& member : members_) {
        routes.add("POST", "/v1/dev/restart/" + member.files.name,
                   [this, &member](const HttpRequest& request, const Exchange& to) {
                       restart(member, request, to);
                   });
    }
    return routes;
}

void Supervisor::reap() {
    for (Member& member : members_) {
        const pid_t pid = member.child.pid();
        const auto end = member.child.reap();
        if (!end) continue;
        terminal_.note(fmt::format("{} (process {}) ended: {}", member.files.name, pid, *end));
        if (member.pause)
            member.start_at = Clock::now() + *std::exchange(member.pause, std::nullopt);
        else
            terminal_.note("  start it again: starling dev restart " + member.files.name);  // I2
    }
}

void Supervisor::start_due() {
    for (Member& member : members_) {
        if (!member.start_at || Clock::now() < *member.start_at || member.child.is_running())
            continue;
        member.start_at.reset();
        ++member.restarts;
        const auto started = start(member);
        if (started)
            terminal_.note(
                fmt::format("{} starts again: process {}", member.files.name, member.child.pid()));
        else
            terminal_.error(started.error());
    }
}

Result<Exit> Supervisor::run(const Signals& signals, const Up& up) {
    const Routes table = routes();
    auto server = HttpServer::listen(
        sockets_ + "/dev.sock",
        [&](const HttpRequest& request, const Exchange& to) { table.serve(request, to); });
    if (!server) return tl::unexpected(server.error());
    const auto pointer = write_pointer(mesh());
    if (!pointer) return tl::unexpected(pointer.error());
    up(mesh());
    bool stopping = false;
    server->watch(signals.fd(), [&] {
        while (const auto number = signals.take()) stopping = stopping || *number != SIGCHLD;
    });
    while (!stopping) {
        reap();
        start_due();
        const bool due = std::ranges::any_of(
            members_, [](const Member& each) { return each.start_at.has_value(); });
        server->turn(due ? 10ms : 1000ms);
    }
    return Exit::ok;
}

// I1.  Killed, not asked: a dev mesh that stops as a whole has nobody to say goodbye to, and what
// it acknowledged is durable.  Nodes that left would not look for each other at the next start.
void Supervisor::end_all() {
    for (const Member& member : members_) member.child.signal(SIGKILL);
    const auto running = [](const Member& member) { return member.child.is_running(); };
    while (std::ranges::any_of(members_, running)) {
        for (Member& member : members_) static_cast<void>(member.child.reap());
        std::this_thread::sleep_for(1ms);
    }
}

}  // namespace starling::cli
