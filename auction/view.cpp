#include "auction/view.hpp"

#include "auction/encoding.hpp"
#include "base/limits.hpp"

#include <algorithm>
#include <tuple>

namespace starling::auction {
namespace {

void count_attempts(TaskView& view) {
    const auto count = [&](bool Attempt::*flag) {
        return static_cast<std::uint32_t>(std::count_if(view.attempts.begin(), view.attempts.end(),
                                                        [&](const Attempt& a) { return a.*flag; }));
    };
    view.executions = std::max(view.executions, count(&Attempt::executed));
    view.refused = std::max(view.refused, count(&Attempt::refused));
}

auto weight(const TaskView& view) {
    return std::make_tuple(is_final(view.state), view.generation, view.epoch, view.source);
}

}  // namespace

bool is_final(TaskState state) {
    return state == TaskState::done || state == TaskState::dead || state == TaskState::cancelled;
}

TaskState state_of(Ending ending) {
    switch (ending) {
        case Ending::done:
            return TaskState::done;
        case Ending::dead:
            return TaskState::dead;
        case Ending::cancelled:
            return TaskState::cancelled;
    }
    return TaskState::dead;
}

std::string_view name_of(WaitReason reason) {
    switch (reason) {
        case WaitReason::none:
            return "none";
        case WaitReason::recording:
            return "recording";
        case WaitReason::no_agent:
            return "no_agent";
        case WaitReason::no_worker:
            return "no_worker";
        case WaitReason::all_declined:
            return "all_declined";
        case WaitReason::backoff:
            return "backoff";
        case WaitReason::no_majority:
            return "no_majority";
        case WaitReason::settling:
            return "settling";
    }
    return "unknown";
}

void TaskView::encode(Writer& out) const {
    out.list(20);
    out.id(id);
    out.text(skill);
    out.text(key);
    put_enum(out, state);
    put_enum(out, reason);
    put_enum(out, source);
    out.id(announcer);
    out.uint(offered_ms);
    out.uint(finished_ms);
    out.uint(priority);
    out.uint(generation);
    epoch.encode(out);
    out.id(winner);
    out.uint(permille);
    out.uint(executions);
    out.uint(refused);
    out.text(text);
    put_nodes(out, custodians);
    put_list(out, attempts);
    out.bytes(result);
}

bool TaskView::decode(Reader& in, TaskView& view) {
    view.id = in.id<TaskId>();
    view.skill = take_text(in, limits::name_bytes);
    view.key = take_text(in, limits::name_bytes);
    view.state = take_enum<TaskState>(in, 7);
    view.reason = take_enum<WaitReason>(in, 8);
    view.source = take_enum<Source>(in, 2);
    view.announcer = in.id<NodeId>();
    view.offered_ms = in.uint();
    view.finished_ms = in.uint();
    view.priority = static_cast<std::uint8_t>(in.uint(9));
    view.generation = static_cast<std::uint32_t>(in.uint(limits::task_rounds));
    take(in, view.epoch);
    view.winner = in.id<NodeId>();
    view.permille = static_cast<std::uint32_t>(in.uint(1000));
    view.executions = static_cast<std::uint32_t>(in.uint(limits::task_rounds));
    view.refused = static_cast<std::uint32_t>(in.uint(limits::task_rounds));
    view.text = take_text(in, limits::name_bytes);
    take_nodes(in, view.custodians, limits::key_custodians);
    take_list(in, view.attempts, limits::attempts_kept);
    view.result = take_bytes(in, limits::encoded_value_bytes);
    return in.ok();
}

TaskView view_of(const Record& record, const Epoch& epoch, const Attempts& attempts) {
    TaskView view;
    view.id = record.id;
    view.skill = record.spec.skill;
    view.key = record.spec.key;
    view.state = TaskState::open;
    view.announcer = record.announcer;
    view.offered_ms = record.offered_ms;
    view.priority = record.spec.priority;
    view.generation = record.home.generation;
    view.epoch = epoch;
    view.custodians = record.custodians;
    view.attempts = attempts;
    count_attempts(view);
    return view;
}

void show_outcome(TaskView& view, const Outcome& outcome) {
    view.state = state_of(outcome.ending);
    view.reason = WaitReason::none;
    view.winner = outcome.ending == Ending::done ? outcome.executor : NodeId{};
    view.text = outcome.reason;
    view.result = outcome.result;
}

void merge(TaskView& into, const TaskView& other) {
    Attempts attempts = into.attempts;
    merge(attempts, other.attempts);
    const auto executions = std::max(into.executions, other.executions);
    const auto refused = std::max(into.refused, other.refused);
    if (weight(into) < weight(other)) into = other;
    into.attempts = std::move(attempts);
    into.executions = executions;
    into.refused = refused;
    count_attempts(into);
}

bool passes(const TaskView& view, ListFilter filter) {
    switch (filter) {
        case ListFilter::all:
            return true;
        case ListFilter::unfinished:
            return !is_final(view.state);
        case ListFilter::dead:
            return view.state == TaskState::dead;
    }
    return false;
}

}  // namespace starling::auction
