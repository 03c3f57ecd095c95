#include "auction/custodian.hpp"

#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"

#include <algorithm>

namespace starling::auction {
namespace {

constexpr std::uint32_t round_jump = 1U << 20U;

std::optional<BootTime> deadline_from(BootTime now, Duration left) {
    if (left <= Duration{0}) return std::nullopt;
    return now + left;
}

bool is_jump(const Epoch& from, const Epoch& to) {
    return to.round > from.round && to.round - from.round > round_jump;
}

// Nothing was granted but by storing the record, and nothing came of it yet.
bool is_unused(const Custody& entry) {
    return entry.highest == entry.record.first_epoch() && !entry.held;
}

template <class Answer>
Answer as(const GrantAnswer& answer) {
    return Answer{answer};
}

Verdict verdict_of(GrantVerdict verdict) {
    switch (verdict) {
        case GrantVerdict::granted:
            return Verdict::done;
        case GrantVerdict::lower:
            return Verdict::stale;
        case GrantVerdict::exists:
            return Verdict::repeated;
        case GrantVerdict::superseded:
            return Verdict::stale;
        case GrantVerdict::unknown:
            return Verdict::unknown_task;
        case GrantVerdict::overloaded:
            return Verdict::refused;
    }
    return Verdict::malformed;
}

}  // namespace

Custodian::Custodian(const Members& members, const Timing& timing, Counters& counters,
                     std::uint64_t seed)
    : members_(members), timing_(timing), counters_(counters), rng_(seed, 1) {}

// ------------------------------------------------------------------------------------- the ballot

Verdict Custodian::on_record(const NodeId& from, const RecordTask& message, Moment now,
                             Effects& out) {
    const auto known = entries_.find(message.record.id);
    // What the first record of a task grants is written in it: anybody may pass it on.
    const bool first = message.epoch == message.record.first_epoch();
    const bool jumps = known != entries_.end() && is_jump(known->second.highest, message.epoch);
    const bool named = message.record.rank_of(members_.self()).has_value();
    if ((from != message.epoch.granter && !first) || jumps || !named) {
        ++counters_.malformed;
        return Verdict::malformed;
    }
    const GrantVerdict verdict = record(from, message, now, out);
    if (verdict == GrantVerdict::granted) {
        look_later(entries_.at(message.record.id), from == message.epoch.granter, now.boot_time);
    }
    Recorded answer = as<Recorded>(answer_of(message.record.id, message.epoch));
    answer.verdict = verdict;
    if (verdict == GrantVerdict::exists || verdict == GrantVerdict::superseded) {
        answer.record = entries_.at(message.record.id).record;
    }
    out.send(from, answer);
    return verdict_of(verdict);
}

GrantVerdict Custodian::record(const NodeId& from, const RecordTask& message, Moment now,
                               Effects& out) {
    const auto known = entries_.find(message.record.id);
    if (known == entries_.end()) {
        if (refuses_new_ || unfinished_.size() >= limits::tasks_in_custody) {
            return GrantVerdict::overloaded;
        }
        if (forgot_ && may_have_known(message)) {  // I8
            STARLING_PROBE(forgotten_record_refused);
            return GrantVerdict::overloaded;
        }
        Custody& entry = entries_[message.record.id];
        unfinished_.insert(message.record.id);
        entry.shared = from != message.epoch.granter;
        move_home(entry, message, now, out);
        return GrantVerdict::granted;
    }
    Custody& entry = known->second;
    if (message.record.home == entry.record.home) {
        entry.shared = entry.shared || from != message.epoch.granter;
        return grant(entry, message.epoch, message.attempts, now, out);
    }
    if (message.fresh && entry.withdrawn && is_unused(entry)) {
        entry.highest = {};
        entry.withdrawn = false;
        move_home(entry, message, now, out);
        return GrantVerdict::granted;
    }
    if (message.fresh) {
        STARLING_PROBE(record_exists);
        entry.shared = true;
        ask_soon(entry, now.boot_time);
        return GrantVerdict::exists;
    }
    if (entry.accepted) return GrantVerdict::granted;
    if (entry.record.home.replaces(message.record.home)) {
        STARLING_PROBE(record_superseded);
        return GrantVerdict::superseded;
    }
    const GrantVerdict verdict = grant(entry, message.epoch, message.attempts, now, out);
    const bool moves = message.record.home.replaces(entry.record.home);
    if (verdict == GrantVerdict::granted && moves) move_home(entry, message, now, out);
    return verdict;
}

// A task without a key is offered by one process, which names its id; a later list of custodians is
// founded by one, too.
bool Custodian::may_have_known(const RecordTask& message) const {
    const Record& record = message.record;
    if (record.majority() == record.custodians.size()) return false;  // who knows it has to agree
    if (record.home.generation == 1) return !message.fresh || !record.spec.key.empty();
    const bool was_named = std::ranges::find(record.before, members_.self()) != record.before.end();
    return was_named || message.epoch != record.first_epoch();
}

void Custodian::move_home(Custody& entry, const RecordTask& message, Moment now, Effects& out) {
    entry.record = message.record;
    entry.highest = std::max(entry.highest, message.epoch);
    if (message.known && (!entry.held || entry.held->epoch < message.known->epoch)) {
        entry.held = message.known;
    }
    merge(entry.attempts, message.attempts);
    entry.deadline = deadline_from(now.boot_time, message.deadline_left);
    keep_record(entry, out);
    keep_state(entry, now.boot_time, out);
}

Verdict Custodian::on_grant(const NodeId& from, const Grant& message, Moment now, Effects& out) {
    const auto known = entries_.find(message.task);
    GrantVerdict verdict = GrantVerdict::unknown;
    if (known != entries_.end()) {
        Custody& entry = known->second;
        if (from != message.epoch.granter || is_jump(entry.highest, message.epoch)) {
            ++counters_.malformed;
            return Verdict::malformed;
        }
        if (!entry.accepted && entry.record.home.replaces(message.home)) {
            verdict = GrantVerdict::superseded;
        } else if (entry.accepted || !message.home.replaces(entry.record.home)) {
            verdict = grant(entry, message.epoch, message.attempts, now, out);
        }
        if (verdict == GrantVerdict::granted) watch(entry, now.boot_time);
    }
    Granted answer = as<Granted>(answer_of(message.task, message.epoch));
    answer.verdict = verdict;
    if (verdict == GrantVerdict::superseded) answer.record = known->second.record;
    out.send(from, answer);
    return verdict_of(verdict);
}

GrantVerdict Custodian::grant(Custody& entry, const Epoch& epoch, const Attempts& attempts,
                              Moment now, Effects& out) {
    if (entry.accepted) return GrantVerdict::granted;
    if (STARLING_MUTANT(47, epoch < entry.highest, false)) return GrantVerdict::lower;  // I1
    const Attempts before = entry.attempts;
    merge(entry.attempts, attempts);
    if (epoch > entry.highest || entry.attempts != before) {
        entry.highest = epoch;
        keep_state(entry, now.boot_time, out);  // I4
    }
    return GrantVerdict::granted;
}

GrantAnswer Custodian::answer_of(const TaskId& task, const Epoch& epoch) const {
    GrantAnswer answer;
    answer.task = task;
    answer.epoch = epoch;
    const Custody* entry = find(task);
    if (entry == nullptr) return answer;
    answer.highest = entry->highest;
    answer.held = entry->held;  // I2
    answer.accepted = entry->accepted;
    answer.attempts = entry->attempts;
    return answer;
}

Verdict Custodian::on_store(const NodeId& from, const StoreResult& message, Moment now,
                            Effects& out) {
    StoredResult answer;
    answer.task = message.task;
    answer.epoch = message.held.epoch;
    answer.verdict = StoreVerdict::unknown;
    const auto known = entries_.find(message.task);
    if (known == entries_.end()) {
        out.send(from, answer);
        return Verdict::unknown_task;
    }
    Custody& entry = known->second;
    const bool moved = message.home.replaces(entry.record.home);
    // Only the granter stores under its epoch; what is accepted any custodian may pass on.
    const bool granter = from == message.held.epoch.granter;
    if ((!granter && !message.accepted) || is_jump(entry.highest, message.held.epoch)) {
        ++counters_.malformed;
        return Verdict::malformed;
    }
    if (!granter && !moved && !entry.record.rank_of(from)) return Verdict::not_invited;
    answer.highest = entry.highest;
    answer.verdict = store_verdict(entry, message);
    if (answer.verdict == StoreVerdict::stored && (!entry.accepted || moved)) {
        keep_outcome(entry, message, now, out);
    }
    if (answer.verdict == StoreVerdict::stale && entry.accepted) answer.accepted = entry.held;
    out.send(from, answer);
    return answer.verdict == StoreVerdict::stored ? Verdict::done : Verdict::stale;
}

StoreVerdict Custodian::store_verdict(const Custody& entry, const StoreResult& message) {
    const Held& news = message.held;
    if (message.home.replaces(entry.record.home)) {
        return message.accepted ? StoreVerdict::stored : StoreVerdict::unknown;
    }
    if (entry.accepted) {
        const bool same = entry.held->outcome == news.outcome;
        return same ? StoreVerdict::stored : StoreVerdict::stale;
    }
    if (entry.record.home.replaces(message.home)) return StoreVerdict::superseded;
    if (message.accepted) return StoreVerdict::stored;
    const bool rival =
        entry.held && entry.held->epoch == news.epoch && entry.held->outcome != news.outcome;
    const bool stale = STARLING_MUTANT(48, news.epoch < entry.highest || rival, false);  // I1, I3
    if (rival) STARLING_PROBE(rival_result_held);
    return stale ? StoreVerdict::stale : StoreVerdict::stored;
}

void Custodian::keep_outcome(Custody& entry, const StoreResult& message, Moment now, Effects& out) {
    if (message.home.replaces(entry.record.home)) {
        note_twice(entry, message, out);
        entry.record.home = message.home;
    }
    entry.highest = std::max(entry.highest, message.held.epoch);
    entry.held = message.held;
    merge(entry.attempts, message.attempts);
    if (message.accepted) {
        finish(entry, now, out);
    } else {
        keep_state(entry, now.boot_time, out);
        watch(entry, now.boot_time);
    }
}

void Custodian::note_twice(const Custody& entry, const StoreResult& message, Effects& out) {
    if (!entry.accepted || entry.held->outcome.origin == message.held.outcome.origin) return;
    ++counters_.completed_twice;
    out.trace(Event::task_completed_twice, entry.record.id.prefix(), message.home.generation);
}

// ----------------------------------------------------------------- results straight from a winner

Verdict Custodian::on_inform(const NodeId& from, const Inform& message, Moment now, Effects& out) {
    const auto known = entries_.find(message.task);
    const auto answer = [&](InformVerdict verdict, const NodeId& runner) {
        out.send(from, Informed{message.task, message.epoch, verdict, runner});
    };
    if (known == entries_.end()) {
        answer(InformVerdict::unknown, {});
        return Verdict::unknown_task;
    }
    Custody& entry = known->second;
    const NodeId runner = entry.highest.granter;
    if (was_another(entry.attempts, message.epoch, from)) {  // I7
        answer(InformVerdict::stale, runner);
        return Verdict::not_invited;
    }
    const bool shown = entry.held && entry.held->outcome.origin == message.epoch;
    if (entry.accepted && !shown) {
        STARLING_PROBE(result_refused_stale);
        refuse_result(entry, from, message.epoch, out);
        keep_state(entry, now.boot_time, out);
        answer(InformVerdict::stale, runner);
        return Verdict::stale;
    }
    if (shown) {
        answer(entry.accepted ? InformVerdict::accepted : InformVerdict::stored, runner);
        return Verdict::repeated;
    }
    if (STARLING_MUTANT(53, message.epoch < entry.highest, false) ||
        is_jump(entry.highest, message.epoch)) {
        STARLING_PROBE(result_sent_elsewhere);
        answer(InformVerdict::elsewhere, runner);
        return Verdict::stale;
    }
    STARLING_PROBE(result_kept_for_runner);
    entry.highest = message.epoch;
    entry.held =
        Held{message.epoch, Outcome{Ending::done, message.result, {}, from, message.epoch}};
    keep_state(entry, now.boot_time, out);
    answer(InformVerdict::stored, runner);
    return Verdict::done;
}

Verdict Custodian::on_renew(const NodeId& from, const Renew& message, Effects& out) const {
    const Custody* entry = find(message.task);
    const bool over =
        entry != nullptr && entry->accepted && entry->held->outcome.origin != message.epoch;
    const auto verdict = over ? RenewVerdict::over : RenewVerdict::unknown;
    out.send(from, Renewed{message.task, message.epoch, verdict});
    return over ? Verdict::stale : Verdict::unknown_task;
}

void Custodian::refuse_result(Custody& entry, const NodeId& from, const Epoch& epoch,
                              Effects& out) {
    Attempt& attempt = attempt_of(entry.attempts, epoch, from);
    attempt.executed = true;
    attempt.refused = true;
    out.trace(Event::result_stale, entry.record.id.prefix(), epoch.round, entry.highest.round);
}

Verdict Custodian::on_duty(const NodeId& from, const Duty& duty, Moment now, Effects& out) {
    const auto known = entries_.find(duty.task);
    if (known == entries_.end()) return Verdict::unknown_task;
    Custody& entry = known->second;
    if (entry.accepted) return Verdict::repeated;
    if (from != duty.epoch.granter) return Verdict::not_invited;
    if (duty.note == DutyNote::finished) {
        if (!entry.held || entry.held->epoch != duty.epoch) return Verdict::stale;
        finish(entry, now, out);
        return Verdict::done;
    }
    if (duty.epoch < entry.highest) return Verdict::stale;
    if (duty.note == DutyNote::active) watch(entry, now.boot_time);
    if (duty.note == DutyNote::unknown) adopt_soon(entry, now.boot_time);
    return Verdict::done;
}

Verdict Custodian::on_withdraw(const NodeId& from, const Cancel& message, Effects& out) {
    const auto known = entries_.find(message.task);
    if (known == entries_.end()) return Verdict::unknown_task;
    Custody& entry = known->second;
    const bool own = from == message.epoch.granter && entry.highest == message.epoch;
    if (!own || !is_unused(entry)) return Verdict::stale;
    STARLING_PROBE(record_withdrawn);
    entry.withdrawn = true;
    if (!entry.shared) erase(message.task, out);
    return Verdict::done;
}

}  // namespace starling::auction
