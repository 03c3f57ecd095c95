#include "sim/check_linearizable.hpp"

#include "base/rng.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace starling::sim {
namespace {

// The version of a register that an unanswered change created: any, until somebody saw it.
constexpr std::uint64_t unseen = ~0ULL;

using ValueId = std::uint32_t;

struct State {
    std::uint64_t version = 0;
    ValueId value = 0;

    friend auto operator<=>(const State&, const State&) = default;
};

// A call with its values as numbers.
struct Step {
    CallKind kind{};
    CallOutcome outcome{};
    std::uint64_t expected = 0;
    ValueId writes = 0;
    State seen;
};

std::uint64_t after(std::uint64_t version) {
    return version == 0 || version == unseen ? unseen : version + 1;
}

bool shows(const State& state, const State& seen) {
    if (state.version != unseen) {
        return state.version == seen.version && (seen.version == 0 || state.value == seen.value);
    }
    return seen.version != 0 && state.value == seen.value;
}

bool can_make(std::uint64_t from, std::uint64_t made) {
    return after(from) == unseen ? made != 0 : made == from + 1;
}

// A version that nobody saw yet may be the one a client learned by other means, say by settling.
bool matches(const State& state, std::uint64_t expected) {
    return state.version == expected || (state.version == unseen && expected != 0);
}

std::optional<State> apply_known(const State& state, const Step& step) {
    if (step.kind == CallKind::read || step.outcome == CallOutcome::not_applied) {
        const bool refused_rightly =
            step.kind != CallKind::cas || step.seen.version != step.expected;
        return shows(state, step.seen) && refused_rightly ? std::optional(step.seen) : std::nullopt;
    }
    const bool cas = step.kind == CallKind::cas;
    if (cas && !matches(state, step.expected)) return std::nullopt;
    if (!can_make(cas ? step.expected : state.version, step.seen.version)) return std::nullopt;
    return State{step.seen.version, step.writes};
}

// What the register holds after the call; nothing when it would have answered otherwise.  An
// unanswered call that changes nothing here is left out: it need not be placed at all.
std::optional<State> apply(const State& state, const Step& step) {
    if (step.outcome != CallOutcome::unknown) return apply_known(state, step);
    if (step.kind != CallKind::cas) return State{after(state.version), step.writes};
    if (!matches(state, step.expected)) return std::nullopt;
    return State{after(step.expected), step.writes};
}

ValueId known_value(const Step& step) {
    const bool change = step.kind == CallKind::write || step.kind == CallKind::cas;
    return change && step.outcome == CallOutcome::applied ? step.writes : step.seen.value;
}

// One key's calls as a doubly linked list of their beginnings and ends, by time.
class Search {
public:
    Search(const CallHistory& history, const std::vector<std::size_t>& calls) {
        std::map<std::string, ValueId, std::less<>> values;
        const auto id_of = [&](const std::string& value) {
            return values.try_emplace(value, static_cast<ValueId>(values.size() + 1)).first->second;
        };
        for (const std::size_t index : calls) {
            const Call& call = history[index];
            Step step{call.kind, call.outcome, call.expected, id_of(call.value), {}};
            if (call.seen) step.seen = {call.seen->version, id_of(call.seen->value)};
            steps_.push_back(step);
            if (call.seen) known_.emplace(step.seen.version, known_value(step));
        }
        link(history, calls);
    }

    LinearVerdict run(std::size_t& steps, std::size_t steps_max) {
        State state;
        std::size_t entry = next_[0];
        while (open_ > 0) {
            if (steps >= steps_max) return LinearVerdict::gave_up;
            if (!is_end(entry)) {
                ++steps;
                entry = try_place(entry, state) ? next_[0] : next_[entry];
                continue;
            }
            // An end is reached whose call was not placed: the last placement was wrong.
            if (placed_.size() >= best_) blocked_ = step_of_[entry];
            if (placed_.empty()) return LinearVerdict::violated;
            entry = undo(state);
        }
        return LinearVerdict::linearizable;
    }

    [[nodiscard]] std::size_t best() const { return best_; }

    // Of the best attempt so far: which of the calls it could not place in time.
    [[nodiscard]] std::size_t blocked() const { return blocked_; }

private:
    struct Placed {
        std::size_t entry = 0;
        State before;
    };

    using Tried = std::tuple<std::uint64_t, std::uint64_t, State>;

