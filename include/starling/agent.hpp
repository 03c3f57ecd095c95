// An agent: a program beside a node that acts on what happens in the mesh.
//
//   on_start ──> on_change | on_member | on_task | answers | timers | external results ──> gone
//
//   struct Greeter : starling::Agent {
//       void on_start(starling::Ctx& c) override { c.put("greeting", "hello"); }
//   };
//   starling::run(node, greeter);             on a real node (run_agent.hpp)
//   world.spawn<Greeter>(3);                  in a simulated mesh (sim.hpp)
//
// The same in both:
//   P1  Handlers run one at a time, and none inside a call of Ctx.  None may block.
//   P2  on_start comes first, once the node is ready.
//   P3  Each `then` is called once, with the answer or the error that Node gives (node.hpp), unless
//       the agent ends before.  Answers come in the order in which the node gave them, items of a
//       stream in the order of the stream.  What never reaches the node, such as a value that is
//       too long, may be told before or after what was asked earlier.
//   P4  A timer fires when its time has passed or later, never sooner.
//   P5  A process that ends takes its agent along.  The next one begins with a fresh agent: what is
//       not in the mesh is forgotten.
//   P6  An external call ends once: with its result, or with timed_out and Changed::unknown.
//
// In a simulated mesh handlers take no time, so that no stream ever lags.  Not thread safe: agent
// and Ctx belong to the one thread that runs them.
#pragma once

#include <starling/decision.hpp>
#include <starling/error.hpp>
#include <starling/export.hpp>
#include <starling/member.hpp>
#include <starling/register.hpp>
#include <starling/state.hpp>
#include <starling/task.hpp>
#include <starling/value.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace starling {

namespace detail {
class AgentPlace;
}  // namespace detail

class Agent;

// Takes the answer to a call; empty: the answer is not of interest.
template <class T>
using Then = std::function<void(Result<T>)>;

// What an external call does: asks a model, a tool, a service.  It may block, and may be called
// from several threads at once on a real node.  An error it gives reaches the agent as it is.
using External = std::function<Result<Value>(const Value& payload)>;

// A task that the agent runs now: end it with Ctx::finish or Ctx::fail.  One that is never ended is
// given to others when its run limit has passed.
struct Assignment {
    Award award;
    std::string skill;
    Value payload;
    std::string key;
    std::string trace;
    std::uint32_t attempt = 1;             // 1 for the first
    std::chrono::nanoseconds deadline{};   // from its offer; zero: none
    std::chrono::nanoseconds run_limit{};  // of this attempt
};

// Names a stream or a timer of one agent.
using StreamId = std::uint64_t;
using TimerId = std::uint64_t;

// Random numbers, for choices and jitter: a function of the seed of a simulated mesh, so that
// nothing else may be drawn from.  A real node's are seeded by the system.
class STARLING_EXPORT Random {
public:
    explicit Random(std::uint64_t seed, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}

    [[nodiscard]] std::uint64_t next();

    // Uniform in [0, bound); zero for bound 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound);

    // Uniform, both ends included; `low` when `high` is not above it.
    [[nodiscard]] std::chrono::nanoseconds between(std::chrono::nanoseconds low,
                                                   std::chrono::nanoseconds high);

    // True in `parts` of `whole` cases.
    [[nodiscard]] bool chance(std::uint64_t parts, std::uint64_t whole);

private:
    std::uint64_t seed_;
    std::uint64_t stream_;
    std::uint64_t drawn_ = 0;
};

// What an agent can do.  Valid as long as its agent: callbacks may keep a reference to it.
class STARLING_EXPORT Ctx {
public:
    using Time = std::chrono::nanoseconds;
    static constexpr Time agreement_timeout = std::chrono::seconds(4);

    Ctx(detail::AgentPlace& place, Agent& agent) : place_(place), agent_(agent) {}

    Ctx(const Ctx&) = delete;
    Ctx& operator=(const Ctx&) = delete;

    // The clock of this machine since it booted: for differences only.
    [[nodiscard]] Time now() const { return since_boot(); }

    [[nodiscard]] Random& random();
    [[nodiscard]] const std::string& node() const;  // 64 hexadecimal digits

