#include "node/task_service.hpp"

#include "base/limits.hpp"
#include "node/latency.hpp"

#include <algorithm>
#include <utility>

namespace starling::node {
namespace {

using auction::WorkerId;

// A result that is neither accepted nor refused by then goes on being offered, unheard.
constexpr Duration settle_within = std::chrono::seconds{5};

Failed failed(ErrorCode code, std::string name, std::string message, std::string hint,
              Changed changed = Changed::no) {
    return {Error{code, std::move(name), std::move(message), std::move(hint), changed}};
}

Failed no_such_task(const TaskId& task, bool partial) {
    return failed(ErrorCode::not_found, "task_not_found",
                  "no custodian that answered knows task " + task.hex(),
                  partial ? "some custodians did not answer: try again when they are back"
                          : "see starling task ls; finished tasks are kept for 24 h");
}

Failed too_many_calls() {
    return failed(ErrorCode::overloaded, "overloaded", "too many questions wait for custodians",
                  "wait, then ask again");
}

EpochRecord epoch_record(const auction::Epoch& epoch) {
    return {epoch.round, epoch.granter, epoch.boot, epoch.term};
}

auction::Award award_of(const TaskId& task, const EpochRecord& epoch) {
    return {task, {epoch.round, epoch.granter, epoch.boot, epoch.term}};
}

AttemptRecord attempt_record(const auction::Attempt& attempt) {
    AttemptRecord record;
    record.epoch = epoch_record(attempt.epoch);
    record.node = attempt.node;
    record.outcome = attempt.refused ? "refused_stale" : std::string(name_of(attempt.end));
    record.reason = attempt.reason;
    record.executed = attempt.executed;
    record.awarded_ms = attempt.started_ms;
    if (attempt.ended_ms > attempt.started_ms) {
        record.took = std::chrono::milliseconds(attempt.ended_ms - attempt.started_ms);
    }
    return record;
}

std::string why_of(const auction::TaskView& view) {
    if (!view.text.empty()) return view.text;
    if (view.reason == auction::WaitReason::none) return {};
    return std::string(name_of(view.reason));
}

TaskRecord record_of(const auction::TaskView& view) {
    TaskRecord record;
    record.task = view.id;
    record.skill = view.skill;
    record.key = view.key;
    record.state = view.state;
    record.why = why_of(view);
    record.announcer = view.announcer;
    record.custodians = view.custodians;
    record.generation = view.generation;
    record.epoch = epoch_record(view.epoch);
    if (!view.winner.is_zero()) record.winner = view.winner;
    for (const auto& attempt : view.attempts) record.attempts.push_back(attempt_record(attempt));
    record.executions = view.executions;
    record.stale_refused = view.refused;
    record.offered_ms = view.offered_ms;
    if (record.state == TaskState::done) record.result = view.result;
    return record;
}

TaskRecord finished_record(const TaskId& task, const auction::Outcome& outcome) {
    TaskRecord record;
    record.task = task;
    record.state = auction::state_of(outcome.ending);
    record.why = outcome.reason;
    record.epoch = epoch_record(outcome.origin);
    record.winner = outcome.executor;
    if (outcome.ending == auction::Ending::done) record.result = outcome.result;
    return record;
}

auction::TaskSpec spec_of(const TaskOfferAsk& ask) {
    auction::TaskSpec spec;
    spec.skill = ask.skill;
    spec.payload = ask.payload;
    spec.estimate = ask.estimate;
    spec.deadline = ask.deadline;
    if (ask.run_limit > Duration{0}) spec.run_limit = ask.run_limit;
    spec.priority = ask.priority;
    if (ask.attempts > 0) {
        spec.attempts_max = static_cast<std::uint8_t>(std::min<std::uint32_t>(ask.attempts, 255));
    }
    spec.key = ask.key;
    return spec;
}

TaskStop stop_of(auction::StopReason reason) {
    switch (reason) {
        case auction::StopReason::cancelled:
            return TaskStop::cancelled;
        case auction::StopReason::lost:
            return TaskStop::lost;
        case auction::StopReason::run_limit:
            return TaskStop::run_limit;
        case auction::StopReason::leaving:
            return TaskStop::leaving;
    }
    return TaskStop::lost;
}

auction::ListFilter filter_of(std::optional<TaskState> state) {
    if (!state) return auction::ListFilter::all;
    if (*state == TaskState::dead) return auction::ListFilter::dead;
    const bool ended = *state == TaskState::done || *state == TaskState::cancelled;
    return ended ? auction::ListFilter::all : auction::ListFilter::unfinished;
}

}  // namespace

void TaskService::on(CallId call, const TaskOfferAsk& ask, const Turn& turn) {
    const auto offered = auctions_.offer(spec_of(ask), call, turn.now, turn.out);
    switch (offered.verdict) {
        case auction::OfferVerdict::taken:
            offers_[call] = {ask, false};
            offers_[call].ask.payload.clear();
            return;
        case auction::OfferVerdict::invalid:
            turn.out.answer(call,
                            failed(ErrorCode::invalid, std::string(name_of(offered.fault)),
                                   "the task is not taken: " + std::string(name_of(offered.fault)),
                                   "see starling help task offer for the limits"));
            return;
        case auction::OfferVerdict::overloaded:
            turn.out.answer(call, failed(ErrorCode::overloaded, "overloaded",
                                         "this node runs as many auctions as it can",
                                         "wait, or offer on another node"));
            return;
    }
}

void TaskService::on(CallId call, const TaskListAsk& ask, const Turn& turn) {
    const auction::ListRequest request{filter_of(ask.state), ask.after.value_or(TaskId{}),
                                       std::min<std::uint32_t>(ask.max, limits::list_entries)};
    list(call, request, ask.state, turn);
}

void TaskService::on(CallId call, const DeadLetterListAsk& ask, const Turn& turn) {
    const auction::ListRequest request{auction::ListFilter::dead, ask.after.value_or(TaskId{}),
                                       std::min<std::uint32_t>(ask.max, limits::list_entries)};
    list(call, request, TaskState::dead, turn);
}

void TaskService::list(CallId call, const auction::ListRequest& request,
                       std::optional<TaskState> state, const Turn& turn) {
    if (auctions_.list(call, request, turn.now, turn.out) == auction::AskVerdict::overloaded) {
        turn.out.answer(call, too_many_calls());
        return;
    }
    lists_[call] = {state};
}

void TaskService::on(CallId call, const TaskShowAsk& ask, const Turn& turn) {
    if (auctions_.show(call, ask.task, turn.now, turn.out) == auction::AskVerdict::overloaded) {
        turn.out.answer(call, too_many_calls());
        return;
    }
    shows_[call] = Wanted::task;
}

void TaskService::on(CallId call, const DeadLetterShowAsk& ask, const Turn& turn) {
    if (auctions_.show(call, ask.task, turn.now, turn.out) == auction::AskVerdict::overloaded) {
        turn.out.answer(call, too_many_calls());
        return;
    }
    shows_[call] = Wanted::dead_letter;
}

void TaskService::on(CallId call, const TaskCancelAsk& ask, const Turn& turn) {
    if (auctions_.cancel(call, ask.task, turn.now, turn.out) == auction::AskVerdict::overloaded) {
        turn.out.answer(call, too_many_calls());
    }
}

void TaskService::on(CallId call, const TaskServeAsk& ask, const Turn& turn) {
    const std::uint32_t slots = std::clamp<std::uint32_t>(ask.slots, 1, limits::list_entries);
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
        const WorkerId worker{++last_worker_};
        workers_[worker] = call;
        for (const std::string& skill : ask.skills) {
            const auto verdict = auctions_.worker_waiting(skill, worker, turn.now, turn.out);
            if (verdict == auction::WorkerVerdict::waiting) continue;
            turn.out.answer(call, failed(ErrorCode::invalid, "worker_refused",
                                         "no worker for the skill \"" + skill + "\"",
                                         "a skill has 1 to 256 bytes; a node serves 64 of them"));
            on_call_ended(call);
            return;
        }
    }
}

