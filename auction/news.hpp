// What auctions have to tell local programs, keyed by the call that asked.
//
// Values: thread safe to read.
#pragma once

#include "auction/task.hpp"
#include "auction/view.hpp"
#include "base/ids.hpp"

#include <optional>
#include <string>
#include <vector>

namespace starling::auction {

using WorkerId = Ordinal<struct WorkerTag, std::uint64_t>;

enum class OfferVerdict : std::uint8_t {
    taken,       // an Acknowledged follows
    invalid,     // see the fault; nothing happened
    overloaded,  // too many open auctions here; nothing happened
};

struct Offered {
    OfferVerdict verdict{};
    SpecFault fault{};
    TaskId task;
};

enum class AckVerdict : std::uint8_t {
    recorded,    // a majority of the custodians holds it: it will not be lost
    unknown,     // no majority in time: it may be recorded; offer it again with the same key
    overloaded,  // the custodians refused it; nothing happened
};

struct Acknowledged {
    CallId call;
    TaskId task;
    AckVerdict verdict{};
};

struct Finished {
    CallId call;
    TaskId task;
    Outcome outcome;
};

// How long after its acknowledgement a task was first awarded.
struct Awarded {
    TaskId task;
    Duration after{};
};

enum class CancelVerdict : std::uint8_t {
    cancelled,  // no result will be accepted
    too_late,   // it had ended already: `outcome`
    not_found,  // no custodian that answered knows the task
    no_quorum,  // too few custodians answered: it may still be cancelled
};

struct CancelAnswer {
    CallId call;
    TaskId task;
    CancelVerdict verdict{};
    std::optional<Outcome> outcome;
};

struct Shown {
    CallId call;
    TaskId task;
    std::optional<TaskView> view;
    bool partial = false;  // somebody who was asked did not answer
};

struct Listed {
    CallId call;
    std::vector<TaskView> views;  // ids ascending, complete up to the last
    bool more = false;
    bool partial = false;
};

// What a worker reports about: a task under the epoch it was given.
struct Award {
    TaskId task;
    Epoch epoch;

    friend bool operator==(const Award&, const Award&) = default;
};

// A task for a local worker.
struct Assignment {
    WorkerId worker;
    Record record;
    Epoch epoch;
    std::uint32_t attempt = 1;
};

enum class StopReason : std::uint8_t {
    cancelled,  // the task was cancelled or given up
    lost,       // another node runs it, or it ended otherwise
    run_limit,
    leaving,  // this node hands back what it runs
};

// A local worker should stop: nothing it reports of this task will count.
struct Stopped {
    WorkerId worker;
    TaskId task;
    Epoch epoch;
    StopReason reason{};
};

// What became of a local worker's result.
struct Settled {
    TaskId task;
    Epoch epoch;
    bool accepted = false;  // otherwise refused as stale
};

enum class ReportVerdict : std::uint8_t {
    taken,
    unknown_task,  // this node does not run the task under this epoch (any more)
    too_large,     // a result is at most limits::encoded_value_bytes
};

}  // namespace starling::auction
