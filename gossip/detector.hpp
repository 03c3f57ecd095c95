// The verdict on every accused member: a majority of those who may judge, and time to refute.
//
//   alive ──some accuse──> degraded ──H of E accuse──> suspect ──T(c)──> dead
//     └───────────────────────────── H of E refused ───────────────────> dead at once
//   H = floor(E / 2) + 1;  E = observers of the subject who are not outstandingly accused
//   themselves
//
// Invariants:
//   I1  While two could judge, one accuser kills nobody.
//   I2  Refusals kill at once only when two agree, or when the only judge left is this node itself.
//   I3  Silence kills no sooner than limits::pause_tolerance after the majority; when only one
//   judge is
//       left (two members, or all others accused), not before limits::suspicion_max.
//   I4  Who does not observe the subject waits 2 * pause_tolerance longer, for those who do.
//   I5  Looking only at what changed finds what looking at everything would.
//
// Not thread safe.
#pragma once

#include "base/mutant.hpp"
#include "gossip/heartbeats.hpp"
#include "gossip/members.hpp"
#include "gossip/opinions.hpp"
#include "gossip/rings.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

namespace starling::gossip {

// The votes of those who may judge one subject.
struct Tally {
    std::uint32_t eligible = 0;
    std::uint32_t down = 0;
    std::uint32_t refused = 0;

    [[nodiscard]] std::uint32_t needed() const { return eligible / 2 + 1; }

    [[nodiscard]] bool is_majority() const {
        return eligible > 0 && down >= STARLING_MUTANT(37, needed(), 1U);
    }
};

enum class Finding : std::uint8_t { suspect, cleared, dead };

struct Judgement {
    NodeId subject;
    Finding finding{};
    Cause cause = Cause::silent;
    std::uint32_t accusers = 0;
};

class Detector {
public:
    // What a judgement rests on; only read.
    struct Evidence {
        const NodeId& self;
        bool may_judge;  // self is not isolated, or has been for long
        const Members& members;
        const Rings& rings;
        const Heartbeats& heartbeats;
        const Opinions& opinions;
    };

    // What changed since the last call.  A member found dead stays in the evidence until the caller
    // buries it, which drops its opinions; `suspect` about oneself is for refuting.
    [[nodiscard]] std::vector<Judgement> judge(const Evidence& evidence, JudgeTime now);

    // The same when, of all the evidence, only opinions about the `touched` changed.
    [[nodiscard]] std::vector<Judgement> judge_touched(const Evidence& evidence,
                                                       std::span<const NodeId> touched,
                                                       JudgeTime now);

    // The subject claimed anew: whatever is held against it later is a new suspicion.
    void forget(const NodeId& subject) { suspects_.erase(subject); }

    // When a suspicion runs out next, as of the last judge().
    [[nodiscard]] std::optional<JudgeTime> deadline() const { return deadline_; }

    [[nodiscard]] bool is_suspect(const NodeId& id) const { return suspects_.contains(id); }

    // The votes that count about a subject.
    [[nodiscard]] static Tally tally(const Evidence& evidence, const NodeId& subject);

private:
    [[nodiscard]] static bool is_eligible(const Evidence& evidence, const NodeId& observer);
    [[nodiscard]] static Duration time_to_refute(const Evidence& evidence, const NodeId& subject,
                                                 const Tally& tally);
    [[nodiscard]] static bool dies_at_once(const Evidence& evidence, const NodeId& subject,
                                           const Tally& tally);
    void judge_one(const Evidence& evidence, const NodeId& subject, JudgeTime now,
                   std::vector<Judgement>& found);
    [[nodiscard]] std::vector<Judgement> judge_all(const Evidence& evidence,
                                                   std::vector<NodeId> subjects, JudgeTime now);
    [[nodiscard]] bool update_doubted(const Evidence& evidence, const NodeId& observer);

    struct Suspicion {
        JudgeTime since{};
        JudgeTime expiry{};
    };

    std::map<NodeId, Suspicion> suspects_;
    std::set<NodeId> doubted_;  // accused themselves so that their votes do not count
    std::optional<JudgeTime> deadline_;
};

}  // namespace starling::gossip
