// Where an agent lives: what a Ctx needs of the machine around it, real or simulated.
//
//   Agent ──Ctx──> question (questions.hpp) ──> AgentPlace::call ──bytes──> a node
//                                                 ├── a thread, a driver, clocks node/io/agent_run
//                                                 └── a simulated host             sim/agents
//
// Invariants of every place:
//   I1  What it is handed runs later, one at a time, in the order in which it became due.
//   I2  Nothing runs after the place was told to stop, or after it ended.
//
// Not thread safe.
#pragma once

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/moment.hpp"
#include <starling/agent.hpp>
#include <starling/error.hpp>
#include <starling/value.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace starling::detail {

inline constexpr std::size_t externals_max = 64;  // under way, of one agent

// An external call that did not time out yet.
struct AwaitedCall {
    Then<Value> then;
    TimerId timer = 0;
};

class AgentPlace {
public:
    // One answer, or one item of a stream; `last` says that none follows.
    using Answered = std::function<void(const Result<Bytes>& body, bool last)>;
    using Task = std::function<void()>;

    AgentPlace() = default;
    AgentPlace(const AgentPlace&) = delete;
    AgentPlace& operator=(const AgentPlace&) = delete;
    virtual ~AgentPlace() = default;

    virtual void post(Task task) = 0;
    virtual void call(Bytes request, Answered answered) = 0;

    // An empty body says that the agent was too slow: items are missing.
    virtual StreamId open_stream(Bytes request, Answered item) = 0;
    virtual void end_stream(StreamId stream) = 0;

    virtual TimerId start_timer(Duration after, Task task) = 0;
    virtual void cancel_timer(TimerId timer) = 0;

    // REQUIRES: a payload within the limit of values.
    virtual void call_external(const std::string& name, const Value& payload, Duration timeout,
                               Then<Value> then) = 0;
    virtual void note(const std::string& name, const Value& value) = 0;
    virtual void stop() = 0;

    [[nodiscard]] virtual BootTime clock() const = 0;
    [[nodiscard]] virtual Random& random() = 0;
    [[nodiscard]] virtual const NodeId& node() const = 0;
    [[nodiscard]] virtual const std::string& node_text() const = 0;
};

// Errors that every place gives alike.
[[nodiscard]] Error external_unknown(const std::string& name);
[[nodiscard]] Error externals_waiting();
[[nodiscard]] Error external_timed_out(const std::string& name, Duration timeout);

// What an External answers.  Errors: value_too_long; external_threw, with what it threw.
[[nodiscard]] Result<Value> answer_of(const External& external, const Value& payload);

}  // namespace starling::detail