    // Entry 0 is the list's head; entries 1..2n are the beginnings and ends in order of time.
    void link(const CallHistory& history, const std::vector<std::size_t>& calls) {
        std::vector<std::tuple<std::int64_t, bool, std::size_t>> times;  // ends after beginnings
        for (std::size_t i = 0; i < calls.size(); ++i) {
            const Call& call = history[calls[i]];
            const bool unknown = call.outcome == CallOutcome::unknown;
            times.emplace_back(call.call_ns, false, i);
            times.emplace_back(unknown ? never_ns : call.return_ns.value_or(never_ns), true, i);
            if (!unknown) ++open_;
        }
        std::ranges::sort(times);
        const std::size_t size = times.size() + 1;
        next_.resize(size + 1);
        previous_.resize(size + 1);
        step_of_.resize(size + 1, 0);
        ends_.resize(size + 1, true);
        partner_.resize(size + 1, 0);
        std::vector<std::size_t> begin_of(calls.size());
        for (std::size_t entry = 0; entry <= size; ++entry) {
            next_[entry] = entry + 1;
            previous_[entry] = entry - 1;
        }
        for (std::size_t entry = 1; entry < size; ++entry) {
            const auto& [time, end, step] = times[entry - 1];
            step_of_[entry] = step;
            ends_[entry] = end;
            if (!end) begin_of[step] = entry;
            if (end) partner_[begin_of[step]] = entry;
        }
    }

    [[nodiscard]] bool is_end(std::size_t entry) const { return ends_[entry]; }

    // An unanswered change made no version that is known to hold another value.
    [[nodiscard]] bool contradicts(const State& state) const {
        const auto known = known_.find(state.version);
        return known != known_.end() && known->second != state.value;
    }

    bool try_place(std::size_t entry, State& state) {
        const std::size_t step = step_of_[entry];
        const auto result = apply(state, steps_[step]);
        if (!result) return false;
        if (steps_[step].outcome == CallOutcome::unknown && contradicts(*result)) return false;
        const auto mark_a = draw(1, 0, step);
        const auto mark_b = draw(2, 0, step);
        if (!tried_.emplace(hash_a_ ^ mark_a, hash_b_ ^ mark_b, *result).second) return false;
        hash_a_ ^= mark_a;
        hash_b_ ^= mark_b;
        placed_.push_back({entry, state});
        best_ = std::max(best_, placed_.size());
        state = *result;
        lift(entry);
        lift(partner_[entry]);
        if (steps_[step].outcome != CallOutcome::unknown) --open_;
        return true;
    }

    // Takes the last placement back; the search goes on behind its beginning.
    std::size_t undo(State& state) {
        const Placed last = placed_.back();
        placed_.pop_back();
        const std::size_t step = step_of_[last.entry];
        state = last.before;
        hash_a_ ^= draw(1, 0, step);
        hash_b_ ^= draw(2, 0, step);
        put_back(partner_[last.entry]);
        put_back(last.entry);
        if (steps_[step].outcome != CallOutcome::unknown) ++open_;
        return next_[last.entry];
    }

    void lift(std::size_t entry) {
        next_[previous_[entry]] = next_[entry];
        previous_[next_[entry]] = previous_[entry];
    }

    void put_back(std::size_t entry) {
        next_[previous_[entry]] = entry;
        previous_[next_[entry]] = entry;
    }

    std::vector<Step> steps_;
    std::map<std::uint64_t, ValueId> known_;  // version -> value, as anybody saw it
    std::vector<std::size_t> next_;
    std::vector<std::size_t> previous_;
    std::vector<std::size_t> step_of_;
    std::vector<std::size_t> partner_;  // of a beginning: its end
    std::vector<bool> ends_;
    std::vector<Placed> placed_;
    std::set<Tried> tried_;
    std::uint64_t hash_a_ = 0;
    std::uint64_t hash_b_ = 0;
    std::size_t open_ = 0;  // answered calls not placed yet
    std::size_t best_ = 0;
    std::size_t blocked_ = 0;
};

// A call that had no effect and showed nothing says nothing.
bool tells(const Call& call) {
    if (call.kind == CallKind::settle) return false;
    if (call.outcome == CallOutcome::unknown) return call.kind != CallKind::read;
    return call.seen.has_value();
}

}  // namespace

LinearResult check_linearizable(const CallHistory& history, std::size_t steps_max) {
    std::map<std::string, std::vector<std::size_t>, std::less<>> keys;
    for (std::size_t index = 0; index < history.size(); ++index) {
        if (tells(history[index])) keys[history[index].key].push_back(index);
    }
    LinearResult result;
    for (const auto& [key, calls] : keys) {
        Search search(history, calls);
        result.verdict = search.run(result.steps, steps_max);
        result.key = key;
        result.calls = search.best();
        if (result.verdict == LinearVerdict::violated) result.blocked = calls[search.blocked()];
        if (result.verdict != LinearVerdict::linearizable) return result;
    }
    result.key.clear();
    return result;
}

}  // namespace starling::sim
