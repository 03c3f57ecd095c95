#include "crdt/pulls.hpp"

#include "base/buggify.hpp"
#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"

#include <algorithm>

namespace starling::crdt {

void Pulls::want(const Origin& origin, std::uint64_t to, const NodeId& holder) {
    if (goals_.size() >= limits::origins && !goals_.contains(origin)) return;  // I3
    const auto [place, added] = goals_.try_emplace(origin);
    Goal& goal = place->second;
    if (added) idle_.insert(origin);
    if (to < goal.to) return;
    goal.to = to;
    goal.holder = holder;
}

void Pulls::moved(const Origin& origin, std::uint64_t counter) {
    const auto goal = goals_.find(origin);
    if (goal == goals_.end()) return;
    if (counter >= goal->second.to) {
        erase(goal);
    } else if (goal->second.expires) {
        STARLING_PROBE(pull_asked_on);
        end_asking(origin, goal->second);
    }
}

void Pulls::parked(const Origin& origin) {
    if (!asked_.contains(origin)) return;
    Goal& goal = goals_.at(origin);
    const auto expires = goal.expires;
    end_asking(origin, goal);
    idle_.erase(origin);
    resting_.insert(origin);
    goal.expires = expires;
}

void Pulls::forget(const Origin& origin) {
    const auto goal = goals_.find(origin);
    if (goal != goals_.end()) erase(goal);
}

void Pulls::forget_peer(const NodeId& peer) {
    for (auto goal = goals_.begin(); goal != goals_.end();) {
        const bool asked = goal->second.expires && goal->second.asked == peer;
        if (goal->second.holder == peer) STARLING_PROBE(holder_lost);
        goal = asked || goal->second.holder == peer ? erase(goal) : std::next(goal);
    }
}

void Pulls::ask(const Origins& origins, Moment now, Effects& out) {
    for (auto next = idle_.begin(); next != idle_.end() && asked_.size() < limits::pulls;) {
        const Origin origin = *next;
        Goal& goal = goals_.at(origin);
        std::size_t& asked = asked_of_[goal.holder];
        if (asked >= limits::pulls_per_peer) {
            STARLING_PROBE(pull_peer_busy);
            ++next;
            continue;
        }
        next = idle_.erase(next);
        const std::uint64_t from = origins.counter_of(origin) + STARLING_MUTANT(34, 1, 2);
        asked_.insert(origin);
        ++asked;
        goal.asked = goal.holder;
        goal.expires =
            now.boot_time + (STARLING_BUGGIFY(pull_expires_early) ? limits::pull_timeout / 16
                                                                  : limits::pull_timeout);
        out.send(goal.asked, Want{{{origin, from, goal.to}}});
        out.trace(Event::range_wanted, origin.node.prefix(), from, goal.to);
    }
}

void Pulls::on_tick(Moment now) {
    for (auto* pending : {&asked_, &resting_}) {
        for (auto next = pending->begin(); next != pending->end();) {
            const auto goal = goals_.find(*next++);
            if (STARLING_MUTANT(35, now.boot_time >= *goal->second.expires, false)) erase(goal);
        }
    }
}

std::optional<BootTime> Pulls::next_deadline() const {
    std::optional<BootTime> deadline;
    for (const auto* pending : {&asked_, &resting_}) {
        for (const Origin& origin : *pending) {
            deadline = earlier(deadline, goals_.at(origin).expires);
        }
    }
    return deadline;
}

void Pulls::end_asking(const Origin& origin, Goal& goal) {
    goal.expires.reset();
    idle_.insert(origin);
    if (resting_.erase(origin) > 0) return;
    asked_.erase(origin);
    const auto asked = asked_of_.find(goal.asked);
    if (--asked->second == 0) asked_of_.erase(asked);
}

Pulls::Goals::iterator Pulls::erase(Goals::iterator goal) {
    if (goal->second.expires) end_asking(goal->first, goal->second);
    idle_.erase(goal->first);
    return goals_.erase(goal);
}

}  // namespace starling::crdt
