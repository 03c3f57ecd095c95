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

OpinionVerdict Opinions::take(const Opinion& opinion) {
    About& about = by_subject_[opinion.subject];
    if (!about.empty() && object_of(about.begin()->second) != object_of(opinion)) {
        about.clear();
        touch(opinion.subject);
    }
    const auto known = about.find(opinion.observer);
    if (known == about.end()) {
        if (about.size() >= per_subject) return OpinionVerdict::full;  // I3
        about.emplace(opinion.observer, opinion);
        touch(opinion.subject);
        return OpinionVerdict::taken;
    }
    if (stamp_of(opinion) <= stamp_of(known->second)) return OpinionVerdict::old;  // I1
    known->second = opinion;
    touch(opinion.subject);
    return OpinionVerdict::taken;
}

void Opinions::drop_subject(const NodeId& subject) {
    if (by_subject_.erase(subject) > 0) touch(subject);
}

void Opinions::drop_observer(const NodeId& observer) {
    for (auto each = by_subject_.begin(); each != by_subject_.end();) {
        if (each->second.erase(observer) > 0) touch(each->first);
        each = each->second.empty() ? by_subject_.erase(each) : std::next(each);
    }
}

void Opinions::touch(const NodeId& subject) {
    ++changes_;
    touched_.push_back(subject);
}

const Opinions::About* Opinions::about(const NodeId& subject) const {
    const auto found = by_subject_.find(subject);
    return found == by_subject_.end() ? nullptr : &found->second;
}

std::vector<NodeId> Opinions::subjects() const {
    std::vector<NodeId> ids;
    for (const auto& [subject, about] : by_subject_) ids.push_back(subject);
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
