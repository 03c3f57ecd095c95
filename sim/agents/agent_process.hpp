// An agent's place in a simulated mesh: one process of its host.
//
//   Agent ──Ctx──> AgentProcess ──> AgentMachine ──> the host's node
//                        └──> Outside, after a drawn time
//
// Invariants:
//   I1  Draws are functions of (seed, agent, process or number of the call): what other agents do,
//       and faults, move none of them.
//   I2  Nothing of the agent runs after stop(), nor once the process ended.
//   I3  At most externals_max external calls are under way, those that timed out included.
//
// Not thread safe.
#pragma once

#include "node/agent_place.hpp"
#include "sim/agents/agent_ground.hpp"
#include "sim/agents/agent_machine.hpp"
#include <starling/agent.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace starling::sim {

class AgentProcess final : public detail::AgentPlace {
public:
    AgentProcess(AgentMachine& machine, AgentGround& ground, std::uint32_t number,
                 std::uint64_t starts);

    void begin(std::unique_ptr<Agent> agent);

    void post(Task task) override;
    void call(Bytes request, Answered answered) override;
    StreamId open_stream(Bytes request, Answered item) override;
    void end_stream(StreamId stream) override;
    TimerId start_timer(Duration after, Task task) override;
    void cancel_timer(TimerId timer) override;
    void call_external(const std::string& name, const Value& payload, Duration timeout,
                       Then<Value> then) override;
    void note(const std::string& name, const Value& value) override;
    void stop() override;

    [[nodiscard]] BootTime clock() const override { return machine_.clock(); }

    [[nodiscard]] Random& random() override { return random_; }

    [[nodiscard]] const NodeId& node() const override { return machine_.id(); }

    [[nodiscard]] const std::string& node_text() const override { return node_text_; }

private:
    struct Timer {
        BootTime due;
        Task task;
    };

    void run(const Task& task);
    void take(const Answered& answered, const Result<Bytes>& body, bool last);
    void ring(TimerId timer);
    [[nodiscard]] Outside::Reply ask_outside(const std::string& name, Outside& outside,
                                             const Value& payload);
    void end_external(std::uint64_t number, const Result<Value>& answer);

    AgentMachine& machine_;
    AgentGround& ground_;
    const std::uint32_t number_;
    Random random_;
    const std::string node_text_;
    bool stopped_ = false;
    std::uint64_t last_id_ = 0;
    std::map<TimerId, Timer> timers_;
    std::map<StreamId, CallId> streams_;
    std::map<std::uint64_t, detail::AwaitedCall> awaited_;
    std::size_t under_way_ = 0;  // external calls
    std::unique_ptr<Ctx> ctx_;
    std::unique_ptr<Agent> agent_;  // the last to come, the first to go
};

}  // namespace starling::sim