    // ---- state: as in node.hpp
    void write(const std::vector<WriteStep>& steps, const WriteOptions& options = {},
               Then<Written> then = {});
    void put(const std::string& key, const Value& value, Then<Written> then = {});
    void del(const std::string& key, Then<Written> then = {});
    void add(const std::string& key, std::int64_t amount, Then<Written> then = {});
    void insert(const std::string& key, const Value& element, Then<Written> then = {});
    void remove(const std::string& key, const Value& element, Then<Written> then = {});
    void get(const std::string& key, Then<EntryPage> then);
    void list(const std::string& prefix, Then<EntryPage> then, const std::string& after = {},
              std::uint32_t max = 996);

    // Items come to Agent::on_change, until the stream or the agent ends.
    StreamId watch(const std::string& prefix);
    StreamId watch_members();  // to Agent::on_member
    void end(StreamId stream);

    // ---- agreement: as in node.hpp
    void register_get(const std::string& name, Then<RegisterState> then,
                      Time timeout = agreement_timeout);
    void register_cas(const std::string& name, const std::optional<Value>& value,
                      const CasOptions& options, Then<RegisterState> then);
    void register_settle(const std::string& name, const std::string& operation,
                         Then<RegisterState> then, Time timeout = agreement_timeout);
    void lease_acquire(const std::string& name, const std::string& holder, Time term,
                       Then<Lease> then, Time timeout = agreement_timeout);
    void lease_renew(const std::string& name, std::uint64_t fence, Time term, Then<Lease> then,
                     Time timeout = agreement_timeout);
    void lease_release(const std::string& name, std::uint64_t fence, Then<Lease> then = {},
                       Time timeout = agreement_timeout);
    void lease_show(const std::string& name, Then<Lease> then, Time timeout = agreement_timeout);
    void propose(const Proposal& proposal, Then<Decision> then, Time timeout = agreement_timeout);
    void vote(const std::string& name, const Ballot& ballot, Then<Decision> then = {},
              Time timeout = agreement_timeout);
    void decision(const std::string& name, Until until, Then<Decision> then,
                  Time timeout = agreement_timeout);

    // ---- work: as in node.hpp.  `finished` is told id, state, winner and result once the task
    // ended, as long as this process lives; to be sure offer it again with its key, or ask for it.
    void offer(const TaskOffer& task, Then<TaskInfo> acknowledged = {},
               Then<TaskInfo> finished = {});

    // Assignments come to Agent::on_task, and what should be left to Agent::on_stop.
    StreamId serve(const ServeOptions& options);
    void finish(const Award& award, const Value& result, Then<TaskReport> then = {});
    void fail(const Award& award, const std::string& reason, bool retry = true,
              Then<TaskReport> then = {});
    void progress(const Award& award, const std::string& note, Then<TaskReport> then = {});
    void task(const std::string& id, Then<TaskInfo> then);
    void cancel(const std::string& id, const std::string& reason, Then<TaskInfo> then = {});

    // ---- time and the world outside
    TimerId after(Time time, std::function<void()> then);
    void cancel_timer(TimerId timer);

    // Calls the External of this name that the host of the agent was given.  At most 64 are under
    // way.  Errors: external_unknown, value_too_long (payload or result, 64 KiB),
    // externals_waiting, timed_out; or what the External gives.
    void call(const std::string& name, const Value& payload, Time timeout, Then<Value> then);

    // Tells whoever looks on that something happened, such as an effect outside the mesh: checks of
    // a simulated mesh see it (View), a real node hands it to RunOptions::on_note.
    void note(const std::string& name, const Value& value);

    // Ends the agent after this handler; no other runs.
    void stop();

private:
    [[nodiscard]] Time since_boot() const;

    detail::AgentPlace& place_;
    Agent& agent_;
};

class STARLING_EXPORT Agent {
public:
    Agent() = default;
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;
    virtual ~Agent() = default;

    virtual void on_start(Ctx& c) = 0;

    virtual void on_change(Ctx& /*c*/, const StateChange& /*change*/) {}

    virtual void on_member(Ctx& /*c*/, const MemberEvent& /*event*/) {}

    virtual void on_task(Ctx& /*c*/, const Assignment& /*task*/) {}

    // Nothing that is reported under this award counts any more: leave the task.  It still wants an
    // end, for the worker to be free.
    virtual void on_stop(Ctx& /*c*/, const Award& /*award*/, TaskStop /*why*/) {}

    // A stream that could not be opened, or ended by itself: worker_refused, node_closed.
    virtual void on_error(Ctx& /*c*/, const Error& /*error*/) {}
};

}  // namespace starling
