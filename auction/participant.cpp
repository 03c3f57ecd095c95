#include "auction/participant.hpp"

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "base/probes.hpp"

#include <algorithm>

namespace starling::auction {
namespace {

// A task whose estimate is unknown is taken for one this long.
constexpr Duration estimate_unknown = std::chrono::milliseconds{1};

// Epochs remembered after their end, so that an award that comes twice is not run twice.
constexpr std::size_t ended_kept = 4096;

}  // namespace

Participant::Participant(const Members& members, const Timing& timing, Counters& counters,
                         Digests& digests, std::uint64_t seed)
    : members_(members), timing_(timing), counters_(counters), digests_(digests), rng_(seed, 3) {}

// ---------------------------------------------------------------------------------------- workers

WorkerVerdict Participant::worker_waiting(const std::string& skill, WorkerId worker, BootTime now) {
    if (skill.empty() || skill.size() > limits::name_bytes) return WorkerVerdict::bad_skill;
    const auto known = workers_.find(worker);
    if (known == workers_.end() && workers_.size() >= limits::workers) {
        return WorkerVerdict::too_many;
    }
    if (known != workers_.end() && known->second.state == WorkerState::running) {
        return WorkerVerdict::busy;
    }
    if (!digests_.has_room(skill)) return WorkerVerdict::too_many;
    workers_[worker].skills.insert(skill);
    workers_[worker].winding_down.reset();
    set_state(worker, WorkerState::waiting, now);
    return WorkerVerdict::waiting;
}

void Participant::worker_gone(WorkerId worker, Moment now, Effects& out) {
    const auto known = workers_.find(worker);
    if (known == workers_.end()) return;
    if (known->second.held_for) release(*known->second.held_for, now.boot_time);
    const std::set<std::string> skills = known->second.skills;
    workers_.erase(known);
    show_workers(skills, now.boot_time);
    for (auto& [task, job] : jobs_) {
        if (job.report || job.worker != worker) continue;
        report(task, {.result = {}, .reason = FailureReason::released, .fault = {"worker gone"}},
               now, out);
        break;  // I1
    }
}

void Participant::set_state(WorkerId worker, WorkerState state, BootTime now) {
    const auto known = workers_.find(worker);
    if (known == workers_.end()) return;
    known->second.state = state;
    show_workers(known->second.skills, now);
}

void Participant::show_workers(const std::set<std::string>& skills, BootTime now) {
    for (const std::string& skill : skills) {
        std::uint32_t free = 0;
        std::uint32_t total = 0;
        for (const auto& [id, worker] : workers_) {
            if (!worker.skills.contains(skill)) continue;
            ++total;
            if (worker.state == WorkerState::waiting && !worker.held_for) ++free;
        }
        freed_ = freed_ || free > 0;
        digests_.set_own(skill, free, total, now);
    }
}

// ------------------------------------------------------------------------------------------- bids

Verdict Participant::on_cfp(const NodeId& from, const Cfp& message, Moment now, Effects& out) {
    if (from != message.epoch.granter) return Verdict::malformed;
    const auto job = jobs_.find(message.task);
    if (job != jobs_.end() && message.epoch > job->second.epoch) {
        const auto& report = job->second.report;
        if (!report || report->result) {
            propose(from, message, report ? Standing::finished : Standing::running, out);
            return Verdict::done;
        }
    }
    if (const auto reason = objection(message)) {
        const bool none_free = reason == RefuseReason::busy || reason == RefuseReason::held;
        if (none_free) turned_away_.note(from, message);
        out.send(from,
                 Refuse{message.task, message.epoch, *reason, digests_.tell_own(message.skill)});
        return Verdict::refused;
    }
    propose(from, message, Standing::able, out);  // with the count before the hold
    hold(message, *pick(message.skill, message.task), now.boot_time);
    return Verdict::done;
}

// Whoever was turned away longest first.
void Participant::serve_turned_away(BootTime now, Effects& out) {
    if (!std::exchange(freed_, false) || refuses_new_) return;
    const auto can_be_met = [&](const Asked& asked) {
        return !objection(asked.call) && !holds_.contains(asked.call.task);
    };
    while (const auto asked = turned_away_.take(can_be_met)) {
        STARLING_PROBE(bid_unasked);
        propose(asked->by, asked->call, Standing::able, out);
        hold(asked->call, *pick(asked->call.skill, asked->call.task), now);
    }
}

std::optional<RefuseReason> Participant::objection(const Cfp& message) const {
    if (jobs_.contains(message.task) || ended(message.task, message.epoch)) {
        return RefuseReason::known;
    }
    if (refuses_new_) return RefuseReason::draining;
    const Duration left = message.deadline_left;
    if (left > Duration{0} && left < message.estimate) return RefuseReason::deadline;
    bool capable = false;
    bool waiting = false;
    for (const auto& [id, worker] : workers_) {
        const bool able = worker.skills.contains(message.skill);
        capable = capable || able;
        waiting = waiting || (able && worker.state == WorkerState::waiting);
    }
    if (!capable) return RefuseReason::incapable;
    if (!waiting) return RefuseReason::busy;
    const bool room = holds_.size() < limits::holds || holds_.contains(message.task);
    if (!room || !pick(message.skill, message.task)) return RefuseReason::held;
    return std::nullopt;
}

// A waiting worker that nobody was promised: the one held for this task first, then the lowest id.
std::optional<WorkerId> Participant::pick(const std::string& skill, const TaskId& task) const {
    std::optional<WorkerId> picked;
    for (const auto& [id, worker] : workers_) {
        if (worker.state != WorkerState::waiting || !worker.skills.contains(skill)) continue;
        if (worker.held_for == task) return id;
        if (!worker.held_for && !picked) picked = id;
    }
    return picked;
}

std::uint64_t Participant::cost_of(const Cfp& message) const {
    const Duration run = std::max(message.estimate, estimate_unknown);
    const auto micro = static_cast<std::uint64_t>(run.count()) / 1000;
    return micro + micro * running_count() / std::max<std::size_t>(1, workers_.size());
}

void Participant::propose(const NodeId& to, const Cfp& message, Standing standing, Effects& out) {
    out.send(to, Propose{message.task, message.epoch, members_.boot(), cost_of(message), standing,
                         digests_.tell_own(message.skill)});
}

void Participant::hold(const Cfp& message, WorkerId worker, BootTime now) {
    release(message.task, now);
    Worker& held = workers_.at(worker);
    held.held_for = message.task;
    holds_[message.task] = {message.epoch, worker};
    hold_timers_.set(message.task, now + message.reply_within + timing_.hold_beyond);
    show_workers(held.skills, now);
}

void Participant::release(TaskId task, BootTime now) {
    const auto hold = holds_.find(task);
    if (hold == holds_.end()) return;
    const auto worker = workers_.find(hold->second.worker);
    if (worker != workers_.end() && worker->second.held_for == task) {
        worker->second.held_for.reset();
        show_workers(worker->second.skills, now);
    }
    holds_.erase(hold);
    hold_timers_.clear(task);
}

Verdict Participant::on_reject(const NodeId& from, const RejectProposal& message, BootTime now) {
    const auto hold = holds_.find(message.task);
    if (hold == holds_.end()) return Verdict::unknown_task;
    if (from != message.epoch.granter || hold->second.epoch != message.epoch) return Verdict::stale;
    release(message.task, now);
    return Verdict::done;
}

// ----------------------------------------------------------------------------------------- awards

Verdict Participant::on_accept(const NodeId& from, const AcceptProposal& message, Moment now,
                               Effects& out) {
    const TaskId task = message.record.id;
    if (from != message.epoch.granter) return Verdict::malformed;
    const auto job = jobs_.find(task);
    if (job != jobs_.end()) return accept_again(job->second, from, message, now, out);
    if (ended(task, message.epoch)) return Verdict::repeated;  // I1
    const auto worker = worker_for(message, now.boot_time);
    const bool full = running_count() >= limits::assignments;
    if (!worker || message.boot != members_.boot() || refuses_new_ || full) {
        STARLING_PROBE(award_refused);
        decline(from, message, out);
        return Verdict::refused;
    }
    assign(message, *worker, now, out);
    return Verdict::done;
}

// The worker of the bid that was accepted, whose hold ends (I2).
std::optional<WorkerId> Participant::worker_for(const AcceptProposal& message, BootTime now) {
    const std::string& skill = message.record.spec.skill;
    const auto hold = holds_.find(message.bid);
    const bool is_his = hold != holds_.end() && hold->second.epoch.granter == message.epoch.granter;
    if (!is_his) return pick(skill, message.record.id);
    const WorkerId worker = hold->second.worker;
    release(message.bid, now);
    return workers_.at(worker).skills.contains(skill) ? worker : pick(skill, message.record.id);
}

void Participant::decline(const NodeId& to, const AcceptProposal& message, Effects& out) {
    out.send(to, Failure{message.record.id, message.epoch, FailureReason::declined, true,
                         "no worker", digests_.tell_own(message.record.spec.skill)});
}

// An award of what runs here already: it goes on under the new epoch.
Verdict Participant::accept_again(Job& job, const NodeId& from, const AcceptProposal& message,
                                  Moment now, Effects& out) {
    if (message.epoch < job.epoch) return Verdict::stale;
    const bool later = message.epoch > job.epoch;
    if (later && job.report && !job.report->result) {
        decline(from, message, out);
        return Verdict::refused;
    }
    if (later) {
        STARLING_PROBE(award_again);
        job.epoch = message.epoch;
        job.runner = from;
        job.record = message.record;
        job.record.spec.payload = {};
        job.fenced = false;
        job.renewed = now.boot_time;
        if (job.report) keep(job, out);  // I3
    }
    agree(job, out);
    if (job.report) send_report(job, from, out);
    return later ? Verdict::done : Verdict::repeated;
}

void Participant::assign(const AcceptProposal& message, WorkerId worker, Moment now, Effects& out) {
    STARLING_ASSERT(workers_.at(worker).state == WorkerState::waiting);  // I1
    const auto held_for = workers_.at(worker).held_for;  // by another granter, for this task
    if (held_for) release(*held_for, now.boot_time);
    const TaskId task = message.record.id;
    const auto attempt = static_cast<std::uint32_t>(message.epoch.round);
    assignments_.push_back({worker, message.record, message.epoch, attempt});
    Job job;
    job.record = message.record;
    job.record.spec.payload = {};
    job.epoch = message.epoch;
    job.given = message.epoch;
    job.runner = message.epoch.granter;
    job.worker = worker;
    job.renewed = now.boot_time;
    job.renew_at = now.boot_time + timing_.renew_every();
    job.run_until = now.boot_time + message.record.spec.run_limit;
    Job& kept = jobs_[task] = std::move(job);
    set_state(worker, WorkerState::running, now.boot_time);
    ++counters_.executed;
    out.trace(Event::task_started, task.prefix(), message.epoch.round);
    agree(kept, out);
    arm(kept);
}

void Participant::agree(const Job& job, Effects& out) {
    out.send(job.runner, Agree{job.record.id, job.epoch, digests_.tell_own(job.record.spec.skill)});
}

bool Participant::ended(const TaskId& task, const Epoch& epoch) const {
    const auto known = ended_.find(task);
    return known != ended_.end() && epoch <= known->second;
}

void Participant::forget_job(const TaskId& task, Effects& out) {
    const auto job = jobs_.find(task);
    if (job->second.report && job->second.report->result) out.erase(Table::results, task.view());
    if (ended_.insert_or_assign(task, job->second.epoch).second) ended_order_.push_back(task);
    if (ended_order_.size() > ended_kept) {
        ended_.erase(ended_order_.front());
        ended_order_.pop_front();
    }
    jobs_.erase(job);
    job_timers_.clear(task);
}

std::size_t Participant::running_count() const {
    return static_cast<std::size_t>(std::count_if(
        jobs_.begin(), jobs_.end(), [](const auto& job) { return !job.second.report; }));
}

}  // namespace starling::auction
