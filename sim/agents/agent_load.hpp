// The agents of a world as its clients: they begin with each process that is ready and end with it.
//
//   World ──act──> AgentLoad ──> AgentMachine of each host ──> agents
//     └──answers, crashes──^  └─ a watch on each node, listings ──> Witness ──> Rules
//
// Invariants:
//   I1  A paused process does nothing: what is for its agents waits.
//   I2  After every step of an agent, and every item of a watch, the rules are looked at.
//
// Not thread safe.
#pragma once

#include "sim/agents/agent_ground.hpp"
#include "sim/agents/agent_machine.hpp"
#include "sim/agents/rules.hpp"
#include "sim/workload.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace starling::sim {

// What there is to know of a host's process.
struct ProcessShown {
    bool ready = false;
    std::uint64_t starts = 0;
};

class AgentLoad final : public Workload {
public:
    using Show = std::function<ProcessShown(std::uint32_t host)>;

    AgentLoad(AgentGround& ground, std::vector<Actor> actors, Rules& rules, Show show);

    // A host of the world, in the order of their numbers.
    void add_host(const NodeId& id);

    [[nodiscard]] std::optional<Duration> next_time() const override;
    void act(Duration now, Clients& clients) override;
    void on_answer(std::uint32_t host, CallId call, ByteView body, bool last,
                   Duration now) override;
    void on_crash(std::uint32_t host) override;
    void conclude(Duration now) override;

    [[nodiscard]] LoadCounts counts() const override { return {}; }

private:
    void look_after_processes();
    void watch_state(AgentMachine& machine);
    void list_tasks();
    void ask_tasks(AgentMachine& machine, const std::string& after);
    void work_off();
    void tell_complaints();
    [[nodiscard]] bool is_running(const AgentMachine& machine) const;

    AgentGround& ground_;
    const std::vector<Actor> actors_;
    Rules& rules_;
    const Show show_;
    std::vector<std::unique_ptr<AgentMachine>> machines_;
    Duration next_look_{};
    Duration next_listing_{};
    std::optional<Duration> soon_;  // an answer came: its time
    Duration instant_{};
    std::uint64_t steps_ = 0;  // in this instant
    bool halted_ = false;      // agents do not let time pass: nothing of them runs any more
};

}  // namespace starling::sim
