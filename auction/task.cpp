#include "auction/task.hpp"

#include "auction/encoding.hpp"
#include "base/hash.hpp"
#include "base/limits.hpp"

#include <algorithm>

namespace starling::auction {
namespace {

bool is_sane(Duration duration) {
    return duration >= Duration{0} && duration <= limits::task_duration_max;
}

TaskId id_from(Hash256 hash) {
    TaskId id;
    std::copy_n(hash.bytes.begin(), TaskId::size, id.bytes.begin());
    return id;
}

}  // namespace

void Epoch::encode(Writer& out) const {
    out.list(4);
    out.uint(round);
    out.id(granter);
    out.ordinal(boot);
    out.uint(term);
}

bool Epoch::decode(Reader& in, Epoch& epoch) {
    // One below the top, so that a next round always exists.
    epoch.round = static_cast<std::uint32_t>(in.uint(limits::task_rounds));
    epoch.granter = in.id<NodeId>();
    epoch.boot = in.ordinal<Boot>();
    epoch.term = in.uint();
    return in.ok();
}

void TaskSpec::encode(Writer& out) const {
    out.list(8);
    out.text(skill);
    out.bytes(payload);
    out.duration(estimate);
    out.duration(deadline);
    out.duration(run_limit);
    out.uint(priority);
    out.uint(attempts_max);
    out.text(key);
}

bool TaskSpec::decode(Reader& in, TaskSpec& spec) {
    spec.skill = take_text(in, limits::name_bytes);
    spec.payload = take_bytes(in, limits::encoded_value_bytes);
    spec.estimate = in.duration();
    spec.deadline = in.duration();
    spec.run_limit = in.duration();
    spec.priority = static_cast<std::uint8_t>(in.uint(9));
    spec.attempts_max = static_cast<std::uint8_t>(in.uint(limits::task_failures));
    spec.key = take_text(in, limits::name_bytes);
    if (fault_of(spec) != SpecFault::none) in.fail();
    return in.ok();
}

SpecFault fault_of(const TaskSpec& spec) {
    if (spec.skill.empty()) return SpecFault::skill_empty;
    if (spec.skill.size() > limits::name_bytes) return SpecFault::skill_too_long;
    if (spec.payload.size() > limits::encoded_value_bytes) return SpecFault::payload_too_large;
    if (spec.key.size() > limits::name_bytes) return SpecFault::key_too_long;
    if (spec.priority > 9) return SpecFault::priority_too_high;
    if (spec.attempts_max == 0 || spec.attempts_max > limits::task_failures) {
        return SpecFault::attempts_out_of_range;
    }
    if (!is_sane(spec.estimate) || !is_sane(spec.deadline) || !is_sane(spec.run_limit) ||
        spec.run_limit == Duration{0}) {
        return SpecFault::duration_out_of_range;
    }
    return SpecFault::none;
}

std::string_view name_of(SpecFault fault) {
    switch (fault) {
        case SpecFault::none:
            return "none";
        case SpecFault::skill_empty:
            return "skill_empty";
        case SpecFault::skill_too_long:
            return "skill_too_long";
        case SpecFault::payload_too_large:
            return "payload_too_large";
        case SpecFault::key_too_long:
            return "key_too_long";
        case SpecFault::priority_too_high:
            return "priority_too_high";
        case SpecFault::attempts_out_of_range:
            return "attempts_out_of_range";
        case SpecFault::duration_out_of_range:
            return "duration_out_of_range";
    }
    return "unknown";
}

void HomeTag::encode(Writer& out) const {
    out.list(4);
    out.uint(generation);
    out.id(founder);
    out.ordinal(boot);
    out.uint(term);
}

bool HomeTag::decode(Reader& in, HomeTag& tag) {
    tag.generation = static_cast<std::uint32_t>(in.uint(limits::task_rounds));
    tag.founder = in.id<NodeId>();
    tag.boot = in.ordinal<Boot>();
    tag.term = in.uint();
    return in.ok();
}

void Record::encode(Writer& out) const {
    out.list(7);
    out.id(id);
    spec.encode(out);
    out.id(announcer);
    out.uint(offered_ms);
    home.encode(out);
    put_nodes(out, custodians);
    put_nodes(out, before);
}

bool Record::decode(Reader& in, Record& record) {
    record.id = in.id<TaskId>();
    take(in, record.spec);
    record.announcer = in.id<NodeId>();
    record.offered_ms = in.uint();
    take(in, record.home);
    take_nodes(in, record.custodians, limits::key_custodians);
    take_nodes(in, record.before, limits::key_custodians);
    auto sorted = record.custodians;
    std::sort(sorted.begin(), sorted.end());
    const bool twice = std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end();
    if (sorted.empty() || twice) in.fail();
    return in.ok();
}

std::optional<std::size_t> Record::rank_of(const NodeId& node) const {
    const auto found = std::find(custodians.begin(), custodians.end(), node);
    if (found == custodians.end()) return std::nullopt;
    return static_cast<std::size_t>(found - custodians.begin());
}

TaskId keyed_id(std::string_view key) {
    return id_from(Hasher("starling/v1/task-key").add(key).finish());
}

TaskId numbered_id(const NodeId& announcer, Boot boot, std::uint64_t sequence) {
    return id_from(Hasher("starling/v1/task-number")
                       .add(announcer.view())
                       .add(boot.value)
                       .add(sequence)
                       .finish());
}

void Outcome::encode(Writer& out) const {
    out.list(5);
    put_enum(out, ending);
    out.bytes(result);
    out.text(reason);
    out.id(executor);
    origin.encode(out);
}

bool Outcome::decode(Reader& in, Outcome& outcome) {
    outcome.ending = take_enum<Ending>(in, 3);
    outcome.result = take_bytes(in, limits::encoded_value_bytes);
    outcome.reason = take_text(in, limits::name_bytes);
    outcome.executor = in.id<NodeId>();
    take(in, outcome.origin);
    return in.ok();
}

void Held::encode(Writer& out) const {
    out.list(2);
    epoch.encode(out);
    outcome.encode(out);
}

bool Held::decode(Reader& in, Held& held) {
    take(in, held.epoch);
    take(in, held.outcome);
    return in.ok();
}

std::string_view name_of(AttemptEnd end) {
    switch (end) {
        case AttemptEnd::running:
            return "running";
        case AttemptEnd::done:
            return "done";
        case AttemptEnd::failed:
            return "failed";
        case AttemptEnd::crashed:
            return "crashed";
        case AttemptEnd::lease_lost:
            return "lease_lost";
        case AttemptEnd::left:
            return "left";
        case AttemptEnd::run_limit:
            return "run_limit";
        case AttemptEnd::declined:
            return "declined";
        case AttemptEnd::superseded:
            return "superseded";
    }
    return "unknown";
}

void Attempt::encode(Writer& out) const {
    out.list(8);
    epoch.encode(out);
    out.id(node);
    out.uint(started_ms);
    out.uint(ended_ms);
    put_enum(out, end);
    out.boolean(executed);
    out.boolean(refused);
    out.text(reason);
}

bool Attempt::decode(Reader& in, Attempt& attempt) {
    take(in, attempt.epoch);
    attempt.node = in.id<NodeId>();
    attempt.started_ms = in.uint();
    attempt.ended_ms = in.uint();
    attempt.end = take_enum<AttemptEnd>(in, 9);
    attempt.executed = in.boolean();
    attempt.refused = in.boolean();
    attempt.reason = take_text(in, limits::name_bytes);
    return in.ok();
}

void merge(Attempts& into, const Attempts& news) {
    for (const Attempt& fresh : news) {
        Attempt& known = attempt_of(into, fresh.epoch, fresh.node);
        const bool refused = known.refused || fresh.refused;
        const bool executed = known.executed || fresh.executed;
        // Nobody goes back to running.
        if (known.end == AttemptEnd::running || fresh.end != AttemptEnd::running) known = fresh;
        known.refused = refused;
        known.executed = executed;
    }
}

const Attempt* find_attempt(const Attempts& attempts, const Epoch& epoch) {
    const auto found = std::find_if(attempts.begin(), attempts.end(),
                                    [&](const Attempt& each) { return each.epoch == epoch; });
    return found == attempts.end() ? nullptr : &*found;
}

bool was_another(const Attempts& attempts, const Epoch& epoch, const NodeId& node) {
    const Attempt* known = find_attempt(attempts, epoch);
    return known != nullptr && known->started_ms != 0 && known->node != node;
}

Attempt& attempt_of(Attempts& attempts, const Epoch& epoch, const NodeId& node) {
    const auto position = [&] {
        return std::lower_bound(attempts.begin(), attempts.end(), epoch,
                                [](const Attempt& a, const Epoch& b) { return a.epoch < b; });
    };
    auto place = position();
    if (place != attempts.end() && place->epoch == epoch) return *place;
    place = attempts.insert(place, Attempt{.epoch = epoch, .node = node, .reason = {}});
    if (attempts.size() <= limits::attempts_kept) return *place;
    // The oldest goes, unless it is the one asked for: then the next.
    attempts.erase(place == attempts.begin() ? place + 1 : attempts.begin());
    return *position();
}

}  // namespace starling::auction
