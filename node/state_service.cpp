#include "node/state_service.hpp"

#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"
#include "base/value_codec.hpp"
#include "node/latency.hpp"

#include <algorithm>
#include <utility>

namespace starling::node {
namespace {

constexpr std::size_t current_per_turn = 256;  // values that a new watch is told in one turn

crdt::Type type_of(KeyType type) {
    switch (type) {
        case KeyType::last_writer:
            return crdt::Type::lww;
        case KeyType::multi_value:
            return crdt::Type::mv;
        case KeyType::counter:
            return crdt::Type::counter;
        case KeyType::set:
            return crdt::Type::set;
    }
    return crdt::Type::lww;
}

KeyType key_type_of(crdt::Type type) {
    switch (type) {
        case crdt::Type::any:
        case crdt::Type::lww:
            return KeyType::last_writer;
        case crdt::Type::mv:
            return KeyType::multi_value;
        case crdt::Type::counter:
            return KeyType::counter;
        case crdt::Type::set:
            return KeyType::set;
    }
    return KeyType::last_writer;
}

crdt::Operation operation_of(const WriteStep& step) {
    switch (step.action) {
        case WriteAction::put:
            return crdt::Operation::assign(step.key, step.value, type_of(step.type));
        case WriteAction::erase:
            return crdt::Operation::clear(step.key);
        case WriteAction::add:
            return crdt::Operation::increment(step.key, step.amount);
        case WriteAction::insert:
            return crdt::Operation::insert(step.key, step.value);
        case WriteAction::remove:
            return crdt::Operation::erase(step.key, step.value);
    }
    return crdt::Operation::clear(step.key);
}

VersionToken version_of(const crdt::Dot& dot) {
    return {dot.origin.node, dot.origin.boot, dot.counter};
}

Duration since(HybridTime time, WallTime now) {
    const auto age = Duration(now.time_since_epoch()) - std::chrono::milliseconds(time.ms());
    return std::max(age, Duration{0});  // another clock may be ahead of ours
}

std::int64_t sum_in(const Bytes& value) {
    const auto decoded = value_from(value);
    const auto* sum = decoded ? decoded->as<std::int64_t>() : nullptr;
    return sum == nullptr ? 0 : *sum;
}

EntryRecord written_by(const crdt::Dot& version, HybridTime time, const crdt::Author& author,
                       WallTime now) {
    EntryRecord entry;
    entry.version = version_of(version);
    entry.node = version.origin.node;
    entry.agent = author.agent;
    entry.reason = author.reason;
    entry.trace = author.trace;
    entry.written_ms = time.ms();
    entry.age = since(time, now);
    return entry;
}

EntryRecord entry_of(const crdt::View& view, WallTime now) {
    EntryRecord entry = written_by(view.version, view.time, view.author, now);
    entry.key = view.key;
    entry.type = key_type_of(view.type);
    entry.conflicted = view.conflicted;
    if (view.type == crdt::Type::counter) {
        entry.sum = sum_in(view.value);
    } else if (view.type == crdt::Type::set) {
        entry.values = view.elements;
    } else if (view.type == crdt::Type::mv && !view.siblings.empty()) {
        for (const crdt::Sibling& sibling : view.siblings) entry.values.push_back(sibling.value);
    } else {
        entry.values.push_back(view.value);
    }
    return entry;
}

// About what an entry takes on the wire.
std::size_t size_of(const EntryRecord& entry) {
    std::size_t size = 256 + entry.key.size() + entry.agent.size() + entry.reason.size();
    for (const Bytes& value : entry.values) size += value.size() + 8;
    return size;
}

Failed not_enough_copies(const VersionToken& version, std::uint64_t wanted) {
    return {Error{ErrorCode::unknown, "copies_missing",
                  "the write is durable here, but not known to be on " + std::to_string(wanted) +
                      " nodes in time",
                  "it spreads by itself: read it on another node (version " +
                      std::to_string(version.counter) + "), or write again",
                  Changed::yes}};
}

}  // namespace

void StateService::on_write(CallId call, const WriteAsk& ask, const Turn& turn) {
    std::vector<crdt::Operation> operations;
    for (const WriteStep& step : ask.steps) operations.push_back(operation_of(step));
    const crdt::WriteInfo info{.agent = ask.agent,
                               .reason = ask.reason,
                               .trace = ask.trace,
                               .idempotency_key = {},
                               .copies = std::max<std::uint64_t>(1, ask.copies)};
    const auto written =
        store_.write(std::move(operations), info, turn.neighbours, turn.now, turn.out);
    if (!written) {
        turn.out.answer(call, Failed{written.error()});
        return;
    }
    const VersionToken version = version_of(*written);
    if (info.copies == 1) {
        turn.out.answer(call, Ok{WriteAnswer{version, 1}});
        return;
    }
    waiting_[written->counter] = {call, version, info.copies, turn.now.boot_time + ask.timeout};
}

void StateService::on_get(CallId call, const GetAsk& ask, std::optional<Duration> as_of,
                          const Turn& turn) {
    GetAnswer answer;
    answer.as_of = as_of;
    std::size_t bytes = 0;
    for (const crdt::View& view : store_.read(ask.key)) {
        if (ask.type && type_of(*ask.type) != view.type) continue;
        answer.entries.push_back(entry_of(view, turn.now.wall));
        bytes += size_of(answer.entries.back());
    }
    if (bytes > limits::page_bytes) {
        turn.out.answer(
            call, Failed{Error{ErrorCode::invalid, "entry_too_large",
                               "the values of " + ask.key + " take " + std::to_string(bytes) +
                                   " bytes, a page holds " + std::to_string(limits::page_bytes),
                               "keep large sets as one key per element", Changed::no}});
        return;
    }
    turn.out.answer(call, Ok{std::move(answer)});
}

void StateService::on_list(CallId call, const ListAsk& ask, std::optional<Duration> as_of,
                           const Turn& turn) {
    const std::size_t max = std::clamp<std::size_t>(ask.max, 1, limits::page_items - 4);
    EntryPage page;
    page.as_of = as_of;
    std::size_t bytes = 0;
    for (const crdt::View& view : store_.list(ask.prefix, ask.after, max + 1)) {
        EntryRecord entry = entry_of(view, turn.now.wall);
        const bool new_key = !page.entries.empty() && page.entries.back().key != view.key;
        bytes += size_of(entry);
        if (new_key && (page.entries.size() >= max || bytes > limits::page_bytes)) {
            page.more = true;
            break;
        }
        page.entries.push_back(std::move(entry));
    }
    turn.out.answer(call, Ok{std::move(page)});
}

void StateService::on_watch(CallId call, const WatchAsk& ask) {
    watchers_[call] = {ask.prefix, {}, ask.changes_only};
}

void StateService::on_call_ended(CallId call) {
    watchers_.erase(call);
    std::erase_if(waiting_, [&](const auto& entry) {
        if (entry.second.call != call) return false;
        store_.forget_copies(entry.first);
        return true;
    });
}

void StateService::on_tick(const Turn& turn) {
    tell_changes(turn);
    tell_current(turn);
    tell_copies(turn);
    give_up_copies(turn);
}

std::optional<BootTime> StateService::next_deadline() const {
    std::optional<BootTime> next;
    for (const auto& [call, watcher] : watchers_) {
        if (!watcher.caught_up) next = BootTime{};  // at once: more current values are due
    }
    for (const auto& [counter, wait] : waiting_) next = earlier(next, wait.deadline);
    return next;
}

void StateService::tell_changes(const Turn& turn) {
    for (const crdt::Change& change : store_.take_changes()) {
        conflicts_ += change.lost.size();
        if (change.cause == crdt::Cause::remote) {
            count_latency(staleness_, since(change.time, turn.now.wall));
        }
        tell_change(change, turn);
    }
}

void StateService::tell_change(const crdt::Change& change, const Turn& turn) {
    std::optional<ChangeRecord> record;
    for (const auto& [call, watcher] : watchers_) {
        const bool passed = watcher.caught_up || change.key <= watcher.passed;  // I1
        if (!passed || !change.key.starts_with(watcher.prefix)) continue;
        if (STARLING_MUTANT(61, false, change.ends_batch && !change.after)) continue;
        if (!record) {
            record.emplace();
            record->phase = Phase::change;
            record->entry = written_by(change.version, change.time, change.author, turn.now.wall);
            record->entry.key = change.key;
            record->entry.type = key_type_of(change.type);
            record->entry.conflicted = change.conflicted;
            record->removed = !change.after.has_value();
            record->remote = change.cause == crdt::Cause::remote;
            record->staleness = record->remote ? record->entry.age : Duration{0};
            record->lost = change.lost;
            const auto& value = change.after ? change.after : change.before;
            if (change.type == crdt::Type::counter) {
                record->entry.sum = change.after ? sum_in(*change.after) : 0;
            } else if (value) {
                record->entry.values.push_back(*value);
            }
        }
        turn.out.stream(call, Ok{*record});
    }
}

void StateService::tell_current(const Turn& turn) {
    for (auto& [call, watcher] : watchers_) {
        if (watcher.caught_up) continue;
        const auto views = store_.list(watcher.prefix, watcher.passed, current_per_turn);
        for (const crdt::View& view : views) {
            ChangeRecord record;
            record.phase = Phase::current;
            record.entry = entry_of(view, turn.now.wall);
            turn.out.stream(call, Ok{std::move(record)});
        }
        if (!views.empty()) watcher.passed = views.back().key;
        if (views.size() >= current_per_turn) continue;
        watcher.caught_up = true;
        ChangeRecord caught_up;
        caught_up.phase = Phase::caught_up;
        turn.out.stream(call, Ok{std::move(caught_up)});
    }
}

void StateService::tell_copies(const Turn& turn) {
    for (const crdt::CopiesReached& reached : store_.take_copies()) {
        const auto found = waiting_.find(reached.counter);
        if (found == waiting_.end()) continue;
        const auto copies = static_cast<std::uint32_t>(reached.copies);
        turn.out.answer(found->second.call, Ok{WriteAnswer{found->second.version, copies}});
        waiting_.erase(found);
    }
}

void StateService::give_up_copies(const Turn& turn) {
    for (auto it = waiting_.begin(); it != waiting_.end();) {
        if (turn.now.boot_time < it->second.deadline) {
            ++it;
            continue;
        }
        STARLING_PROBE(copies_given_up);
        turn.out.answer(it->second.call, not_enough_copies(it->second.version, it->second.wanted));
        store_.forget_copies(it->first);
        it = waiting_.erase(it);
    }
}

}  // namespace starling::node
