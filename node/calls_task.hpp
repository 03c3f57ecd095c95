// Calls about work: offering tasks, asking the ledger, serving skills, dead letters.
//
//   offer ──> acknowledged (a majority of its custodians keeps the task) ──> finished
//   serve ──> assignment ──> progress.. ──> finish | fail        (or a second item: stop)
//
// Values, thread safe.
#pragma once

#include "node/calls.hpp"
#include <starling/task.hpp>

namespace starling {

constexpr TaskState last_of(TaskState) {
    return TaskState::cancelled;
}

constexpr TaskStop last_of(TaskStop) {
    return TaskStop::leaving;
}

}  // namespace starling

namespace starling::node {

using starling::TaskState;
using starling::TaskStop;

// Rises with every award of a task; results of older epochs are refused as stale.
struct EpochRecord {
    std::uint32_t round = 0;
    NodeId granter;
    Boot boot;  // of the granter
    std::uint64_t term = 0;

    friend bool operator==(const EpochRecord&, const EpochRecord&) = default;

    STARLING_FIELDS(round, granter, boot, term)
};

struct TaskOfferAsk {
    static constexpr CallKind call = CallKind::task_offer;

    std::string skill;
    Bytes payload;
    std::string key;  // idempotency: the same key is the same task; may be empty
    Duration estimate{};
    std::uint8_t priority = 0;   // 0 to 9
    Duration deadline{};         // from now; zero: none
    Duration run_limit{};        // of one attempt; zero: the node's default
    std::uint32_t attempts = 0;  // zero: the node's default
    std::string agent;
    std::string trace;
    bool wait = false;  // a second answer follows when the task is finished

    STARLING_FIELDS(skill, payload, key, estimate, priority, deadline, run_limit, attempts, agent,
                    trace, wait)
};

struct AttemptRecord {
    EpochRecord epoch;
    NodeId node;
    std::string outcome;  // running, done, failed, crashed, lease_lost, .., refused_stale
    std::string reason;
    bool executed = false;         // it agreed to run the task, or showed a result
    std::uint64_t awarded_ms = 0;  // milliseconds since 1970, by the node that tells
    Duration took{};

    STARLING_FIELDS(epoch, node, outcome, reason, executed, awarded_ms, took)
};

struct TaskRecord {
    TaskId task;
    std::string skill;
    std::string key;
    TaskState state{};
    std::string why;
    NodeId announcer;
    std::vector<NodeId> custodians;
    std::uint32_t generation = 1;
    EpochRecord epoch;
    std::optional<NodeId> winner;
    std::vector<AttemptRecord> attempts;
    std::uint32_t executions = 0;
    std::uint32_t stale_refused = 0;  // results that came too late
    std::uint64_t offered_ms = 0;
    std::optional<Bytes> result;  // of a task that is done; left out of listings
    bool partial = false;         // some custodians did not answer

    STARLING_FIELDS(task, skill, key, state, why, announcer, custodians, generation, epoch, winner,
                    attempts, executions, stale_refused, offered_ms, result, partial)
};

struct TaskPage {
    std::vector<TaskRecord> tasks;
    std::optional<TaskId> last;  // ask for what comes after it; tasks of other states are left out
    bool more = false;
    bool partial = false;

    STARLING_FIELDS(tasks, last, more, partial)
};

// In the order of their ids.
struct TaskListAsk {
    static constexpr CallKind call = CallKind::task_list;

    std::optional<TaskId> after;
    std::uint32_t max = limits::page_items;
    std::optional<TaskState> state;
    Duration timeout{};

    STARLING_FIELDS(after, max, state, timeout)
};

struct TaskShowAsk {
    static constexpr CallKind call = CallKind::task_show;

    TaskId task;
    Duration timeout{};

    STARLING_FIELDS(task, timeout)
};

struct TaskCancelAsk {
    static constexpr CallKind call = CallKind::task_cancel;

    TaskId task;
    std::string reason;
    Duration timeout{};

    STARLING_FIELDS(task, reason, timeout)
};

// Makes this program a worker: up to `slots` assignments at a time come as a stream until it ends.
struct TaskServeAsk {
    static constexpr CallKind call = CallKind::task_serve;

    std::vector<std::string> skills;
    std::string agent;
    std::uint32_t slots = 1;

    STARLING_FIELDS(skills, agent, slots)
};

// With `stop` not none: the worker should leave what it was assigned under this epoch; nothing else
// is filled in then.
struct AssignmentRecord {
    TaskId task;
    EpochRecord epoch;
    TaskStop stop{};
    std::string skill;
    Bytes payload;
    std::string key;
    std::string trace;
    std::uint32_t attempt = 1;
    Duration remaining{};  // until the deadline; zero: none
    Duration run_limit{};

    STARLING_FIELDS(task, epoch, stop, skill, payload, key, trace, attempt, remaining, run_limit)
};

struct TaskFinishAsk {
    static constexpr CallKind call = CallKind::task_finish;

    TaskId task;
    EpochRecord epoch;
    Bytes result;

    STARLING_FIELDS(task, epoch, result)
};

struct TaskFailAsk {
    static constexpr CallKind call = CallKind::task_fail;

    TaskId task;
    EpochRecord epoch;
    std::string reason;
    bool retry = true;

    STARLING_FIELDS(task, epoch, reason, retry)
};

struct TaskProgressAsk {
    static constexpr CallKind call = CallKind::task_progress;

    TaskId task;
    EpochRecord epoch;
    std::string note;

    STARLING_FIELDS(task, epoch, note)
};

// Answer to fail and progress: whether this attempt still counts.  To finish: whether the result is
// the accepted one.
struct TaskReported {
    bool counts = false;  // false: another attempt took over; stop and forget it

    STARLING_FIELDS(counts)
};

struct DeadLetterListAsk {
    static constexpr CallKind call = CallKind::dead_letter_list;

    std::optional<TaskId> after;
    std::uint32_t max = limits::page_items;
    Duration timeout{};

    STARLING_FIELDS(after, max, timeout)
};

struct DeadLetterShowAsk {
    static constexpr CallKind call = CallKind::dead_letter_show;

    TaskId task;
    Duration timeout{};

    STARLING_FIELDS(task, timeout)
};

}  // namespace starling::node
