#include "quorum/state.hpp"

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace starling::quorum {
namespace {

constexpr std::uint64_t round_step = limits::register_window;

// What a change did to the contents; none: it changed them.
struct Changed {
    Reason refused = Reason::none;
    bool same = false;  // allowed, but nothing to do
};

constexpr Changed changed{};
constexpr Changed unchanged{Reason::none, true};

Changed refused(Reason reason) {
    return {reason, false};
}

// Changes the contents; `next` is the version that they get if they change.
class Changer {
public:
    Changer(Snapshot& snapshot, std::uint64_t next) : snapshot_(snapshot), next_(next) {}

    Changed operator()(const Put& put) {
        if (!absent() && as<Bytes>() == nullptr) return refused(Reason::wrong_content);
        if (STARLING_MUTANT(11, put.expected && *put.expected != snapshot_.version, false)) {
            STARLING_PROBE(cas_mismatched);
            return refused(Reason::version_mismatch);
        }
        if (absent() && !put.value) return unchanged;
        snapshot_.contents = put.value ? Contents(*put.value) : Contents();
        return changed;
    }

    Changed operator()(const Identity&) { return unchanged; }

    Changed operator()(const Settle&) { return unchanged; }

    Changed operator()(const AcquireLease& request) {
        auto* lease = as<Lease>();
        if (!absent() && lease == nullptr) return refused(Reason::wrong_content);
        std::uint64_t fence = STARLING_MUTANT(14, next_, lease == nullptr ? next_ : lease->fence);
        if (lease != nullptr && !lease->released && lease->holder == request.holder) {
            STARLING_PROBE(lease_renewed_by_acquiring);
            fence = lease->fence;  // the caller's own: a renewal
        } else if (lease != nullptr && !may_acquire(*lease, snapshot_.version, request)) {
            return refused(Reason::held);
        }
        snapshot_.contents = Lease{request.holder, request.term, fence, false, request.purpose};
        return changed;
    }

    Changed operator()(const RenewLease& request) {
        return with_own_lease(request.lease, [&](Lease& lease) {
            if (request.term) lease.term = *request.term;
        });
    }

    Changed operator()(const ReleaseLease& request) {
        return with_own_lease(request.lease, [](Lease& lease) { lease.released = true; });
    }

    Changed operator()(const OpenDecision& request) {
        if (!absent()) return refused(as<Decision>() ? Reason::exists : Reason::wrong_content);
        snapshot_.contents = request.decision;
        return changed;
    }

    Changed operator()(const CastVote& vote) {
        auto* decision = as<Decision>();
        if (decision == nullptr) return refused(missing());
        switch (cast(*decision, vote)) {
            case VoteVerdict::counted:
                return changed;
            case VoteVerdict::repeated:
                return unchanged;
            case VoteVerdict::closed:
                return refused(Reason::closed);
            case VoteVerdict::not_elector:
                return refused(Reason::not_elector);
            case VoteVerdict::already_voted:
                return refused(Reason::already_voted);
            case VoteVerdict::no_such_option:
                return refused(Reason::no_such_option);
        }
        return unchanged;
    }

    Changed operator()(const CloseDecision&) {
        auto* decision = as<Decision>();
        if (decision == nullptr) return refused(missing());
        return close(*decision) ? changed : refused(Reason::closed);
    }

private:
    template <class T>
    T* as() {
        return std::get_if<T>(&snapshot_.contents);
    }

    [[nodiscard]] bool absent() const {
        return std::holds_alternative<std::monostate>(snapshot_.contents);
    }

    [[nodiscard]] Reason missing() const {
        return absent() ? Reason::not_found : Reason::wrong_content;
    }

    template <class Act>
    Changed with_own_lease(const LeaseKey& key, Act act) {
        auto* lease = as<Lease>();
        if (lease == nullptr) return refused(missing());
        if (!lease->is_held_as(key)) {
            STARLING_PROBE(lease_not_holder);
            return refused(Reason::not_holder);
        }
        act(*lease);
        return changed;
    }

    Snapshot& snapshot_;
    std::uint64_t next_;
};

enum class Memory : std::uint8_t { never_seen, remembered, dropped };

struct Recalled {
    Memory memory = Memory::never_seen;
    Entry entry;
};

Recalled recall(const State& state, const OpId& id) {
    Recalled found;
    for (const Entry& entry : state.window) {
        if (entry.id == id) return {Memory::remembered, entry};
        const bool done = entry.id.stream == id.stream && entry.done_below > id.seq;
        if (done || is_older_boot(id.stream, entry.id.stream)) found.memory = Memory::dropped;
    }
    return found;
}

// A refusal shows what stands now: the version of that time has another value.
Result result_of(const Entry& entry, std::uint64_t version) {
    STARLING_PROBE(operation_remembered);
    if (entry.cancelled) return {Outcome::not_applied, Reason::cancelled, version, false};
    return {Outcome::applied, Reason::none, entry.version, false};
}

// Adds a result, dropping what its stream is done with; false when the window is full.
bool remember(State& state, Entry entry) {
    const auto taken = [&](const Entry& old) {
        return (old.id.stream == entry.id.stream && old.id.seq < entry.done_below) ||
               is_older_boot(old.id.stream, entry.id.stream);
    };
    const auto gone = static_cast<std::size_t>(std::ranges::count_if(state.window, taken));
    if (state.window.size() - gone >= limits::register_window) return false;  // I4
    for (const Entry& old : state.window) {
        if (old.id.stream == entry.id.stream) {
            entry.done_below = std::max(entry.done_below, old.done_below);
        }
    }
    std::erase_if(state.window, taken);
    state.window.push_back(std::move(entry));
    return true;
}

Result settle(State& state, const Settle& request, std::uint64_t round) {
    const OpId& target = request.target.id;
    const Recalled recalled = recall(state, target);
    const std::uint64_t version = state.snapshot.version;
    if (recalled.memory == Memory::remembered) return result_of(recalled.entry, version);
    const bool may_be_forgotten = state.forgotten > request.target.after;
    if (recalled.memory == Memory::dropped || may_be_forgotten) {
        return {Outcome::unknown, Reason::expired, version, false};
    }
    if (STARLING_MUTANT(13, false, true))
        return {Outcome::not_applied, Reason::cancelled, version, false};
    if (!remember(state, {target, 0, true, version, round})) {
        return {Outcome::unknown, Reason::overloaded, version, false};
    }
    STARLING_PROBE(operation_cancelled);
    return {Outcome::not_applied, Reason::cancelled, version, true};
}

std::uint64_t next_version(const State& state, std::uint64_t round) {
    if (state.snapshot.version != 0) return state.snapshot.version + 1;
    return round >= round_step ? round - (round_step - 1) : 1;
}

// An operation that was tried elsewhere may be under way there still: its refusal is remembered.
Result refuse(State& state, const Operation& operation, Reason reason, std::uint64_t round) {
    const std::uint64_t version = state.snapshot.version;
    if (!operation.retried) return {Outcome::not_applied, reason, version, false};
    if (!remember(state, {operation.id, operation.done_below, true, version, round})) {
        return {Outcome::unknown, Reason::overloaded, version, false};
    }
    return {Outcome::not_applied, reason, version, true};
}

Result change(State& state, const Operation& operation, const Stamp& stamp) {
    const std::uint64_t next = next_version(state, stamp.round);
    Snapshot after = state.snapshot;
    const Changed done = std::visit(Changer(after, next), operation.change);
    if (done.refused != Reason::none) return refuse(state, operation, done.refused, stamp.round);
    if (done.same) return {Outcome::applied, Reason::none, state.snapshot.version, false};
    if (!remember(state, {operation.id, operation.done_below, false, next, stamp.round})) {
        const Outcome outcome = operation.retried ? Outcome::unknown : Outcome::not_applied;
        return {outcome, Reason::overloaded, state.snapshot.version, false};
    }
    after.version = next;
    after.by = stamp.node;
    after.wall_ms = stamp.wall_ms;
    state.snapshot = std::move(after);
    STARLING_ASSERT(next <= stamp.round);  // I1
    return {Outcome::applied, Reason::none, next, true};
}

void encode_contents(Writer& out, const Contents& contents) {
    out.uint(contents.index());
    if (const auto* value = std::get_if<Bytes>(&contents)) out.bytes(*value);
    if (const auto* lease = std::get_if<Lease>(&contents)) lease->encode(out);
    if (const auto* decision = std::get_if<Decision>(&contents)) decision->encode(out);
    if (std::holds_alternative<std::monostate>(contents)) out.nil();
}

bool decode_contents(Reader& in, Contents& contents) {
    switch (in.uint(3)) {
        case 0:
            in.nil();
            break;
        case 1:
            contents = copy_of(in.bytes(limits::encoded_value_bytes));
            break;
        case 2: {
            Reader list = in.list();
            return Lease::decode(list, contents.emplace<Lease>());
        }
        default: {
            Reader list = in.list();
            return Decision::decode(list, contents.emplace<Decision>());
        }
    }
    return in.ok();
}

void encode_entry(Writer& out, const Entry& entry) {
    out.list(6);
    out.bytes(view_of(entry.id.stream));
    out.uint(entry.id.seq);
    out.uint(entry.done_below);
    out.boolean(entry.cancelled);
    out.uint(entry.version);
    out.uint(entry.round);
}

Entry decode_entry(Reader in) {
    Entry entry;
    entry.id.stream = text_of(in.bytes(limits::operation_stream_bytes));
    entry.id.seq = in.uint();
    entry.done_below = in.uint();
    entry.cancelled = in.boolean();
    entry.version = in.uint();
    entry.round = in.uint();
    return entry;
}

}  // namespace

void State::encode(Writer& out) const {
    out.list(7);  // the contents are two: which, and what
    out.uint(snapshot.version);
    encode_contents(out, snapshot.contents);
    out.id(snapshot.by);
    out.uint(snapshot.wall_ms);
    out.list(window.size());
    for (const Entry& entry : window) encode_entry(out, entry);
    out.uint(forgotten);
}

bool State::decode(Reader& in, State& state) {
    state.snapshot.version = in.uint(limits::round_max);
    if (!decode_contents(in, state.snapshot.contents)) return false;
    state.snapshot.by = in.id<NodeId>();
    state.snapshot.wall_ms = in.uint();
    Reader window = in.list(limits::register_window);
    while (window.remaining() > 0) state.window.push_back(decode_entry(window.list()));
    state.forgotten = in.uint();
    const bool absent = std::holds_alternative<std::monostate>(state.snapshot.contents);
    if (state.snapshot.version == 0 && !absent) in.fail();
    return in.ok();
}

bool has_room(const State& state, std::uint64_t round) {
    return next_version(state, round) <= round;
}

void forget(State& state, std::uint64_t through) {
    std::erase_if(state.window, [&](const Entry& entry) {
        if (entry.round > through) return false;
        state.forgotten = std::max(state.forgotten, entry.round);
        return true;
    });
}

Result apply(State& state, const Operation& operation, const Stamp& stamp) {
    if (std::holds_alternative<Identity>(operation.change)) {
        return {Outcome::applied, Reason::none, state.snapshot.version, false};
    }
    if (const auto* request = std::get_if<Settle>(&operation.change)) {
        return settle(state, *request, stamp.round);
    }
    const Recalled recalled = recall(state, operation.id);  // I2, I3
    switch (recalled.memory) {
        case Memory::remembered:
            if (STARLING_MUTANT(12, false, true)) break;
            return result_of(recalled.entry, state.snapshot.version);
        case Memory::dropped:
            STARLING_PROBE(operation_expired);
            return {Outcome::unknown, Reason::expired, state.snapshot.version, false};
        case Memory::never_seen:
            break;
    }
    return change(state, operation, stamp);
}

}  // namespace starling::quorum
