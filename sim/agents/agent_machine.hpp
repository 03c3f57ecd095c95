// One host's programs: the agents of its process, and what they are to be told.
//
//   answers, timers, results ──enqueue──> inbox ──one at a time──> agents
//                                (not while the process is paused)
//
// Invariants:
//   I1  The end of the process takes agents, inbox and open calls along.
//   I2  An agent that throws takes its process down: it starts again a moment later.
//
// Not thread safe.
#pragma once

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "node/agent_place.hpp"
#include "sim/agents/agent_ground.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace starling::sim {

class AgentProcess;

class AgentMachine {
public:
    using Task = detail::AgentPlace::Task;
    using Answered = detail::AgentPlace::Answered;

    AgentMachine(AgentGround& ground, std::uint32_t host, const NodeId& id);
    ~AgentMachine();
    AgentMachine(const AgentMachine&) = delete;
    AgentMachine& operator=(const AgentMachine&) = delete;

    // The process is ready: agents begin.  `starts` counts the processes of this host.
    void begin(std::span<const Actor> actors, std::uint64_t starts);
    void end();

    [[nodiscard]] bool is_up() const { return life_ != nullptr; }

    [[nodiscard]] bool has_work() const { return !inbox_.empty(); }

    // The front of the inbox.  REQUIRES: has_work().
    void work();

    void enqueue(Task task) { inbox_.push_back(std::move(task)); }

    // In so much virtual time, paused or not.
    void appoint(Duration after, Task task);

    // Nothing when no process runs: the answer is an error then, later.
    std::optional<CallId> call(Bytes request, Answered answered);
    void end_call(CallId call);

    // Whether it answers a call of these programs.
    bool on_answer(CallId call, ByteView body, bool last);

    [[nodiscard]] std::uint32_t host() const { return host_; }

    [[nodiscard]] const NodeId& id() const { return id_; }

    [[nodiscard]] BootTime clock() const { return ground_.clients->clock_of(host_); }

private:
    AgentGround& ground_;
    const std::uint32_t host_;
    const NodeId id_;
    std::shared_ptr<const bool> life_;  // of the process
    std::vector<std::unique_ptr<AgentProcess>> agents_;
    std::deque<Task> inbox_;
    std::map<CallId, Answered> calls_;
};

}  // namespace starling::sim
