// What the participant reports: renewals, results, failures; and what it hears of them.
#include "auction/encoding.hpp"
#include "auction/participant.hpp"
#include "auction/retry.hpp"
#include "base/assert.hpp"
#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"

#include <algorithm>

namespace starling::auction {
namespace {

// Nodes that never heard of the task were asked so often: its record is gone for good.
constexpr std::size_t unknown_max = 24;

// A result in the journal.
struct KeptResult {
    Record record;
    Epoch epoch;
    Bytes result;

    void encode(Writer& out) const {
        out.list(3);
        record.encode(out);
        epoch.encode(out);
        out.bytes(result);
    }

    static bool decode(Reader& in, KeptResult& kept) {
        take(in, kept.record);
        take(in, kept.epoch);
        kept.result = take_bytes(in, limits::encoded_value_bytes);
        return in.ok();
    }
};

}  // namespace

// ---------------------------------------------------------------------------------- local workers

Participant::Job* Participant::running(const Award& award) {
    const auto job = jobs_.find(award.task);
    const bool runs = job != jobs_.end() && !job->second.report && job->second.given == award.epoch;
    return runs ? &job->second : nullptr;
}

ReportVerdict Participant::finish(const Award& award, Bytes result, Afterwards afterwards,
                                  Moment now, Effects& out) {
    Job* job = running(award);
    if (job != nullptr && result.size() > limits::encoded_value_bytes) {
        return ReportVerdict::too_large;
    }
    free_worker(award, afterwards, now.boot_time);
    if (job == nullptr) return ReportVerdict::unknown_task;
    report(award.task, {.result = std::move(result), .fault = {}}, now, out);
    return ReportVerdict::taken;
}

ReportVerdict Participant::fail(const Award& award, const Fault& fault, Afterwards afterwards,
                                Moment now, Effects& out) {
    const bool runs = running(award) != nullptr;
    free_worker(award, afterwards, now.boot_time);
    if (!runs) return ReportVerdict::unknown_task;
    Report failure{.result = {}, .reason = FailureReason::failed, .fault = fault};
    failure.fault.reason.resize(std::min(fault.reason.size(), limits::name_bytes));
    report(award.task, std::move(failure), now, out);
    return ReportVerdict::taken;
}

// The worker that was given this award, whether the award still counts or not.
void Participant::free_worker(const Award& award, Afterwards afterwards, BootTime now) {
    std::optional<WorkerId> freed;
    if (const Job* job = running(award)) freed = job->worker;
    for (const auto& [id, worker] : workers_) {
        if (worker.winding_down && *worker.winding_down == award) freed = id;
    }
    if (!freed) return;
    const auto worker = workers_.find(*freed);
    if (worker != workers_.end()) worker->second.winding_down.reset();
    set_state(*freed, afterwards == Afterwards::waits ? WorkerState::waiting : WorkerState::resting,
              now);
}

void Participant::tell_worker(Job& job, StopReason reason) {
    if (std::exchange(job.told, true)) return;  // I6
    stopped_.push_back({job.worker, job.record.id, job.given, reason});
}

// The worker may go on for a while; it is busy until it reports or waits again.
void Participant::stop_worker(Job& job, StopReason reason, BootTime now) {
    tell_worker(job, reason);
    const auto worker = workers_.find(job.worker);
    if (worker == workers_.end()) return;
    worker->second.winding_down = Award{job.record.id, job.given};
    set_state(job.worker, WorkerState::resting, now);
}

ReportVerdict Participant::progress(const Award& award, std::uint32_t permille, std::string note) {
    Job* job = running(award);
    if (job == nullptr) return ReportVerdict::unknown_task;
    job->permille = std::min(permille, 1000U);
    note.resize(std::min(note.size(), limits::name_bytes));
    job->note = std::move(note);
    return ReportVerdict::taken;
}

void Participant::drain(Moment now, Effects& out) {
    refuses_new_ = true;
    std::vector<TaskId> tasks;
    for (const auto& [task, job] : jobs_) {
        if (!job.report) tasks.push_back(task);
    }
    for (const TaskId& task : tasks) {
        stop_worker(jobs_.at(task), StopReason::leaving, now.boot_time);
        report(task, {.result = {}, .reason = FailureReason::released, .fault = {"node leaves"}},
               now, out);
    }
}

// ---------------------------------------------------------------------------------------- reports

void Participant::report(const TaskId& task, Report report, Moment now, Effects& out) {
    Job& job = jobs_.at(task);
    STARLING_ASSERT(!job.report.has_value());
    // It stood still: the runner may have given the task to another meanwhile.
    if (now.boot_time > job.renew_at + timing_.renew_every()) renew(job, now.boot_time, out);  // I4
    job.report = std::move(report);
    if (STARLING_MUTANT(60, job.report->result.has_value(), false)) keep(job, out);  // I3
    send_next(task, now, out);
}

void Participant::keep(const Job& job, Effects& out) const {
    out.persist(Table::results, job.record.id.view(),
                KeptResult{job.record, job.epoch, *job.report->result});
}

void Participant::load(const RecordSource& records, Moment now) {
    Decoder decoder;
    records.scan(Table::results, [&](ByteView, ByteView value) {
        auto kept = decoded<KeptResult>(decoder, value);
        if (!kept) {
            ++counters_.malformed;
            return;
        }
        STARLING_PROBE(result_read_back);
        const TaskId task = kept->record.id;
        Job& job = jobs_[task];
        job.record = std::move(kept->record);
        job.epoch = kept->epoch;
        job.given = kept->epoch;
        job.runner = kept->epoch.granter;
        job.report = Report{std::move(kept->result), {}, {}};
        job_timers_.set(task, now.boot_time + rng_.between(Duration{0}, timing_.resend_base));
    });
}

// The runner first; then it and the custodians in turn, more and more seldom.
NodeId Participant::next_target(const Job& job, BootTime now) const {
    if (!job.report->result) return job.runner;
    std::vector<NodeId> turns;
    const std::size_t sent = job.report->sent;
    const auto& custodians = job.record.custodians;
    if (sent % 2 == 0) turns.push_back(job.runner);
    for (std::size_t i = 0; i < custodians.size(); ++i) {
        turns.push_back(custodians[(sent / 2 + i) % custodians.size()]);
    }
    for (const NodeId& node : turns) {
        if (!members_.is_away(node, now)) return node;
    }
    return turns.front();
}

void Participant::send_next(const TaskId& task, Moment now, Effects& out) {
    Job& job = jobs_.at(task);
    const NodeId to = next_target(job, now.boot_time);
    const bool useless = !job.report->result && job.report->sent > 0 &&
                         members_.is_gone(job.epoch.granter, job.epoch.boot, now.boot_time);
    if (useless) {
        forget_job(task, out);  // a failure concerns the runner of its epoch only
        return;
    }
    send_report(job, to, out);
    const Duration again = resend_after(rng_, timing_, job.report->sent++);
    if (STARLING_MUTANT(59, true, false)) job_timers_.set(task, now.boot_time + again);
}

void Participant::send_report(Job& job, const NodeId& to, Effects& out) {
    const FreeWorkers free = digests_.tell_own(job.record.spec.skill);
    const Report& report = *job.report;
    if (report.result) {
        out.send(to, Inform{job.record.id, job.epoch, *report.result, free});
    } else {
        out.send(to, Failure{job.record.id, job.epoch, report.reason, report.fault.retryable,
                             report.fault.reason, free});
    }
}

Verdict Participant::on_informed(const NodeId& from, const Informed& message, Moment now,
                                 Effects& out) {
    const auto known = jobs_.find(message.task);
    if (known == jobs_.end() || !known->second.report) return Verdict::unknown_task;
    Job& job = known->second;
    const bool same = message.epoch >= job.given && message.epoch <= job.epoch;
    if (!same) return Verdict::stale;
    if (!job.report->result) {
        forget_job(message.task, out);  // a failure is heard: that is all it wants
        return Verdict::done;
    }
    switch (message.verdict) {
        case InformVerdict::accepted:
            settle(message.task, true, out);
            break;
        case InformVerdict::stale:
            if (message.epoch != job.epoch) return Verdict::stale;
            settle(message.task, false, out);
            break;
        case InformVerdict::stored:
        case InformVerdict::heard:
            break;  // asked again when the timer says so
        case InformVerdict::elsewhere:
            if (message.runner == job.runner) break;
            STARLING_PROBE(runner_changed);
            job.runner = message.runner;
            send_report(job, job.runner, out);
            break;
        case InformVerdict::unknown:
            if (++job.report->unknown > unknown_max) {
                settle(message.task, false, out);
            } else if (from == job.runner && job.report->unknown <= job.record.custodians.size()) {
                // It runs the task no more; its custodians know how it ended.
                job.report->sent |= 1U;
                send_next(message.task, now, out);
            }
            break;
    }
    return Verdict::done;
}

void Participant::settle(const TaskId& task, bool accepted, Effects& out) {
    const Job& job = jobs_.at(task);
    settled_.push_back({task, job.given, accepted});
    if (!accepted) {
        ++counters_.refused_stale;
        out.trace(Event::result_stale, task.prefix(), job.epoch.round, 0);
    }
    forget_job(task, out);
}

Verdict Participant::on_stop(const Cancel& message, Moment now, Effects& out) {
    const auto hold = holds_.find(message.task);
    if (hold != holds_.end() && hold->second.epoch <= message.epoch) {
        release(message.task, now.boot_time);
    }
    const auto known = jobs_.find(message.task);
    if (known == jobs_.end()) return Verdict::unknown_task;
    Job& job = known->second;
    if (message.epoch < job.epoch) return Verdict::stale;
    if (!job.report) {
        stop_worker(job, StopReason::cancelled, now.boot_time);
        forget_job(message.task, out);
    } else if (job.report->result) {
        settle(message.task, false, out);
    } else {
        forget_job(message.task, out);
    }
    return Verdict::done;
}

// ----------------------------------------------------------------------------------------- leases

void Participant::renew(Job& job, BootTime now, Effects& out) {
    const Renew renewal{job.record.id, job.epoch, job.permille, job.note};
    out.send(job.runner, renewal);
    for (const NodeId& node : job.record.custodians) {
        if (job.asks_custodians && node != job.runner) out.send(node, renewal);
    }
    job.renew_at = now + timing_.renew_every();
    const bool silent = now > job.renewed + timing_.lease / 5 * 4;
    if (silent && !std::exchange(job.fenced, true)) {
        out.trace(Event::task_fenced, job.record.id.prefix(), job.epoch.round);
    }
}

Verdict Participant::on_renewed(const NodeId& from, const Renewed& message, Moment now,
                                Effects& out) {
    const auto known = jobs_.find(message.task);
    if (known == jobs_.end() || known->second.report) return Verdict::unknown_task;
    Job& job = known->second;
    const bool over = message.verdict == RenewVerdict::over && job.record.rank_of(from);
    if ((from != job.runner && !over) || message.epoch != job.epoch) return Verdict::stale;
    switch (message.verdict) {
        case RenewVerdict::held:
            job.renewed = now.boot_time;
            job.fenced = false;
            job.asks_custodians = false;
            break;
        case RenewVerdict::over:
            tell_worker(job, StopReason::lost);
            [[fallthrough]];
        case RenewVerdict::stale:
            if (!std::exchange(job.fenced, true)) {
                out.trace(Event::task_fenced, job.record.id.prefix(), job.epoch.round);
            }
            break;
        case RenewVerdict::unknown:
            job.asks_custodians = true;  // a later runner will ask; unless the task has ended
            break;
    }
    return Verdict::done;
}

void Participant::look_after(const TaskId& task, Moment now, Effects& out) {
    Job& job = jobs_.at(task);
    if (job.report) {
        send_next(task, now, out);
        return;
    }
    if (now.boot_time >= job.run_until) {
        stop_worker(job, StopReason::run_limit, now.boot_time);
        report(task, {.result = {}, .reason = FailureReason::run_limit, .fault = {"run limit"}},
               now, out);
        return;
    }
    if (now.boot_time >= job.renew_at) renew(job, now.boot_time, out);
    arm(job);
}

void Participant::arm(const Job& job) {
    job_timers_.set(job.record.id, std::min(job.renew_at, job.run_until));
}

void Participant::on_tick(Moment now, Effects& out) {
    while (const auto task = hold_timers_.take_due(now.boot_time)) release(*task, now.boot_time);
    while (const auto task = job_timers_.take_due(now.boot_time)) look_after(*task, now, out);
    serve_turned_away(now.boot_time, out);
}

std::optional<BootTime> Participant::next_deadline() const {
    return earlier(hold_timers_.next(), job_timers_.next());
}

}  // namespace starling::auction
