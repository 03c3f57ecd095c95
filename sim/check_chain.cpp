#include "sim/check_chain.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

namespace starling::sim {
namespace {

bool is_change(const Call& call) {
    return call.kind == CallKind::write || call.kind == CallKind::cas;
}

bool made_version(const Call& call) {
    return is_change(call) && call.outcome == CallOutcome::applied && call.seen;
}

// What is known of one version of one key.
struct Version {
    std::string value;
    std::optional<std::size_t> maker;  // the answered change that made it
    std::size_t first_shown = 0;
};

class KeyChain {
public:
    explicit KeyChain(const CallHistory& history) : history_(history) {}

    void add(std::size_t index) { calls_.push_back(index); }

    std::optional<ChainViolation> check() {
        for (const std::size_t index : calls_) {
            if (auto bad = note(index)) return bad;
        }
        if (auto bad = check_unknown()) return bad;
        return check_time();
    }

private:
    // C1, C2
    std::optional<ChainViolation> note(std::size_t index) {
        const Call& call = history_[index];
        if (!call.seen || call.kind == CallKind::settle) return std::nullopt;
        const bool maker = made_version(call);
        const Seen seen = maker ? Seen{call.seen->version, call.value} : *call.seen;
        if (seen.version == 0 && !maker) return std::nullopt;
        const auto [found, fresh] =
            versions_.try_emplace(seen.version, Version{seen.value, std::nullopt, index});
        if (!fresh && found->second.value != seen.value) {
            return bad(index, "C1", "another value was seen at this version");
        }
        if (!maker) return std::nullopt;
        if (found->second.maker) return bad(index, "C1", "two changes made this version");
        found->second.maker = index;
        const bool next =
            call.kind != CallKind::cas || call.expected == 0 || seen.version == call.expected + 1;
        if (!next) return bad(index, "C2", "the version made does not follow the expected one");
        return std::nullopt;
    }

    // C5: by value, since nobody knows which version an unanswered change made.
    std::optional<ChainViolation> check_unknown() {
        std::multiset<std::string> may_have_happened;
        for (const std::size_t index : calls_) {
            const Call& call = history_[index];
            if (is_change(call) && call.outcome == CallOutcome::unknown) {
                may_have_happened.insert(call.value);
            }
        }
        for (const auto& [number, version] : versions_) {
            if (version.maker) continue;
            const auto found = may_have_happened.find(version.value);
            if (found == may_have_happened.end()) {
                return bad(version.first_shown, "C5", "nobody can have made this version");
            }
            may_have_happened.erase(found);
        }
        return std::nullopt;
    }

    // C3, C4: one sweep over calls by their beginning, and over answers by their end.
    std::optional<ChainViolation> check_time() {
        std::vector<std::size_t> by_call = answered();
        std::vector<std::size_t> by_return = by_call;
        std::ranges::sort(by_call, {}, [&](std::size_t i) { return history_[i].call_ns; });
        std::ranges::sort(by_return, {}, [&](std::size_t i) { return end_of(i); });
        std::uint64_t overtaken = 0;
        auto ended = by_return.begin();
        for (const std::size_t index : by_call) {
            const Call& call = history_[index];
            for (; ended != by_return.end() && end_of(*ended) < call.call_ns; ++ended) {
                overtaken = std::max(overtaken, history_[*ended].seen->version);
            }
            const std::uint64_t version = call.seen->version;
            const bool late = made_version(call) ? version <= overtaken : version < overtaken;
            if (late) return bad(index, "C3", "a higher version was shown before this call began");
            if (auto early = check_early(index)) return early;
        }
        return std::nullopt;
    }

    std::optional<ChainViolation> check_early(std::size_t index) {
        const auto found = versions_.find(history_[index].seen->version);
        if (found == versions_.end() || !found->second.maker) return std::nullopt;
        if (history_[*found->second.maker].call_ns <= end_of(index)) return std::nullopt;
        return bad(index, "C4", "seen before the change that made it was called");
    }

    [[nodiscard]] std::vector<std::size_t> answered() const {
        std::vector<std::size_t> indices;
        for (const std::size_t index : calls_) {
            const Call& call = history_[index];
            if (call.seen && call.kind != CallKind::settle) indices.push_back(index);
        }
        return indices;
    }

    [[nodiscard]] std::int64_t end_of(std::size_t index) const {
        return history_[index].return_ns.value_or(never_ns);
    }

    ChainViolation bad(std::size_t index, std::string rule, const std::string& what) const {
        const Call& call = history_[index];
        std::string text = "client " + call.client + ", key " + call.key;
        if (call.seen) text += ", version " + std::to_string(call.seen->version);
        return {index, std::move(rule), text + ": " + what};
    }

    const CallHistory& history_;
    std::vector<std::size_t> calls_;
    std::map<std::uint64_t, Version> versions_;
};

}  // namespace

std::optional<ChainViolation> check_chain(const CallHistory& history) {
    std::map<std::string, KeyChain, std::less<>> keys;
    for (std::size_t index = 0; index < history.size(); ++index) {
        keys.try_emplace(history[index].key, history).first->second.add(index);
    }
    for (auto& [key, chain] : keys) {
        if (auto bad = chain.check()) return bad;
    }
    return std::nullopt;
}

}  // namespace starling::sim
