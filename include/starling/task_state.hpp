// How far a task is.
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

[[nodiscard]] STARLING_EXPORT std::string_view name_of(TaskState state);
[[nodiscard]] STARLING_EXPORT std::optional<TaskState> task_state(std::string_view name);

}  // namespace starling
