#include "base/limits.hpp"
#include "node/calls_task.hpp"
#include "node/io/assigned.hpp"
#include "node/io/node_inside.hpp"
#include "node/io/node_values.hpp"

#include <algorithm>

namespace starling {
namespace {

constexpr auto none = detail::Effect::none;
constexpr auto possible = detail::Effect::possible;
constexpr Duration custodians_answer_within = std::chrono::seconds(4);

TaskAttempt attempt_of(const node::AttemptRecord& record) {
    return {detail::text_of(record.epoch),
            record.node.hex(),
            record.outcome,
            record.reason,
            record.executed,
            record.awarded_ms,
            record.took};
}

TaskInfo info_of(const node::TaskRecord& record) {
    TaskInfo info;
    info.id = record.task.hex();
    info.skill = record.skill;
    info.key = record.key;
    info.state = record.state;
    info.why = record.why;
    info.announcer = detail::text_or_nothing(record.announcer);
    for (const NodeId& custodian : record.custodians) info.custodians.push_back(custodian.hex());
    info.generation = record.generation;
    info.epoch = detail::text_of(record.epoch);
    if (record.winner) info.winner = detail::text_or_nothing(*record.winner);
    for (const auto& attempt : record.attempts) info.attempts.push_back(attempt_of(attempt));
    info.executions = record.executions;
    info.stale_refused = record.stale_refused;
    info.offered_ms = record.offered_ms;
    if (record.result) info.result = detail::unpacked(*record.result);
    info.partial = record.partial;
    return info;
}

TaskPage page_of(const node::TaskPage& page) {
    TaskPage tasks;
    for (const auto& record : page.tasks) tasks.tasks.push_back(info_of(record));
    if (page.last) tasks.last = page.last->hex();
    tasks.more = page.more;
    tasks.partial = page.partial;
    return tasks;
}

Result<node::TaskOfferAsk> ask_of(const TaskOffer& task, bool wait) {
    node::TaskOfferAsk ask;
    auto payload = detail::packed(task.payload);
    if (!payload) return tl::unexpected<Error>(std::move(payload.error()));
    ask.skill = task.skill;
    ask.payload = std::move(*payload);
    ask.key = task.key;
    ask.estimate = task.estimate;
    ask.priority = task.priority;
    ask.deadline = task.deadline;
    ask.run_limit = task.run_limit;
    ask.attempts = task.attempts;
    ask.agent = task.agent;
    ask.trace = task.trace;
    ask.wait = wait;
    return ask;
}

std::optional<Error> fault_in(const ServeOptions& options) {
    const auto bad = [](const std::string& skill) {
        return skill.empty() || skill.size() > limits::name_bytes;
    };
    const bool skills = !options.skills.empty() && options.skills.size() <= limits::skills_per_node;
    if (!skills || std::ranges::any_of(options.skills, bad)) {
        return Error{ErrorCode::invalid, "worker_refused",
                     "a worker serves 1 to 64 skills of 1 to 256 bytes", "", Changed::no};
    }
    if (options.slots >= 1 && options.slots <= limits::list_entries) return std::nullopt;
    return Error{ErrorCode::invalid, "worker_refused", "a worker has 1 to 256 slots", "",
                 Changed::no};
}

TaskReport report_of(const node::TaskReported& reported) {
    return {reported.counts};
}

// Answers that say what a task is.
auto info_reader() {
    return detail::reader_of<node::TaskRecord>(info_of);
}

auto report_reader() {
    return detail::reader_of<node::TaskReported>(report_of);
}

struct AwardIds {
    TaskId task;
    node::EpochRecord epoch;
};

Result<AwardIds> ids_of(const Award& award) {
    const auto task = detail::task_of(award.task);
    if (!task) return tl::unexpected<Error>(task.error());
    const auto epoch = detail::epoch_of(award.epoch);
    if (!epoch) return tl::unexpected<Error>(epoch.error());
    return AwardIds{*task, *epoch};
}

}  // namespace

Pending<TaskInfo> Node::offer(const TaskOffer& task) {
    const auto ask = ask_of(task, false);
    if (!ask) return inside_->fail<TaskInfo>(ask.error());
    return inside_->ask<TaskInfo>(*ask, possible, info_reader());
}

AwaitedTask Node::offer_and_wait(const TaskOffer& task) {
    const auto ask = ask_of(task, true);
    if (!ask) return {inside_->fail<TaskInfo>(ask.error()), inside_->fail<TaskInfo>(ask.error())};
    using Call = detail::CallFor<TaskInfo>;
    auto acknowledged = std::make_shared<Call>(inside_->shared_inbox(), possible, info_reader());
    auto finished = std::make_shared<Call>(inside_->shared_inbox(), possible, info_reader());
    const auto taken = [acknowledged, finished](ByteView body, bool last) {
        acknowledged->answer(body);  // does nothing the second time
        if (last || body.empty()) finished->answer(body);
    };
    if (inside_->driver().call(node::request_bytes(*ask), taken).value == 0) {
        acknowledged->fail(inside_->refused());
        finished->fail(inside_->refused());
    }
    return {Pending<TaskInfo>(std::move(acknowledged)), Pending<TaskInfo>(std::move(finished))};
}

Result<Watch> Node::serve(const ServeOptions& options, TaskHandler handler, ErrorHandler refused) {
    if (auto error = fault_in(options)) return tl::unexpected<Error>(std::move(*error));
    const auto report = [self = std::weak_ptr(inside_),
                         inbox = inside_->shared_inbox()](const detail::ReportAsk& ask) {
        const auto inside = self.lock();
        if (!inside) return detail::failed_call<TaskReport>(inbox, detail::node_closed());
        return std::visit(
            [&](const auto& each) {
                return inside->template ask<TaskReport>(each, possible, report_reader());
            },
            ask);
    };
    auto read = [handler = std::move(handler), refused = std::move(refused), report,
                 inbox = inside_->shared_inbox()](ByteView bytes) -> std::optional<NodeEvent> {
        Decoder decoder;
        auto record = node::answer_from<node::AssignmentRecord>(decoder, bytes);
        if (!record) {
            if (refused) refused(record.error());
            return std::nullopt;
        }
        Award award{record->task.hex(), detail::text_of(record->epoch)};
        Value payload = detail::unpacked(record->payload);
        handler(Task(std::make_unique<detail::Assigned>(detail::Assigned{
            std::move(award), std::move(*record), std::move(payload), inbox, report})));
        return std::nullopt;  // delivered
    };
    // With a handler, so that items are read in poll(); it has nothing left to do.
    return inside_->subscribe(node::TaskServeAsk{options.skills, options.agent, options.slots},
                              std::move(read), [](const NodeEvent&) {});
}

Pending<TaskReport> Node::finish(const Award& award, const Value& result) {
    const auto ids = ids_of(award);
    if (!ids) return inside_->fail<TaskReport>(ids.error());
    auto bytes = detail::packed(result);
    if (!bytes) return inside_->fail<TaskReport>(std::move(bytes.error()));
    return inside_->ask<TaskReport>(node::TaskFinishAsk{ids->task, ids->epoch, std::move(*bytes)},
                                    possible, report_reader());
}

Pending<TaskReport> Node::fail(const Award& award, const std::string& reason, bool retry) {
    const auto ids = ids_of(award);
    if (!ids) return inside_->fail<TaskReport>(ids.error());
    return inside_->ask<TaskReport>(node::TaskFailAsk{ids->task, ids->epoch, reason, retry},
                                    possible, report_reader());
}

Pending<TaskReport> Node::progress(const Award& award, const std::string& note) {
    const auto ids = ids_of(award);
    if (!ids) return inside_->fail<TaskReport>(ids.error());
    return inside_->ask<TaskReport>(node::TaskProgressAsk{ids->task, ids->epoch, note}, possible,
                                    report_reader());
}

Pending<TaskInfo> Node::task(const std::string& id) const {
    const auto task = detail::task_of(id);
    if (!task) return inside_->fail<TaskInfo>(task.error());
    return inside_->ask<TaskInfo>(node::TaskShowAsk{*task, custodians_answer_within}, none,
                                  info_reader());
}

Pending<TaskPage> Node::tasks(const TaskQuery& query) const {
    node::TaskListAsk ask{std::nullopt, query.max, query.state, custodians_answer_within};
    if (!query.after.empty()) {
        const auto after = detail::task_of(query.after);
        if (!after) return inside_->fail<TaskPage>(after.error());
        ask.after = *after;
    }
    return inside_->ask<TaskPage>(ask, none, detail::reader_of<node::TaskPage>(page_of));
}

Pending<TaskPage> Node::dead_letters(const std::string& after, std::uint32_t max) const {
    node::DeadLetterListAsk ask{std::nullopt, max, custodians_answer_within};
    if (!after.empty()) {
        const auto task = detail::task_of(after);
        if (!task) return inside_->fail<TaskPage>(task.error());
        ask.after = *task;
    }
    return inside_->ask<TaskPage>(ask, none, detail::reader_of<node::TaskPage>(page_of));
}

Pending<TaskInfo> Node::dead_letter(const std::string& id) const {
    const auto task = detail::task_of(id);
    if (!task) return inside_->fail<TaskInfo>(task.error());
    return inside_->ask<TaskInfo>(node::DeadLetterShowAsk{*task, custodians_answer_within}, none,
                                  info_reader());
}

Pending<TaskInfo> Node::cancel(const std::string& id, const std::string& reason) {
    const auto task = detail::task_of(id);
    if (!task) return inside_->fail<TaskInfo>(task.error());
    return inside_->ask<TaskInfo>(node::TaskCancelAsk{*task, reason, custodians_answer_within},
                                  possible, info_reader());
}

}  // namespace starling
