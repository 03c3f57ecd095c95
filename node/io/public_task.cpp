#include "node/io/assigned.hpp"
#include "node/io/node_inside.hpp"
#include "node/public_values.hpp"

namespace starling {
namespace {

// The last report about a task; task_ended when there was one before.
Pending<TaskReport> end(detail::Assigned& assigned, const detail::ReportAsk& ask) {
    if (assigned.ended) {
        return detail::failed_call<TaskReport>(
            assigned.inbox, {ErrorCode::invalid, "task_ended", "this task was ended before",
                             "end a task once", Changed::no});
    }
    assigned.ended = true;
    return assigned.report(ask);
}

}  // namespace

Task::Task(std::unique_ptr<detail::Assigned> assigned) : assigned_(std::move(assigned)) {}

Task::Task(Task&&) noexcept = default;

Task& Task::operator=(Task&& other) noexcept {
    std::swap(assigned_, other.assigned_);
    return *this;
}

Task::~Task() {
    if (assigned_ && !assigned_->ended) static_cast<void>(fail("the program dropped the task"));
}

const Award& Task::award() const {
    return assigned_->award;
}

const std::string& Task::skill() const {
    return assigned_->record.skill;
}

const Value& Task::payload() const {
    return assigned_->payload;
}

const std::string& Task::key() const {
    return assigned_->record.key;
}

const std::string& Task::trace() const {
    return assigned_->record.trace;
}

std::uint32_t Task::attempt() const {
    return assigned_->record.attempt;
}

std::chrono::nanoseconds Task::deadline() const {
    return assigned_->record.remaining;
}

std::chrono::nanoseconds Task::run_limit() const {
    return assigned_->record.run_limit;
}

TaskStop Task::stopped() const {
    return *assigned_->stop;
}

Pending<TaskReport> Task::finish(const Value& result) {
    auto bytes = detail::packed(result);
    if (!bytes) return detail::failed_call<TaskReport>(assigned_->inbox, bytes.error());
    const auto& record = assigned_->record;
    return end(*assigned_, node::TaskFinishAsk{record.task, record.epoch, std::move(*bytes)});
}

Pending<TaskReport> Task::fail(const std::string& reason, bool retry) {
    const auto& record = assigned_->record;
    return end(*assigned_, node::TaskFailAsk{record.task, record.epoch, reason, retry});
}

Award Task::release() {
    assigned_->ended = true;
    return assigned_->award;
}

Pending<TaskReport> Task::progress(const std::string& note) {
    const auto& record = assigned_->record;
    return assigned_->report(node::TaskProgressAsk{record.task, record.epoch, note});
}

}  // namespace starling
