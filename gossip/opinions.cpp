#include "gossip/opinions.hpp"

#include "base/assert.hpp"

#include <tuple>

namespace starling::gossip {
namespace {

auto stamp_of(const Opinion& opinion) {
    return std::tuple(opinion.observer_boot, opinion.sequence);
}

auto object_of(const Opinion& opinion) {
    return std::tuple(opinion.boot, opinion.incarnation);
}

}  // namespace

bool Opinions::is_newer(const Opinion& opinion, const Opinion& than) {
    return opinion.observer == than.observer && object_of(opinion) == object_of(than) &&
           stamp_of(opinion) > stamp_of(than);
}

OpinionVerdict Opinions::take(const Opinion& opinion) {
    Held& held = by_subject_[opinion.subject];
    if (!held.votes.empty() && object_of(held.votes.begin()->second) != object_of(opinion)) {
        held = {};
        touch(opinion.subject);
    }
    const std::uint32_t down = is_down(opinion.vote) ? 1 : 0;
    const auto known = held.votes.find(opinion.observer);
    if (known == held.votes.end()) {
        if (held.votes.size() >= per_subject) return OpinionVerdict::full;  // I3
        held.votes.emplace(opinion.observer, opinion);
        held.down += down;
        touch(opinion.subject);
        return OpinionVerdict::taken;
    }
    if (stamp_of(opinion) <= stamp_of(known->second)) return OpinionVerdict::old;  // I1
    held.down += down - (is_down(known->second.vote) ? 1U : 0U);
    known->second = opinion;
    touch(opinion.subject);
    return OpinionVerdict::taken;
}

void Opinions::drop_subject(const NodeId& subject) {
    if (by_subject_.erase(subject) > 0) touch(subject);
}

void Opinions::drop_observer(const NodeId& observer) {
    for (auto each = by_subject_.begin(); each != by_subject_.end();) {
        Held& held = each->second;
        const auto vote = held.votes.find(observer);
        if (vote != held.votes.end()) {
            held.down -= is_down(vote->second.vote) ? 1U : 0U;
            held.votes.erase(vote);
            touch(each->first);
        }
        each = held.votes.empty() ? by_subject_.erase(each) : std::next(each);
    }
}

void Opinions::touch(const NodeId& subject) {
    ++changes_;
    touched_.push_back(subject);
}

const Opinions::About* Opinions::about(const NodeId& subject) const {
    const auto found = by_subject_.find(subject);
    return found == by_subject_.end() ? nullptr : &found->second.votes;
}

std::uint32_t Opinions::down(const NodeId& subject) const {
    const auto found = by_subject_.find(subject);
    return found == by_subject_.end() ? 0 : found->second.down;
}

bool Opinions::most_accuse(const NodeId& subject) const {
    const auto found = by_subject_.find(subject);
    return found != by_subject_.end() && 2 * found->second.down > found->second.votes.size();
}

std::vector<NodeId> Opinions::subjects() const {
    std::vector<NodeId> ids;
    for (const auto& [subject, held] : by_subject_) ids.push_back(subject);
    return ids;
}

std::vector<NodeId> Opinions::accusers(const NodeId& subject) const {
    std::vector<NodeId> ids;
    const About* found = about(subject);
    if (found == nullptr) return ids;
    for (const auto& [observer, opinion] : *found) {
        if (is_down(opinion.vote)) ids.push_back(observer);
    }
    return ids;
}

}  // namespace starling::gossip
