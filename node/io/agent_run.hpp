// An agent's place on a real node: everything reaches it through the node's inbox, in one thread.
//
//   driver thread ──answers, items──> inbox ──run()──> Agent
//   timers, due ────────────────────────^ ^
//   a thread for each external call ──────┘
//
// Invariants:
//   I1  Nothing of the agent runs outside run(), nor after stop().
//   I2  What the agent handed over stays in its thread; others know it by number.
//   I3  At most externals_max Externals run at a time; run() returns when none does.
//
// Not thread safe; what crosses threads is the inbox alone.
#pragma once

#include "node/agent_place.hpp"
#include "node/io/node_inside.hpp"
#include <starling/run_agent.hpp>

#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

namespace starling::detail {

class AgentRun final : public AgentPlace {
public:
    AgentRun(Node& node, const RunOptions& options);
    ~AgentRun() override;

    [[nodiscard]] Result<void> run(Agent& agent);

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

    [[nodiscard]] BootTime clock() const override;

    [[nodiscard]] Random& random() override { return random_; }

    [[nodiscard]] const NodeId& node() const override { return id_; }

    [[nodiscard]] const std::string& node_text() const override { return inside_->id(); }

private:
    using Inside = std::shared_ptr<Node::Inside>;

    [[nodiscard]] Task guarded(Task task);
    void carry_out(const Task& task);
    void take(std::uint64_t number, const Result<Bytes>& body, bool last);
    void fire_timers();
    [[nodiscard]] Duration idle_for() const;
    [[nodiscard]] bool is_over() const;
    void end_external(std::uint64_t number, const Result<Value>& answer);
    void join(std::uint64_t number);

    const Node& node_;
    Inside inside_;
    const NodeId id_;
    const RunOptions& options_;
    Random random_;
    std::shared_ptr<const bool> alive_;  // what comes in later finds it gone
    bool stopped_ = false;
    std::exception_ptr thrown_;
    std::uint64_t last_id_ = 0;
    std::map<std::uint64_t, Answered> calls_;
    std::map<TimerId, Task> timers_;
    std::set<std::pair<BootTime, TimerId>> due_;
    std::map<StreamId, Watch> streams_;
    std::map<std::uint64_t, AwaitedCall> awaited_;
    std::map<std::uint64_t, std::thread> threads_;
};

}  // namespace starling::detail
