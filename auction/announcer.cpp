#include "auction/announcer.hpp"

#include "auction/retry.hpp"
#include "base/assert.hpp"
#include "base/hash.hpp"
#include "base/limits.hpp"

#include <algorithm>

namespace starling::auction {
namespace {

// Ten seconds of waiting count as one step of priority.
constexpr Duration priority_step = std::chrono::seconds{10};

std::int64_t order_of(const TaskSpec& spec, BootTime now) {
    return (now.time_since_epoch() - priority_step * spec.priority).count();
}

bool talks_to_ledger(Stage stage) {
    return stage == Stage::recording || stage == Stage::joining || stage == Stage::granting ||
           stage == Stage::storing;
}

// Its end is decided, or it is somebody else's: no deadline of its own any more.
bool is_settled(const Work& work) {
    return work.stage == Stage::storing || work.stage == Stage::joining ||
           work.intent == Intent::bury || work.intent == Intent::cancel;
}

// While a worker has it, moving it would cost that worker's result.
bool may_move(const Work& work) {
    return (talks_to_ledger(work.stage) && work.stage != Stage::joining) ||
           work.stage == Stage::open;
}

TaskState state_of(const Work& work) {
    switch (work.stage) {
        case Stage::recording:
        case Stage::joining:
        case Stage::granting:
        case Stage::open:
            return TaskState::waiting;
        case Stage::collecting:
            return TaskState::open;
        case Stage::awarded:
            return TaskState::awarded;
        case Stage::running:
        case Stage::storing:
            return TaskState::running;
    }
    return TaskState::open;
}

WaitReason reason_of(const Work& work) {
    if (work.lacks_majority) return WaitReason::no_majority;
    if (work.stage == Stage::recording || work.stage == Stage::joining) {
        return WaitReason::recording;
    }
    if (work.stage == Stage::granting) return WaitReason::settling;
    return work.stage == Stage::open ? work.reason : WaitReason::none;
}

TaskView show(const Work& work) {
    TaskView view = view_of(work.record, work.epoch, work.attempts);
    view.source = Source::runner;
    view.state = state_of(work);
    view.reason = reason_of(work);
    if (work.winner) view.winner = work.winner->node;
    view.permille = work.permille;
    view.text = work.note;
    return view;
}

}  // namespace

Announcer::Announcer(Shared shared, std::uint64_t seed) : shared_(shared), rng_(seed, 2) {}

// ------------------------------------------------------------------------------------ local calls

Offered Announcer::offer(const TaskSpec& spec, CallId call, Moment now, Effects& out) {
    const SpecFault fault = fault_of(spec);
    if (fault != SpecFault::none) return {OfferVerdict::invalid, fault, {}};
    const NodeId& self = shared_.members.self();
    const Boot boot = shared_.members.boot();
    const TaskId task = spec.key.empty() ? numbered_id(self, boot, offered_) : keyed_id(spec.key);
    if (Work* known = find(task)) {
        join_calls(*known, call, now.boot_time);
        return {OfferVerdict::taken, SpecFault::none, task};
    }
    if (works_.size() >= limits::auctions_open) return {OfferVerdict::overloaded, {}, {}};
    ++offered_;
    const HomeTag home{1, self, boot, terms_ + 1};
    Record record{task, spec, self, wall_ms(now.wall), home, {}, {}};
    record.custodians = spec.key.empty() ? shared_.members.custodians(task, limits::custodians)
                                         : shared_.members.custodians_of_key(task);
    Work& work = begin(record, now);
    work.epoch = record.first_epoch();
    work.offers.push_back(call);
    if (spec.deadline > Duration{0}) work.deadline = now.boot_time + spec.deadline;
    out.trace(Event::task_offered, task.prefix(), Hasher("skill").add(spec.skill).finish64());
    enter(work, Stage::recording, now.boot_time);
    send_ledger(work, now, out);
    return {OfferVerdict::taken, SpecFault::none, task};
}

Work& Announcer::begin(const Record& record, Moment now) {
    Work& work = works_[record.id];
    work.record = record;
    work.term = ++terms_;
    work.order = order_of(record.spec, now.boot_time);
    judge_majority(work, now.boot_time);
    return work;
}

void Announcer::join_calls(Work& work, CallId call, BootTime now) {
    if (work.acknowledged && work.is_held) {
        acknowledged_.push_back({call, work.record.id, AckVerdict::recorded});
    } else {
        work.offers.push_back(call);
        work.since = now;  // the newest call waits as long as the first did
    }
}

bool Announcer::wait(const TaskId& task, CallId call) {
    Work* work = find(task);
    if (work == nullptr) return false;
    work->waits.push_back(call);
    return true;
}

bool Announcer::cancel(const TaskId& task, CallId call, Moment now, Effects& out) {
    Work* work = find(task);
    if (work == nullptr) return false;
    work->cancels.push_back(call);
    // What is being stored may be accepted already: then it is too late.
    if (work->stage != Stage::storing) ask(*work, Intent::cancel, now, out);
    return true;
}

void Announcer::forget(CallId call) {
    for (auto& [task, work] : works_) {
        std::erase(work.offers, call);
        std::erase(work.waits, call);
        std::erase(work.cancels, call);
    }
}

void Announcer::adopt(const Custody& custody, Moment now, Effects& out) {
    if (find(custody.record.id) != nullptr) return;
    if (works_.size() >= limits::auctions_open) return;  // the custodian asks again later
    Work& work = begin(custody.record, now);
    work.epoch = custody.highest;
    work.attempts = custody.attempts;
    work.deadline = custody.deadline;
    work.acknowledged = now.boot_time;
    work.awarded_before = true;
    ++shared_.counters.adopted;
    out.trace(Event::task_adopted, work.record.id.prefix(), work.epoch.round,
              work.epoch.granter.prefix());
    ask(work, Intent::resume, now, out);
}

void Announcer::adopt_to_cancel(const Record& record, CallId call, Moment now, Effects& out) {
    if (cancel(record.id, call, now, out)) return;
    Work& work = begin(record, now);
    work.acknowledged = now.boot_time;
    work.cancels.push_back(call);
    ask(work, Intent::cancel, now, out);
}

// ------------------------------------------------------------------------------------------ stages

Work* Announcer::find(const TaskId& task) {
    const auto found = works_.find(task);
    return found == works_.end() ? nullptr : &found->second;
}

void Announcer::enter(Work& work, Stage stage, BootTime now) {
    leave_queue(work);
    work.stage = stage;
    work.since = now;
    work.repetitions = 0;
    work.acks.clear();
    work.refusals.clear();
    work.rivals.clear();
    work.rival_at.reset();
}

// The earliest of the stage's own time, the task's deadline, and the end of the patience with
// missing custodians.
void Announcer::arm(const Work& work) {
    std::optional<BootTime> at = work.act_at;
    if (!is_settled(work)) at = earlier(at, work.deadline);
    if (work.homeless_since && may_move(work)) {
        at = earlier(at, *work.homeless_since + shared_.timing.rehome_after);
    }
    timers_.set(work.record.id, *at);
}

void Announcer::act(Work& work, Moment now, Effects& out) {
    const BootTime time = now.boot_time;
    if (work.deadline && time >= *work.deadline && !is_settled(work)) {
        bury(work, "deadline: no result in time", now, out);
        return;
    }
    const bool homeless =
        work.homeless_since && time >= *work.homeless_since + shared_.timing.rehome_after;
    if (homeless && may_move(work)) {
        rehome(work, now, out);
        return;
    }
    if (time < work.act_at) {
        arm(work);
        return;
    }
    switch (work.stage) {
        case Stage::recording:
        case Stage::joining:
        case Stage::granting:
        case Stage::storing:
            expire_calls(work, time);
            send_ledger(work, now, out);
            if (!work.rivals.empty()) judge_rivals(work, now, out);
            break;
        case Stage::open:
            open(work, now, out);
            break;
        case Stage::collecting:
            decide(work, now, out);
            break;
        case Stage::awarded:
            next_award(work, now, out);
            break;
        case Stage::running:
            lose(work, time >= work.run_until ? AttemptEnd::run_limit : AttemptEnd::lease_lost, now,
                 out);
            break;
    }
}

// Callers do not wait for a majority for ever; the task does.
void Announcer::expire_calls(Work& work, BootTime now) {
    if (now < work.since + shared_.timing.offer_within) return;
    for (const CallId call : std::exchange(work.offers, {})) {
        acknowledged_.push_back({call, work.record.id, AckVerdict::unknown});
    }
    for (const CallId call : std::exchange(work.cancels, {})) {
        cancelled_.push_back({call, work.record.id, CancelVerdict::no_quorum, {}});
    }
}

// The outcome is accepted: everybody who waits for it is told, and the task is no longer run here.
void Announcer::conclude(Work& work, const Outcome& outcome, Moment now, Effects& out) {
    const TaskId task = work.record.id;
    switch (outcome.ending) {
        case Ending::done:
            ++shared_.counters.completed;
            out.trace(Event::task_accepted, task.prefix(), outcome.origin.round,
                      outcome.executor.prefix());
            break;
        case Ending::dead:
            ++shared_.counters.dead_lettered;
            out.trace(Event::task_dead_lettered, task.prefix(), work.attempts.size());
            break;
        case Ending::cancelled:
            ++shared_.counters.cancelled;
            out.trace(Event::task_cancelled, task.prefix());
            break;
    }
    note_finished(work, now.boot_time);
    tell_participants(work, outcome, out);
    answer_calls(work, outcome);
    show_concluded(work, outcome, now);
    drop(task);
}

void Announcer::show_concluded(Work& work, const Outcome& outcome, Moment now) {
    if (outcome.ending == Ending::done) {
        Attempt& attempt = attempt_of(work.attempts, outcome.origin, outcome.executor);
        attempt.end = AttemptEnd::done;
        attempt.executed = true;
        attempt.ended_ms = wall_ms(now.wall);
    }
    TaskView view = show(work);
    show_outcome(view, outcome);
    view.finished_ms = wall_ms(now.wall);
    concluded_.insert_or_assign(view.id, std::move(view));
    concluded_order_.emplace_back(now.boot_time, work.record.id);
    forget_concluded(now.boot_time);
}

void Announcer::forget_concluded(BootTime now) {
    const Duration shown = shared_.timing.note_delay + shared_.timing.answer_within;
    while (!concluded_order_.empty()) {
        const auto& [since, task] = concluded_order_.front();
        if (now < since + shown && concluded_order_.size() <= limits::tasks_concluded) return;
        concluded_.erase(task);
        concluded_order_.pop_front();
    }
}

void Announcer::tell_participants(const Work& work, const Outcome& outcome, Effects& out) const {
    const TaskId task = work.record.id;
    const bool done = outcome.ending == Ending::done;
    if (done) {
        out.send(outcome.executor,
                 Informed{task, outcome.origin, InformVerdict::accepted, shared_.members.self()});
    }
    // Whoever may still run it, under any epoch.
    std::set<NodeId> runners;
    if (work.winner) runners.insert(work.winner->node);
    if (work.previous && !done) runners.insert(work.previous->granter);
    for (const Attempt& attempt : work.attempts) {
        if (attempt.end == AttemptEnd::running && !done) runners.insert(attempt.node);
    }
    if (done) runners.erase(outcome.executor);
    for (const NodeId& node : runners) {
        if (!shared_.members.is_alive(node)) continue;
        out.send(node, Cancel{task, work.epoch, CancelPurpose::stop});
    }
}

void Announcer::answer_calls(const Work& work, const Outcome& outcome) {
    const TaskId task = work.record.id;
    for (const CallId call : work.offers) {
        acknowledged_.push_back({call, task, AckVerdict::recorded});
    }
    for (const CallId call : work.waits) finished_.push_back({call, task, outcome});
    const bool cancelled = outcome.ending == Ending::cancelled;
    for (const CallId call : work.cancels) {
        cancelled_.push_back(
            {call, task, cancelled ? CancelVerdict::cancelled : CancelVerdict::too_late, outcome});
    }
}

// Another node runs the task: those who wait for it are served by the ledger from now on.
void Announcer::hand_over(Work& work) {
    const TaskId task = work.record.id;
    for (const CallId call : work.offers) {
        const auto verdict = work.is_held ? AckVerdict::recorded : AckVerdict::unknown;
        acknowledged_.push_back({call, task, verdict});
    }
    for (const CallId call : work.waits) handed_over_.emplace_back(call, task);
    for (const CallId call : work.cancels) {
        cancelled_.push_back({call, task, CancelVerdict::no_quorum, {}});
    }
    drop(task);
}

void Announcer::drop(const TaskId& task) {
    Work& work = works_.at(task);
    leave_queue(work);
    if (work.round) --collecting_[work.record.spec.skill];
    timers_.clear(task);
    works_.erase(task);
}

void Announcer::note_finished(const Work& work, BootTime now) {
    for (const NodeId& node : work.record.custodians) {
        notes_[node].duties.push_back({work.record.id, work.epoch, DutyNote::finished});
    }
    if (!notes_at_) notes_at_ = now + shared_.timing.note_delay;
}

void Announcer::flush_notes(Effects& out) {
    notes_at_.reset();
    for (const auto& [node, note] : std::exchange(notes_, {})) {
        for (std::size_t at = 0; at < note.duties.size(); at += limits::list_entries) {
            const auto count = std::min(limits::list_entries, note.duties.size() - at);
            const auto first = note.duties.begin() + static_cast<std::ptrdiff_t>(at);
            out.send(node, Progress{{first, first + static_cast<std::ptrdiff_t>(count)}});
        }
    }
}

// -------------------------------------------------------------------------------- members and time

void Announcer::judge_majority(Work& work, BootTime now) const {
    const Members& members = shared_.members;
    work.lacks_majority = members.lacks_majority(work.record.custodians, now);
    const bool keyed = !work.record.spec.key.empty();
    // Of a key nobody else may decide: not the rest of the members, not its custodians among them.
    const bool alone =
        members.sees_majority() && !members.may_decide_elsewhere(work.record.custodians, now);
    const bool homeless = work.lacks_majority && (!keyed || alone);
    if (!homeless) work.homeless_since.reset();
    if (!homeless || work.homeless_since) return;
    work.homeless_since = now;
    // The custodians of a key are who they are: for how long have they been away?
    if (keyed && work.record.home.generation == 1) {
        const BootTime lost = members.majority_lost(work.record.custodians);
        // Who came back may know of a decision: it has the time to say so.
        const BootTime returned = members.last_return(work.record.custodians);
        work.homeless_since = std::max({lost, *members.sees_majority(), returned});
    }
}

void Announcer::on_member_gone(const NodeId& node, AttemptEnd end, Moment now, Effects& out) {
    std::vector<TaskId> tasks;
    for (const auto& [task, work] : works_) tasks.push_back(task);
    for (const TaskId& task : tasks) {
        Work& work = works_.at(task);
        judge_majority(work, now.boot_time);
        if (work.record.rank_of(node)) widen(work, now, out);
        arm(work);
        std::erase_if(work.runners_up, [&](const Bid& bid) { return bid.node == node; });
        if (work.round) {
            work.round->on_gone(node);
            if (work.round->is_closed(now.boot_time)) decide(work, now, out);
        } else if (work.winner && work.winner->node == node) {
            if (work.stage == Stage::running) lose(work, end, now, out);
            if (work.stage == Stage::awarded) next_award(work, now, out);
        }
    }
    look_everywhere_ = true;
}

void Announcer::on_member_alive(const NodeId& node, Boot boot, Moment now, Effects& out) {
    std::vector<TaskId> tasks;
    for (const auto& [task, work] : works_) tasks.push_back(task);
    for (const TaskId& task : tasks) {
        Work& work = works_.at(task);
        judge_majority(work, now.boot_time);
        if (talks_to_ledger(work.stage) && work.record.rank_of(node) && !work.acks.contains(node)) {
            send_one(work, node, now.boot_time, out);
        }
        arm(work);
        // It restarted faster than anybody noticed: what it ran is lost.
        const bool lost = work.winner && work.winner->node == node && work.winner->boot < boot;
        if (lost && work.stage == Stage::running) lose(work, AttemptEnd::crashed, now, out);
    }
    look_everywhere_ = true;
}

void Announcer::on_tick(Moment now, Effects& out) {
    while (const auto task = timers_.take_due(now.boot_time)) act(works_.at(*task), now, out);
    if (look_at_ && now.boot_time >= *look_at_) look_everywhere_ = true;
    if (std::exchange(look_everywhere_, false)) {
        look_at_.reset();
        std::vector<std::string> skills;
        for (const auto& [skill, queue] : queues_) skills.push_back(skill);
        for (const std::string& skill : skills) look(skill, now, out);
    }
    if (notes_at_ && now.boot_time >= *notes_at_) flush_notes(out);
    forget_concluded(now.boot_time);
}

std::optional<BootTime> Announcer::next_deadline() const {
    return earlier(timers_.next(), earlier(look_at_, notes_at_));
}

std::size_t Announcer::waiting_count() const {
    std::size_t count = 0;
    for (const auto& [skill, queue] : queues_) count += queue.size();
    return count;
}

std::optional<TaskView> Announcer::view(const TaskId& task) const {
    const auto found = works_.find(task);
    if (found != works_.end() && found->second.stage != Stage::joining) return show(found->second);
    const auto ended = concluded_.find(task);
    if (ended == concluded_.end()) return std::nullopt;
    return ended->second;
}

std::vector<TaskView> Announcer::views_after(const TaskId& after, ListFilter filter,
                                             std::size_t limit) const {
    std::vector<TaskView> views;
    for (auto each = concluded_.upper_bound(after); each != concluded_.end(); ++each) {
        if (views.size() >= limit) break;
        if (passes(each->second, filter)) views.push_back(each->second);
    }
    if (filter == ListFilter::dead) return views;
    const std::size_t most = views.size() + limit;
    for (auto each = works_.upper_bound(after); each != works_.end(); ++each) {
        if (views.size() >= most) break;
        if (each->second.stage != Stage::joining) views.push_back(show(each->second));
    }
    return views;
}

}  // namespace starling::auction