void TaskService::on(CallId call, const TaskFinishAsk& ask, const Turn& turn) {
    const auction::Award award = award_of(ask.task, ask.epoch);
    const auto verdict =
        auctions_.finish(award, ask.result, auction::Afterwards::waits, turn.now, turn.out);
    if (verdict != auction::ReportVerdict::taken) return report(call, verdict, turn);
    finishes_.push_back({call, award, turn.now.boot_time + settle_within});
}

void TaskService::on(CallId call, const TaskFailAsk& ask, const Turn& turn) {
    report(call,
           auctions_.fail(award_of(ask.task, ask.epoch), {ask.reason, ask.retry},
                          auction::Afterwards::waits, turn.now, turn.out),
           turn);
}

void TaskService::on(CallId call, const TaskProgressAsk& ask, const Turn& turn) {
    report(call, auctions_.progress(award_of(ask.task, ask.epoch), 0, ask.note), turn);
}

void TaskService::report(CallId call, auction::ReportVerdict verdict, const Turn& turn) {
    if (verdict == auction::ReportVerdict::too_large) {
        turn.out.answer(
            call, failed(ErrorCode::invalid, "value_too_long",
                         "a result has at most " + std::to_string(limits::value_bytes) + " bytes",
                         "keep it elsewhere and report where"));
        return;
    }
    turn.out.answer(call, Ok{TaskReported{verdict == auction::ReportVerdict::taken}});
}

