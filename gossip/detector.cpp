#include "gossip/detector.hpp"

#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"
#include "gossip/suspicion.hpp"

#include <algorithm>

namespace starling::gossip {
namespace {

constexpr SuspicionBounds bounds{limits::pause_tolerance, limits::suspicion_max};

}  // namespace

std::vector<Judgement> Detector::judge(const Evidence& evidence, JudgeTime now) {
    std::vector<NodeId> subjects = evidence.opinions.subjects();
    doubted_.clear();
    for (const NodeId& subject : subjects) (void)update_doubted(evidence, subject);
    for (const auto& [subject, suspicion] : suspects_) subjects.push_back(subject);
    return judge_all(evidence, std::move(subjects), now);
}

std::vector<Judgement> Detector::judge_touched(const Evidence& evidence,
                                               std::span<const NodeId> touched, JudgeTime now) {
    std::vector<NodeId> subjects(touched.begin(), touched.end());
    for (const NodeId& observer : touched) {
        if (!update_doubted(evidence, observer)) continue;
        // Its votes count no longer, or again.
        const auto judged = evidence.rings.subjects(observer);
        subjects.insert(subjects.end(), judged.begin(), judged.end());
    }
    for (const auto& [subject, suspicion] : suspects_) {
        if (now >= suspicion.expiry) subjects.push_back(subject);
    }
    return judge_all(evidence, std::move(subjects), now);
}

std::vector<Judgement> Detector::judge_all(const Evidence& evidence, std::vector<NodeId> subjects,
                                           JudgeTime now) {
    std::ranges::sort(subjects);
    subjects.erase(std::unique(subjects.begin(), subjects.end()), subjects.end());
    std::vector<Judgement> found;
    for (const NodeId& subject : subjects) judge_one(evidence, subject, now, found);
    deadline_.reset();
    for (const auto& [subject, suspicion] : suspects_) {
        if (!deadline_ || suspicion.expiry < *deadline_) deadline_ = suspicion.expiry;
    }
    return found;
}

// True when that is new.
bool Detector::update_doubted(const Evidence& evidence, const NodeId& observer) {
    const bool doubted = !is_eligible(evidence, observer);
    return doubted ? doubted_.insert(observer).second : doubted_.erase(observer) > 0;
}

Tally Detector::tally(const Evidence& evidence, const NodeId& subject) {
    Tally tally;
    const Opinions::About* about = evidence.opinions.about(subject);
    if (about == nullptr) return tally;
    for (const NodeId& observer : evidence.rings.observers(subject)) {
        if (!is_eligible(evidence, observer)) {
            STARLING_PROBE(accused_accuser_ignored);
            continue;
        }
        ++tally.eligible;
        const auto opinion = about->find(observer);
        if (opinion == about->end()) continue;
        tally.down += is_down(opinion->second.vote) ? 1U : 0U;
        tally.refused += opinion->second.vote == Vote::down_refused ? 1U : 0U;
    }
    return tally;
}

// An observer counts unless he is accused himself (Suresh et al. call this an implicit alert).  My
// own ears go before hearsay, so one liar who accuses everybody disqualifies nobody whom I hear.
bool Detector::is_eligible(const Evidence& evidence, const NodeId& observer) {
    if (observer == evidence.self) return evidence.may_judge;
    if (evidence.members.state(observer) != MemberState::alive) return false;
    if (evidence.heartbeats.watches(observer)) {
        return !evidence.heartbeats.is_accused_by_me(observer);
    }
    return !evidence.opinions.most_accuse(observer);
}

Duration Detector::time_to_refute(const Evidence& evidence, const NodeId& subject,
                                  const Tally& tally) {
    const Duration time =
        tally.eligible == 1
            ? bounds.max  // I3
            : suspicion_time(tally.down - tally.needed(), tally.eligible - tally.needed(), bounds);
    const bool observes = evidence.rings.observes(evidence.self, subject);
    return observes ? time : time + 2 * bounds.min;  // I4
}

bool Detector::dies_at_once(const Evidence& evidence, const NodeId& subject, const Tally& tally) {
    if (tally.refused < tally.needed()) return false;
    if (tally.needed() >= 2) return true;
    return evidence.heartbeats.is_accused_by_me(subject);  // I2: one needed, one judge: me
}

void Detector::judge_one(const Evidence& evidence, const NodeId& subject, JudgeTime now,
                         std::vector<Judgement>& found) {
    const auto suspect = suspects_.find(subject);
    // Most opinions are answers to an accusation that is over.
    if (suspect == suspects_.end() && evidence.opinions.down(subject) == 0) return;
    const Tally votes = tally(evidence, subject);
    if (!votes.is_majority()) {
        if (suspect == suspects_.end()) return;
        STARLING_PROBE(suspect_cleared);
        suspects_.erase(suspect);
        found.push_back({subject, Finding::cleared, Cause::claim, votes.down});
        return;
    }
    if (dies_at_once(evidence, subject, votes)) {
        STARLING_PROBE(refused_dies_at_once);
        found.push_back({subject, Finding::dead, Cause::refused, votes.down});
        suspects_.erase(subject);
        return;
    }
    const bool is_new = suspect == suspects_.end();
    Suspicion& suspicion = is_new ? suspects_[subject] : suspect->second;
    if (is_new) {
        suspicion.since = now;
        found.push_back({subject, Finding::suspect, Cause::silent, votes.down});
    }
    suspicion.expiry = suspicion.since + time_to_refute(evidence, subject, votes);
    if (STARLING_MUTANT(38, now < suspicion.expiry, false)) return;
    suspects_.erase(subject);
    STARLING_PROBE(silent_dies);
    found.push_back({subject, Finding::dead, Cause::silent, votes.down});
}

}  // namespace starling::gossip
