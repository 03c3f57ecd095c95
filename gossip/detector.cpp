#include "gossip/detector.hpp"

#include "base/limits.hpp"
#include "gossip/suspicion.hpp"

#include <algorithm>

namespace starling::gossip {
namespace {

constexpr SuspicionBounds bounds{limits::pause_tolerance, limits::suspicion_max};

}  // namespace

std::vector<Judgement> Detector::judge(const Evidence& evidence, JudgeTime now) {
    std::vector<Judgement> found;
    deadline_.reset();
    if (suspects_.empty() && evidence.opinions.empty()) return found;
    clear_others(evidence, found);
    for (const NodeId& subject : evidence.opinions.subjects()) {
        judge_one(evidence, subject, now, found);
    }
    return found;
}

Tally Detector::tally(const Evidence& evidence, const NodeId& subject) {
    Tally tally;
    const Opinions::About* about = evidence.opinions.about(subject);
    if (about == nullptr) return tally;
    for (const NodeId& observer : evidence.rings.observers(subject)) {
        if (!is_eligible(evidence, observer)) continue;
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
    const Opinions::About* about = evidence.opinions.about(observer);
    if (about == nullptr) return true;
    const auto down =
        std::ranges::count_if(*about, [](const auto& each) { return is_down(each.second.vote); });
    return 2 * down <= static_cast<std::ptrdiff_t>(about->size());
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
    const Tally votes = tally(evidence, subject);
    const auto suspect = suspects_.find(subject);
    if (!votes.is_majority()) {
        if (suspect == suspects_.end()) return;
        suspects_.erase(suspect);
        found.push_back({subject, Finding::cleared, Cause::claim, votes.down});
        return;
    }
    if (dies_at_once(evidence, subject, votes)) {
        found.push_back({subject, Finding::dead, Cause::refused, votes.down});
        suspects_.erase(subject);
        return;
    }
    const bool is_new = suspect == suspects_.end();
    const JudgeTime since = suspects_.emplace(subject, now).first->second;
    if (is_new) found.push_back({subject, Finding::suspect, Cause::silent, votes.down});
    const JudgeTime expiry = since + time_to_refute(evidence, subject, votes);
    if (now >= expiry) {
        suspects_.erase(subject);
        found.push_back({subject, Finding::dead, Cause::silent, votes.down});
    } else if (!deadline_ || expiry < *deadline_) {
        deadline_ = expiry;
    }
}

// Suspects without any opinion left: they refuted, ended, or their accusers did.
void Detector::clear_others(const Evidence& evidence, std::vector<Judgement>& found) {
    for (auto each = suspects_.begin(); each != suspects_.end();) {
        if (evidence.opinions.about(each->first) != nullptr) {
            ++each;
            continue;
        }
        found.push_back({each->first, Finding::cleared, Cause::claim, 0});
        each = suspects_.erase(each);
    }
}

}  // namespace starling::gossip