void TaskService::on_call_ended(CallId call) {
    for (const auto& [worker, server] : workers_) {
        if (server == call) gone_.push_back(worker);
    }
    std::erase_if(workers_, [&](const auto& entry) { return entry.second == call; });
    std::erase_if(finishes_, [&](const Finish& each) { return each.call == call; });
    offers_.erase(call);
    shows_.erase(call);
    lists_.erase(call);
    auctions_.forget(call);
}

void TaskService::on_tick(const Turn& turn) {
    for (const WorkerId worker : std::exchange(gone_, {})) {
        auctions_.worker_gone(worker, turn.now, turn.out);
    }
    for (const auction::Awarded& awarded : auctions_.take_awarded()) {
        count_latency(awards_, awarded.after);
    }
    tell_acknowledged(turn);
    tell_finished(turn);
    tell_cancelled(turn);
    tell_shown(turn);
    tell_listed(turn);
    tell_assignments(turn);
    tell_settled(turn);
    tell_stopped(turn);
}

void TaskService::tell_settled(const Turn& turn) {
    for (const auction::Settled& settled : auctions_.take_settled()) {
        const auction::Award award{settled.task, settled.epoch};
        const auto finish = std::find_if(finishes_.begin(), finishes_.end(),
                                         [&](const Finish& each) { return each.award == award; });
        if (finish == finishes_.end()) continue;
        turn.out.answer(finish->call, Ok{TaskReported{settled.accepted}});
        finishes_.erase(finish);
    }
    expire_finishes(turn);
}

void TaskService::expire_finishes(const Turn& turn) {
    while (!finishes_.empty() && turn.now.boot_time >= finishes_.front().until) {
        const Finish finish = finishes_.front();
        finishes_.erase(finishes_.begin());
        turn.out.answer(finish.call,
                        failed(ErrorCode::unknown, "finish_unknown",
                               "nobody could say yet whether the result of task " +
                                   finish.award.task.hex() + " is accepted",
                               "it is kept and offered until somebody does: see starling task show",
                               Changed::unknown));
    }
}

std::optional<BootTime> TaskService::next_deadline() const {
    if (finishes_.empty()) return std::nullopt;
    return finishes_.front().until;
}

void TaskService::tell_acknowledged(const Turn& turn) {
    for (const auction::Acknowledged& acknowledged : auctions_.take_acknowledged()) {
        const auto found = offers_.find(acknowledged.call);
        if (found == offers_.end()) continue;
        const bool waits = found->second.ask.wait;
        TaskRecord record;
        record.task = acknowledged.task;
        record.state = TaskState::open;
        record.skill = found->second.ask.skill;
        record.key = found->second.ask.key;
        if (acknowledged.verdict == auction::AckVerdict::recorded && waits) {
            turn.out.stream(acknowledged.call, Ok{std::move(record)});
            found->second.acknowledged = true;
            (void)auctions_.wait(acknowledged.call, acknowledged.task, turn.now, turn.out);
            continue;
        }
        if (acknowledged.verdict == auction::AckVerdict::recorded) {
            turn.out.answer(acknowledged.call, Ok{std::move(record)});
        } else if (acknowledged.verdict == auction::AckVerdict::unknown) {
            turn.out.answer(acknowledged.call,
                            failed(ErrorCode::unknown, "offer_unknown",
                                   "too few custodians answered: task " + acknowledged.task.hex() +
                                       " may be recorded",
                                   "offer it again with the same key", Changed::unknown));
        } else {
            turn.out.answer(acknowledged.call,
                            failed(ErrorCode::overloaded, "overloaded",
                                   "the custodians take no further tasks", "wait, then retry"));
        }
        offers_.erase(found);
    }
}

