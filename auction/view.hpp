// A task as `show` and `ls` present it: put together from what custodians and runner say.
//
// Values: thread safe to read.
#pragma once

#include "auction/task.hpp"
#include <starling/task_state.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace starling::auction {

[[nodiscard]] bool is_final(TaskState state);
[[nodiscard]] TaskState state_of(Ending ending);

// Why a task is not with a worker.
enum class WaitReason : std::uint8_t {
    none,
    recording,     // too few custodians have it yet
    no_agent,      // no node that is alive advertises the skill
    no_worker,     // all workers with the skill are busy
    all_declined,  // those who were asked refused or kept silent
    backoff,       // it failed and is tried again after a while
    no_majority,   // too few of its custodians are reachable
    settling,      // an epoch is being granted, or an outcome stored
};
[[nodiscard]] std::string_view name_of(WaitReason reason);

enum class ListFilter : std::uint8_t { all, unfinished, dead };

// Who says so.
enum class Source : std::uint8_t { custodian, runner };

struct TaskView {
    TaskId id;
    std::string skill;
    std::string key;
    TaskState state{};
    WaitReason reason{};
    Source source{};
    NodeId announcer;
    std::uint64_t offered_ms = 0;
    std::uint64_t finished_ms = 0;
    std::uint8_t priority = 0;
    std::uint32_t generation = 1;
    Epoch epoch;
    NodeId winner;               // zero: none
    std::uint32_t permille = 0;  // progress of a running task
    std::uint32_t executions = 0;
    std::uint32_t refused = 0;  // results refused as stale
    std::string text;           // progress note, or why it is dead or cancelled
    std::vector<NodeId> custodians;
    Attempts attempts;  // only when one task was asked for
    Bytes result;       // only when one task was asked for

    void encode(Writer& out) const;
    static bool decode(Reader& in, TaskView& view);
};

// What a record, an outcome and attempts show.
[[nodiscard]] TaskView view_of(const Record& record, const Epoch& epoch, const Attempts& attempts);
void show_outcome(TaskView& view, const Outcome& outcome);

// Joins what two nodes say of one task: final before unfinished, later generation and epoch before
// earlier, the runner before a custodian; attempts are united.
void merge(TaskView& into, const TaskView& other);

[[nodiscard]] bool passes(const TaskView& view, ListFilter filter);

}  // namespace starling::auction
