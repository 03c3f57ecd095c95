// Work: tasks that are offered, won by a node with the skill, run once, and kept track of.
//
//   offer ──> acknowledged (a majority of its custodians keeps the task) ──> done | dead |
//   cancelled serve ──> Task handed to a handler ──progress..──> finish | fail     (in any thread,
//   later)
//
// A payload and a result have at most 64 KiB.  Times are nanoseconds.
#pragma once

#include <starling/error.hpp>
#include <starling/export.hpp>
#include <starling/pending.hpp>
#include <starling/task_state.hpp>
#include <starling/value.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace starling {

struct TaskOffer {
    std::string skill;  // 1 to 256 bytes
    Value payload{};
    std::string key{};  // the same key is the same task, for 24 h; empty: a task of its own
    std::chrono::nanoseconds estimate{};   // how long it takes, for bidders
    std::uint8_t priority = 0;             // 0 to 9, 9 first
    std::chrono::nanoseconds deadline{};   // from now; zero: none
    std::chrono::nanoseconds run_limit{};  // of one attempt; zero: the node's default
    std::uint32_t attempts = 0;            // zero: the node's default
    std::string agent{};
    std::string trace{};
};

struct TaskAttempt {
    std::string epoch;    // names the award; opaque
    std::string node;     // 64 hexadecimal digits
    std::string outcome;  // running, done, failed, crashed, lease_lost, .., refused_stale
    std::string reason;
    bool executed = false;         // it agreed to run the task, or showed a result
    std::uint64_t awarded_ms = 0;  // milliseconds since 1970, by the node that tells
    std::chrono::nanoseconds took{};
};

// What the custodians know about a task.
struct TaskInfo {
    std::string id;  // hexadecimal
    std::string skill;
    std::string key;
    TaskState state{};
    std::string why;  // of a task that waits, is dead or cancelled
    std::string announcer;
    std::vector<std::string> custodians;
    std::uint32_t generation = 1;
    std::string epoch;
    std::string winner;  // the node that has it, or finished it; empty: none
    std::vector<TaskAttempt> attempts;
    std::uint32_t executions = 0;
    std::uint32_t stale_refused = 0;  // results that came too late
    std::uint64_t offered_ms = 0;     // milliseconds since 1970
    std::optional<Value> result;      // of a task that is done; left out of listings
    bool partial = false;             // some custodians did not answer
};

struct TaskQuery {
    std::string after{};      // TaskPage::last of the page before
    std::uint32_t max = 256;  // at most 256
    std::optional<TaskState> state{};
};

struct TaskPage {
    std::vector<TaskInfo> tasks;  // in the order of their ids
    std::string last;             // ask again with it as `after`
    bool more = false;
    bool partial = false;
};

// An offer whose end is awaited.
struct AwaitedTask {
    Pending<TaskInfo> acknowledged;
    Pending<TaskInfo> finished;  // done, dead or cancelled; has no attempts: ask Node::task
};

struct ServeOptions {
    std::vector<std::string> skills;  // 1 to 64 of 1 to 256 bytes
    std::uint32_t slots = 1;          // tasks at a time, 1 to 256
    std::string agent{};
};

// One award of a task, as text: it may be handed to another thread or process.
struct Award {
    std::string task;   // id
    std::string epoch;  // opaque
};

struct TaskReport {
    bool counts = false;  // of a finish: accepted.  false: another attempt took over; forget it
};

namespace detail {
struct Assigned;
}  // namespace detail

// A task that this program runs now.  Movable; any thread may end it, one at a time.  A task that
// is dropped without an end fails and is tried again.
class STARLING_EXPORT Task {
public:
    explicit Task(std::unique_ptr<detail::Assigned> assigned);
    Task(Task&& other) noexcept;
    Task& operator=(Task&& other) noexcept;
    ~Task();

    [[nodiscard]] const Award& award() const;
    [[nodiscard]] const std::string& skill() const;
    [[nodiscard]] const Value& payload() const;
    [[nodiscard]] const std::string& key() const;
    [[nodiscard]] const std::string& trace() const;
    [[nodiscard]] std::uint32_t attempt() const;               // 1 for the first
    [[nodiscard]] std::chrono::nanoseconds deadline() const;   // from its offer; zero: none
    [[nodiscard]] std::chrono::nanoseconds run_limit() const;  // of this attempt

    // Not none: nothing it reports will count any more, leave it.  The task still wants an end, for
    // the worker to be free.  Told as soon as the node knows, even while the handler that got this
    // task blocks poll(); where a node is cut off that is when it is linked again.  Any thread.
    [[nodiscard]] TaskStop stopped() const;

    // Ends it.  The answer comes when a majority of the task's custodians accepted the result, or
    // when it was refused because another attempt took over; the worker is free before that.
    // finish_unknown: neither within 5 s; the result is kept, over a restart too, and offered on.
    // task_ended: it was ended before.  value_too_long: nothing happened, end it otherwise.
    Pending<TaskReport> finish(const Value& result);

    // `retry` false: further attempts are useless, the task is dead-lettered.
    Pending<TaskReport> fail(const std::string& reason, bool retry = true);

    // Leaves the task to whoever knows its award: dropping this object ends nothing any more.
    Award release();

    // Tells how far it is; `counts` false in the answer: stop.
    Pending<TaskReport> progress(const std::string& note);

private:
    std::unique_ptr<detail::Assigned> assigned_;
};

}  // namespace starling
