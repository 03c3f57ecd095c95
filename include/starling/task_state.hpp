// How far a task is, and why a worker should leave it.
//
// Values: thread safe to read.
#pragma once

#include <starling/export.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace starling {

enum class TaskState : std::uint8_t {
    waiting,  // nobody can do it now; `why` says the reason
    open,     // an auction runs
    awarded,
    running,
    done,
    dead,  // given up: a dead letter
    cancelled,
};

// Why nothing that a worker reports of its task will count.
enum class TaskStop : std::uint8_t {
    none,       // it may go on
    cancelled,  // the task was cancelled or given up
    lost,       // another node runs it, or it ended otherwise
    run_limit,  // of this attempt
    leaving,    // the worker's node leaves; the task was handed back
};

[[nodiscard]] STARLING_EXPORT std::string_view name_of(TaskState state);
[[nodiscard]] STARLING_EXPORT std::string_view name_of(TaskStop stop);
[[nodiscard]] STARLING_EXPORT std::optional<TaskState> task_state(std::string_view name);

}  // namespace starling
