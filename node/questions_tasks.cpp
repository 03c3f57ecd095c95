#include "base/limits.hpp"
#include "node/calls_task.hpp"
#include "node/public_values.hpp"
#include "node/questions.hpp"

#include <algorithm>

namespace starling::detail {
namespace {

constexpr Duration custodians_answer_within = std::chrono::seconds(4);

TaskAttempt attempt_of(const node::AttemptRecord& record) {
    return {text_of(record.epoch), record.node.hex(), record.outcome, record.reason,
            record.executed,       record.awarded_ms, record.took};
}

TaskInfo info_of(const node::TaskRecord& record) {
    TaskInfo info;
    info.id = record.task.hex();
    info.skill = record.skill;
    info.key = record.key;
    info.state = record.state;
    info.why = record.why;
    info.announcer = text_or_nothing(record.announcer);
    for (const NodeId& custodian : record.custodians) info.custodians.push_back(custodian.hex());
    info.generation = record.generation;
    info.epoch = text_of(record.epoch);
    if (record.winner) info.winner = text_or_nothing(*record.winner);
    for (const auto& attempt : record.attempts) info.attempts.push_back(attempt_of(attempt));
    info.executions = record.executions;
    info.stale_refused = record.stale_refused;
    info.offered_ms = record.offered_ms;
    if (record.result) info.result = unpacked(*record.result);
    info.partial = record.partial;
    return info;
}

TaskPage task_page_of(const node::TaskPage& page) {
    TaskPage tasks;
    for (const auto& record : page.tasks) tasks.tasks.push_back(info_of(record));
    if (page.last) tasks.last = page.last->hex();
    tasks.more = page.more;
    tasks.partial = page.partial;
    return tasks;
}

Result<node::TaskOfferAsk> ask_of(const TaskOffer& task, Awaited awaited) {
    node::TaskOfferAsk ask;
    auto payload = packed(task.payload);
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
    ask.wait = awaited == Awaited::finished;
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

template <class Request>
Question<TaskInfo> about_task(const Request& request, Effect effect) {
    return {node::request_bytes(request), effect, reader_of<node::TaskRecord>(info_of)};
}

template <class Request>
Question<TaskPage> about_tasks(const Request& request) {
    return {node::request_bytes(request), Effect::none, reader_of<node::TaskPage>(task_page_of)};
}

struct AwardIds {
    TaskId task;
    node::EpochRecord epoch;
};

Result<AwardIds> ids_of(const Award& award) {
    const auto task = task_of(award.task);
    if (!task) return tl::unexpected<Error>(task.error());
    const auto epoch = epoch_of(award.epoch);
    if (!epoch) return tl::unexpected<Error>(epoch.error());
    return AwardIds{*task, *epoch};
}

}  // namespace

Asked<TaskInfo> offer_question(const TaskOffer& task, Awaited awaited) {
    const auto ask = ask_of(task, awaited);
    if (!ask) return tl::unexpected<Error>(ask.error());
    return about_task(*ask, Effect::possible);
}

Asked<TaskInfo> task_question(const std::string& id) {
    const auto task = task_of(id);
    if (!task) return tl::unexpected<Error>(task.error());
    return about_task(node::TaskShowAsk{*task, custodians_answer_within}, Effect::none);
}

Asked<TaskPage> tasks_question(const TaskQuery& query) {
    node::TaskListAsk ask{std::nullopt, query.max, query.state, custodians_answer_within};
    if (!query.after.empty()) {
        const auto after = task_of(query.after);
        if (!after) return tl::unexpected<Error>(after.error());
        ask.after = *after;
    }
    return about_tasks(ask);
}

Asked<TaskPage> dead_letters_question(const std::string& after, std::uint32_t max) {
    node::DeadLetterListAsk ask{std::nullopt, max, custodians_answer_within};
    if (!after.empty()) {
        const auto task = task_of(after);
        if (!task) return tl::unexpected<Error>(task.error());
        ask.after = *task;
    }
    return about_tasks(ask);
}

Asked<TaskInfo> dead_letter_question(const std::string& id) {
    const auto task = task_of(id);
    if (!task) return tl::unexpected<Error>(task.error());
    return about_task(node::DeadLetterShowAsk{*task, custodians_answer_within}, Effect::none);
}

Asked<TaskInfo> cancel_question(const std::string& id, const std::string& reason) {
    const auto task = task_of(id);
    if (!task) return tl::unexpected<Error>(task.error());
    return about_task(node::TaskCancelAsk{*task, reason, custodians_answer_within},
                      Effect::possible);
}

Asked<TaskReport> report_question(const ReportAsk& ask) {
    Bytes request = std::visit([](const auto& each) { return node::request_bytes(each); }, ask);
    const auto convert = [](const node::TaskReported& reported) {
        return TaskReport{reported.counts};
    };
    return Question<TaskReport>{std::move(request), Effect::possible,
                                reader_of<node::TaskReported>(convert)};
}

Asked<TaskReport> finish_question(const Award& award, const Value& result) {
    const auto ids = ids_of(award);
    if (!ids) return tl::unexpected<Error>(ids.error());
    auto bytes = packed(result);
    if (!bytes) return tl::unexpected<Error>(std::move(bytes.error()));
    return report_question(node::TaskFinishAsk{ids->task, ids->epoch, std::move(*bytes)});
}

Asked<TaskReport> fail_question(const Award& award, const std::string& reason, bool retry) {
    const auto ids = ids_of(award);
    if (!ids) return tl::unexpected<Error>(ids.error());
    return report_question(node::TaskFailAsk{ids->task, ids->epoch, reason, retry});
}

Asked<TaskReport> progress_question(const Award& award, const std::string& note) {
    const auto ids = ids_of(award);
    if (!ids) return tl::unexpected<Error>(ids.error());
    return report_question(node::TaskProgressAsk{ids->task, ids->epoch, note});
}

Result<node::TaskServeAsk> serve_request(const ServeOptions& options) {
    if (auto error = fault_in(options)) return tl::unexpected<Error>(std::move(*error));
    return node::TaskServeAsk{options.skills, options.agent, options.slots};
}

}  // namespace starling::detail
