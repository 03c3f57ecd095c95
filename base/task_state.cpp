#include <starling/task_state.hpp>

#include <algorithm>
#include <array>

namespace starling {
namespace {

constexpr std::array states{TaskState::waiting,  TaskState::open, TaskState::awarded,
                            TaskState::running,  TaskState::done, TaskState::dead,
                            TaskState::cancelled};

}  // namespace

std::string_view name_of(TaskState state) {
    switch (state) {
        case TaskState::waiting:
            return "waiting";
        case TaskState::open:
            return "open";
        case TaskState::awarded:
            return "awarded";
        case TaskState::running:
            return "running";
        case TaskState::done:
            return "done";
        case TaskState::dead:
            return "dead";
        case TaskState::cancelled:
            return "cancelled";
    }
    return "open";
}

std::string_view name_of(TaskStop stop) {
    switch (stop) {
        case TaskStop::none:
            return "none";
        case TaskStop::cancelled:
            return "cancelled";
        case TaskStop::lost:
            return "lost";
        case TaskStop::run_limit:
            return "run_limit";
        case TaskStop::leaving:
            return "leaving";
    }
    return "none";
}

std::optional<TaskState> task_state(std::string_view name) {
    const auto* found =
        std::ranges::find_if(states, [&](TaskState each) { return name_of(each) == name; });
    if (found == states.end()) return std::nullopt;
    return *found;
}

}  // namespace starling
