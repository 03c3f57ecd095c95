#include "auction/custodian.hpp"
#include "auction/encoding.hpp"
#include "base/assert.hpp"
#include "base/buggify.hpp"
#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"

#include <algorithm>
#include <array>

namespace starling::auction {
namespace {

// A task has two records in the journal: what never changes under its id, and the rest beside it,
// so that an epoch granted does not write the payload again.
struct CustodyState {
    Epoch highest;
    std::optional<Held> held;
    bool accepted = false;
    Attempts attempts;
    std::uint64_t finished_ms = 0;
    Duration deadline_left{};

    void encode(Writer& out) const {
        out.list(6);
        highest.encode(out);
        put_optional(out, held);
        out.boolean(accepted);
        put_list(out, attempts);
        out.uint(finished_ms);
        out.duration(deadline_left);
    }

    static bool decode(Reader& in, CustodyState& state) {
        take(in, state.highest);
        take_optional(in, state.held);
        state.accepted = in.boolean();
        take_list(in, state.attempts, limits::attempts_kept);
        state.finished_ms = in.uint();
        state.deadline_left = in.duration();
        return in.ok();
    }
};

std::array<std::uint8_t, TaskId::size + 1> state_key(const TaskId& task) {
    std::array<std::uint8_t, TaskId::size + 1> key{};
    std::copy(task.bytes.begin(), task.bytes.end(), key.begin());
    key.back() = 's';
    return key;
}

std::optional<BootTime> deadline_after(BootTime now, Duration left) {
    if (left <= Duration{0}) return std::nullopt;
    return now + left;
}

}  // namespace

// ------------------------------------------------------------------------- finished tasks, journal

void Custodian::finish(Custody& entry, Moment now, Effects& out) {
    STARLING_ASSERT(entry.held.has_value());
    const Outcome& outcome = entry.held->outcome;
    const TaskId task = entry.record.id;
    if (outcome.ending == Ending::done) {
        Attempt& attempt = attempt_of(entry.attempts, outcome.origin, outcome.executor);
        attempt.end = AttemptEnd::done;
        attempt.executed = true;
        if (attempt.ended_ms == 0) attempt.ended_ms = wall_ms(now.wall);
    }
    entry.record.spec.payload = {};
    if (!entry.accepted) {
        entry.accepted = true;
        entry.finished_ms = wall_ms(now.wall);
        unfinished_.erase(task);
        orphans_.erase(task);
        timers_.clear(task);
        if (outcome.ending == Ending::dead) dead_.push_back(task);
        if (outcome.ending != Ending::dead) finished_.push_back({now.boot_time, task});
    }
    if (!entry.record.before.empty()) {
        rehomed_.insert(task);
        for (const NodeId& node : entry.record.before) {
            if (members_.is_alive(node)) tell_moved(entry, node, out);
        }
    }
    keep_record(entry, out);
    keep_state(entry, now.boot_time, out);
    prune(now.boot_time, out);
}

void Custodian::prune(BootTime now, Effects& out) {
    while (!finished_.empty() &&
           (finished_.size() > STARLING_MUTANT(50, limits::tasks_finished_kept, 0U) ||
            finished_.front().at + limits::tasks_finished_for <= now)) {
        const TaskId task = finished_.front().task;
        finished_.pop_front();
        erase(task, out);
    }
    while (dead_.size() > limits::dead_letters_kept) {
        const TaskId task = dead_.front();
        dead_.pop_front();
        erase(task, out);
    }
}

void Custodian::erase(const TaskId& task, Effects& out) {
    entries_.erase(task);
    unfinished_.erase(task);
    orphans_.erase(task);
    rehomed_.erase(task);
    timers_.clear(task);
    out.erase(Table::tasks, task.view());
    out.erase(Table::tasks, state_key(task));
}

void Custodian::forget(Effects& out) {
    while (!entries_.empty()) erase(TaskId{entries_.begin()->first}, out);
    finished_.clear();
    dead_.clear();
    questions_.clear();
    adoptions_.clear();
    forgot_ = true;
}

void Custodian::keep_record(const Custody& entry, Effects& out) const {
    out.persist(Table::tasks, entry.record.id.view(), entry.record);
}

void Custodian::keep_state(const Custody& entry, BootTime now, Effects& out) const {
    Duration left{};
    // A deadline that has passed is still one: the smallest, not none.
    if (entry.deadline) left = std::max(Duration{1}, *entry.deadline - now);
    if (STARLING_MUTANT(49, false, entry.accepted)) return;
    out.persist(Table::tasks, state_key(entry.record.id),
                CustodyState{entry.highest, entry.held, entry.accepted, entry.attempts,
                             entry.finished_ms, left});
}

void Custodian::load(const RecordSource& records, Moment now) {
    Decoder decoder;
    records.scan(Table::tasks, [&](ByteView key, ByteView value) {
        if (const auto task = TaskId::from_bytes(key)) {
            auto record = decoded<Record>(decoder, value);
            if (record) entries_[*task].record = std::move(*record);
            return;
        }
        const auto task = TaskId::from_bytes(key.first(std::min(key.size(), TaskId::size)));
        const auto entry = task ? entries_.find(*task) : entries_.end();
        auto state = decoded<CustodyState>(decoder, value);
        if (entry == entries_.end() || !state) return;
        Custody& custody = entry->second;
        custody.highest = state->highest;
        custody.held = std::move(state->held);
        custody.accepted = state->accepted && custody.held;
        custody.attempts = std::move(state->attempts);
        custody.finished_ms = state->finished_ms;
        custody.deadline = deadline_after(now.boot_time, state->deadline_left);
    });
    // Both records of a task are written in one batch: one without the other is not ours.
    counters_.malformed += std::erase_if(
        entries_, [](const auto& entry) { return entry.second.highest.granter.is_zero(); });
    index_loaded(now.boot_time);
}

void Custodian::index_loaded(BootTime now) {
    std::vector<std::pair<std::uint64_t, TaskId>> ended;
    for (const auto& [task, entry] : entries_) {
        if (entry.accepted) {
            ended.emplace_back(entry.finished_ms, task);
            if (!entry.record.before.empty()) rehomed_.insert(task);
            continue;
        }
        unfinished_.insert(task);
        if (STARLING_MUTANT(52, true, false))
            timers_.set(task, std::max(now, members_.settled()));  // I5
    }
    std::sort(ended.begin(), ended.end());
    for (const auto& [when, task] : ended) {
        if (entries_.at(task).held->outcome.ending == Ending::dead) {
            dead_.push_back(task);
        } else {
            finished_.push_back({now, task});  // their 24 h begin again: kept longer, never shorter
        }
    }
}

// ------------------------------------------------------------------------- watching over runners

void Custodian::watch(const Custody& entry, BootTime now) {
    if (entry.accepted) return;
    orphans_.erase(entry.record.id);
    const Duration look = timing_.duty + rng_.between(Duration{0}, timing_.duty / 4);
    const bool early = STARLING_BUGGIFY(duty_looked_at_early);
    timers_.set(entry.record.id, now + (early ? timing_.duty / 8 : look));
    if (STARLING_MUTANT(51, false, true)) timers_.clear(entry.record.id);
}

// A runner that speaks for itself is at work; of one to whose record others gave in, who were
// offered the same key, that is not known: it may have given in to them.
void Custodian::look_later(const Custody& entry, bool heard_runner, BootTime now) {
    if (heard_runner && !entry.shared) {
        watch(entry, now);
    } else {
        ask_soon(entry, now);
    }
}

// Two nodes were offered one key, and each may have given in to the other: does anybody run it?
void Custodian::ask_soon(const Custody& entry, BootTime now) {
    if (entry.accepted || orphans_.contains(entry.record.id)) return;
    timers_.bring_forward(entry.record.id, now + 2 * timing_.joint_within);
}

void Custodian::adopt_soon(const Custody& entry, BootTime now) {
    if (!orphans_.insert(entry.record.id).second) return;
    // The rank counts only custodians that can be reached, so that nobody waits for the dead.
    int rank = 0;
    for (const NodeId& node : entry.record.custodians) {
        if (node == members_.self()) break;
        if (members_.is_alive(node)) ++rank;
    }
    const Duration jitter = rng_.between(Duration{0}, timing_.adopt_jitter);
    timers_.set(entry.record.id, now + rank * timing_.adopt_step + jitter);
}

void Custodian::look_after(Custody& entry, Moment now) {
    const Epoch& highest = entry.highest;
    const TaskId task = entry.record.id;
    if (orphans_.contains(task)) {
        watch(entry, now.boot_time);  // I5: should the adoption come to nothing
        STARLING_PROBE(orphan_adopted);
        adoptions_.push_back(entry);
        return;
    }
    if (members_.is_gone(highest.granter, highest.boot, now.boot_time)) {
        adopt_soon(entry, now.boot_time);
        return;
    }
    STARLING_PROBE(runner_asked);
    questions_[highest.granter].duties.push_back({task, highest, DutyNote::asked});
    watch(entry, now.boot_time);
}

void Custodian::on_members_changed(BootTime now) {
    for (const TaskId& task : unfinished_) {
        const Custody& entry = entries_.at(task);
        const Epoch& highest = entry.highest;
        const bool gone = members_.is_gone(highest.granter, highest.boot, now);
        if (gone) adopt_soon(entry, now);
        if (!gone && orphans_.contains(task)) watch(entry, now);
    }
}

void Custodian::on_back(const NodeId& node, Effects& out) {
    for (const TaskId& task : rehomed_) tell_moved(entries_.at(task), node, out);
}

void Custodian::tell_moved(const Custody& entry, const NodeId& node, Effects& out) const {
    const auto& before = entry.record.before;
    if (entry.record.rank_of(node)) return;
    if (std::find(before.begin(), before.end(), node) == before.end()) return;
    out.send(node,
             StoreResult{entry.record.id, entry.record.home, *entry.held, true, entry.attempts});
}

void Custodian::on_moved(const Record& record, Effects& out) {
    const auto known = entries_.find(record.id);
    if (known == entries_.end()) return;
    Custody& entry = known->second;
    if (entry.accepted || !record.home.replaces(entry.record.home)) return;
    if (!record.rank_of(members_.self())) {
        erase(record.id, out);
        return;
    }
    entry.record = record;
    keep_record(entry, out);
}

void Custodian::on_tick(Moment now, Effects& out) {
    while (const auto task = timers_.take_due(now.boot_time)) {
        look_after(entries_.at(*task), now);
        ask_runners_in_chunks(out);
    }
    for (const auto& [runner, question] : std::exchange(questions_, {})) out.send(runner, question);
    prune(now.boot_time, out);
}

void Custodian::ask_runners_in_chunks(Effects& out) {
    for (auto& [runner, question] : questions_) {
        if (question.duties.size() < limits::list_entries) continue;
        out.send(runner, question);
        question.duties.clear();
    }
    std::erase_if(questions_, [](const auto& each) { return each.second.duties.empty(); });
}

std::optional<BootTime> Custodian::next_deadline() const {
    auto next = timers_.next();
    if (!finished_.empty()) {
        next = earlier(next, finished_.front().at + limits::tasks_finished_for);
    }
    return next;
}

// --------------------------------------------------------------------------------------- showing

const Custody* Custodian::find(const TaskId& task) const {
    const auto known = entries_.find(task);
    return known == entries_.end() ? nullptr : &known->second;
}

std::optional<TaskView> Custodian::view(const TaskId& task) const {
    const Custody* entry = find(task);
    if (entry == nullptr) return std::nullopt;
    TaskView view = view_of(entry->record, entry->highest, entry->attempts);
    if (entry->accepted) show_outcome(view, entry->held->outcome);
    view.finished_ms = entry->finished_ms;
    return view;
}

std::vector<TaskView> Custodian::views_after(const TaskId& after, ListFilter filter,
                                             std::size_t limit) const {
    std::vector<TaskView> views;
    for (auto each = entries_.upper_bound(after); each != entries_.end(); ++each) {
        if (views.size() >= limit) break;
        const Custody& entry = each->second;
        const bool dead = entry.accepted && entry.held->outcome.ending == Ending::dead;
        if (filter == ListFilter::unfinished && entry.accepted) continue;
        if (filter == ListFilter::dead && !dead) continue;
        views.push_back(*view(each->first));
    }
    return views;
}

}  // namespace starling::auction