void TaskService::tell_finished(const Turn& turn) {
    for (const auction::Finished& finished : auctions_.take_finished()) {
        if (offers_.erase(finished.call) == 0) continue;
        turn.out.answer(finished.call, Ok{finished_record(finished.task, finished.outcome)});
    }
}

void TaskService::tell_cancelled(const Turn& turn) {
    for (const auction::CancelAnswer& answer : auctions_.take_cancelled()) {
        switch (answer.verdict) {
            case auction::CancelVerdict::cancelled:
            case auction::CancelVerdict::too_late: {
                TaskRecord record;
                if (answer.outcome) record = finished_record(answer.task, *answer.outcome);
                record.task = answer.task;
                if (!answer.outcome) record.state = TaskState::cancelled;
                turn.out.answer(answer.call, Ok{std::move(record)});
                break;
            }
            case auction::CancelVerdict::not_found:
                turn.out.answer(answer.call, no_such_task(answer.task, false));
                break;
            case auction::CancelVerdict::no_quorum:
                turn.out.answer(
                    answer.call,
                    failed(ErrorCode::no_quorum, "no_quorum",
                           "too few custodians of task " + answer.task.hex() + " answered",
                           "see starling members; cancel it again later", Changed::unknown));
                break;
        }
    }
}

void TaskService::tell_shown(const Turn& turn) {
    for (const auction::Shown& shown : auctions_.take_shown()) {
        const auto found = shows_.find(shown.call);
        if (found == shows_.end()) continue;
        const Wanted wanted = found->second;
        shows_.erase(found);
        const bool right =
            shown.view && (wanted == Wanted::task || shown.view->state == TaskState::dead);
        if (!right) {
            turn.out.answer(shown.call, no_such_task(shown.task, shown.partial));
            continue;
        }
        TaskRecord record = record_of(*shown.view);
        record.partial = shown.partial;
        turn.out.answer(shown.call, Ok{std::move(record)});
    }
}

void TaskService::tell_listed(const Turn& turn) {
    for (const auction::Listed& listed : auctions_.take_listed()) {
        const auto found = lists_.find(listed.call);
        if (found == lists_.end()) continue;
        TaskPage page;
        for (const auction::TaskView& view : listed.views) {
            TaskRecord record = record_of(view);
            record.result.reset();
            const auto& state = found->second.state;
            page.last = record.task;
            if (!state || *state == record.state) page.tasks.push_back(std::move(record));
        }
        page.more = listed.more;
        page.partial = listed.partial;
        turn.out.answer(listed.call, Ok{std::move(page)});
        lists_.erase(found);
    }
}

void TaskService::tell_assignments(const Turn& turn) {
    for (const auction::Assignment& assignment : auctions_.take_assignments()) {
        const auto found = workers_.find(assignment.worker);
        if (found == workers_.end()) continue;
        const auction::Record& task = assignment.record;
        AssignmentRecord record;
        record.task = task.id;
        record.epoch = epoch_record(assignment.epoch);
        record.skill = task.spec.skill;
        record.payload = task.spec.payload;
        record.key = task.spec.key;
        record.attempt = assignment.attempt;
        record.remaining = task.spec.deadline;
        record.run_limit = task.spec.run_limit;
        // It promises nothing: what it rests on others hold.
        turn.out.stream(found->second, Ok{std::move(record)}, Gate::open);
    }
}

void TaskService::tell_stopped(const Turn& turn) {
    for (const auction::Stopped& stopped : auctions_.take_stopped()) {
        const auto found = workers_.find(stopped.worker);
        if (found == workers_.end()) continue;
        AssignmentRecord record;
        record.task = stopped.task;
        record.epoch = epoch_record(stopped.epoch);
        record.stop = stop_of(stopped.reason);
        turn.out.stream(found->second, Ok{std::move(record)}, Gate::open);
    }
}

}  // namespace starling::node
