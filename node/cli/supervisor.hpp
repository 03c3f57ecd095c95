// Keeps the processes of a mesh of `dev`: starts them, waits until they are ready, restarts them
// when asked, and ends them all.
//
//   start ──all /readyz are 200──> running ──signal──> ended
//
//   GET  /v1/dev/nodes                                       names, processes, sockets
//   POST /v1/dev/restart/NAME {"after_ms": 1000}             kill -9, start again after that
//
// Invariants:
//   I1  No process and no socket outlives the supervisor, whatever ends it.
//   I2  A process that ends by itself stays ended until somebody asks for its restart.
//
// Not thread safe: the main thread makes, runs and destroys it.
#pragma once

#include "node/cli/child.hpp"
#include "node/cli/dev_files.hpp"
#include "node/cli/http_server.hpp"
#include "node/cli/places.hpp"
#include "node/cli/routes.hpp"
#include "node/cli/signals.hpp"
#include "node/cli/terminal.hpp"
#include <starling/error.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace starling::cli {

class Supervisor {
public:
    Supervisor(DevFiles files, std::string sockets, Terminal& terminal);
    ~Supervisor();
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;

    // Starts every node and waits until all are ready.  dev_failed names the node and its log.
    [[nodiscard]] Result<void> start(std::chrono::milliseconds timeout);

    // Opens the control socket, writes the pointer file, calls `up`, and goes on until a signal to
    // stop comes.
    using Up = std::function<void(const DevMesh& mesh)>;
    [[nodiscard]] Result<Exit> run(const Signals& signals, const Up& up);

private:
    using Clock = std::chrono::steady_clock;

    struct Member {
        DevMember files;
        std::string socket;
        std::string log;
        Child child{};
        std::int64_t restarts = 0;
        std::optional<std::chrono::milliseconds> pause{};  // asked to restart, once it has ended
        std::optional<Clock::time_point> start_at{};
    };

    [[nodiscard]] Result<void> start(Member& member);
    [[nodiscard]] Result<void> wait_until_ready(Member& member, Clock::time_point deadline);
    [[nodiscard]] Error not_ready(const Member& member, const std::string& why) const;
    [[nodiscard]] DevMesh mesh() const;
    [[nodiscard]] Routes routes();
    [[nodiscard]] Value::Map document() const;
    void restart(Member& member, const HttpRequest& request, const Exchange& exchange);
    void reap();
    void start_due();
    void end_all();

    DevFiles files_;
    std::string sockets_;  // their directory
    Terminal& terminal_;
    std::vector<Member> members_;
};

}  // namespace starling::cli
