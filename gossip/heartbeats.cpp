#include "gossip/heartbeats.hpp"

#include "base/limits.hpp"

#include <algorithm>

namespace starling::gossip {

void Heartbeats::watch(std::span<const NodeId> subjects, JudgeTime now) {
    ++changes_;
    idle_until_ = JudgeTime::min();
    std::erase_if(watched_, [&](const auto& each) {
        return std::ranges::find(subjects, each.first) == subjects.end();
    });
    for (const NodeId& subject : subjects) {
        Watch fresh;
        fresh.since = fresh.heard = fresh.pinged = now;
        const auto place =
            std::ranges::lower_bound(watched_, subject, {}, &Watched::value_type::first);
        if (place != watched_.end() && place->first == subject) continue;
        watched_.insert(place, {subject, fresh});
    }
}

void Heartbeats::renew(const NodeId& subject, JudgeTime now) {
    const auto found = find(subject);
    if (found == watched_.end()) return;
    ++changes_;
    Watch& watch = found->second;
    const Watch before = std::exchange(watch, Watch{});
    watch.since = watch.heard = watch.pinged = now;
    watch.was_linked = before.was_linked;
    watch.round_trip = before.round_trip;  // of the path, not of a life
    watch.deviation = before.deviation;
}

Heard Heartbeats::on_heard(const NodeId& peer, JudgeTime now) {
    const auto found = find(peer);
    if (found == watched_.end()) return Heard::stranger;
    Watch& watch = found->second;
    // What a killed process left in the sockets is read after the refusal: no sign of life.
    if (watch.refused) return Heard::expected;
    const bool reported = watch.reported;
    const bool owed = watch.owes_answer;
    watch.heard = now;
    watch.asked.reset();
    watch.reported = watch.owes_answer = watch.wants_ping = false;
    changes_ += reported ? 1U : 0U;
    if (reported) return Heard::recovered;
    return owed ? Heard::answered : Heard::expected;
}

void Heartbeats::on_pong(const NodeId& peer, std::uint32_t sequence, JudgeTime now) {
    const auto found = find(peer);
    if (sequence == 0 || found == watched_.end() || found->second.sequence != sequence) return;
    Watch& watch = found->second;
    watch.answered = sequence;
    const Duration sample = std::max(now - watch.pinged, Duration::zero());
    if (watch.round_trip == Duration::zero()) {
        watch.round_trip = sample;
        watch.deviation = sample / 2;
        return;
    }
    const Duration error = sample - watch.round_trip;
    watch.deviation += (std::max(error, -error) - watch.deviation) / 4;
    watch.round_trip += error / 8;
}

bool Heartbeats::on_link_up(const NodeId& peer, JudgeTime now) {
    const auto found = find(peer);
    if (found == watched_.end()) return false;
    found->second.was_linked = true;
    if (!found->second.refused) return false;
    on_hello(peer, now);
    return true;
}

bool Heartbeats::on_refused(const NodeId& peer) {
    const auto found = find(peer);
    if (found == watched_.end() || found->second.refused) return false;
    found->second.refused = true;
    ++changes_;
    return true;
}

Heard Heartbeats::on_hello(const NodeId& peer, JudgeTime now) {
    const auto found = find(peer);
    if (found == watched_.end()) return Heard::stranger;
    const bool refused = std::exchange(found->second.refused, false);
    changes_ += refused ? 1U : 0U;
    const Heard heard = on_heard(peer, now);
    return refused ? Heard::recovered : heard;
}

void Heartbeats::ask(const NodeId& subject, std::uint32_t above) {
    const auto found = find(subject);
    if (found != watched_.end() && found->second.sequence <= above) found->second.wants_ping = true;
}

bool Heartbeats::has_answered(const NodeId& subject, std::uint32_t above) const {
    const auto found = find(subject);
    return found != watched_.end() && found->second.answered > above;
}

bool Heartbeats::on_accused(const NodeId& subject, JudgeTime now) {
    const auto found = find(subject);
    if (found == watched_.end()) return false;
    Watch& watch = found->second;
    if (watch.refused || watch.reported) return false;  // my opinion is out
    if (now - watch.heard <= ack_of(watch)) return true;
    watch.owes_answer = true;
    watch.wants_ping = !watch.asked.has_value();
    return false;
}

// Whatever comes in of a subject passes here, and may change what is due.
Heartbeats::Watched::iterator Heartbeats::find(const NodeId& subject) {
    const auto place = std::ranges::lower_bound(watched_, subject, {}, &Watched::value_type::first);
    if (place == watched_.end() || place->first != subject) return watched_.end();
    idle_until_ = JudgeTime::min();
    return place;
}

Heartbeats::Watched::const_iterator Heartbeats::find(const NodeId& subject) const {
    const auto place = std::ranges::lower_bound(watched_, subject, {}, &Watched::value_type::first);
    return place != watched_.end() && place->first == subject ? place : watched_.end();
}

Heartbeats::Due Heartbeats::tick(JudgeTime now) {
    Due due;
    if (now < idle_until_) return due;  // I6
    update_isolation(now);
    find_silent(now, due);
    for (auto& [subject, watch] : watched_) {
        if (watch.wants_ping) ping(subject, watch, now, due);
    }
    ping_routinely(now, due);
    if (!watched_.empty() && !isolated_ && !has_doubt(now)) idle_until_ = next_after(now);
    return due;
}

std::optional<JudgeTime> Heartbeats::deadline(JudgeTime now) const {
    if (watched_.empty()) return std::nullopt;
    return now < idle_until_ ? idle_until_ : next_after(now);
}

// Whether somebody is overdue whom I do not accuse.
bool Heartbeats::has_doubt(JudgeTime now) const {
    return std::ranges::any_of(watched_, [&](const auto& each) {
        return !each.second.reported && is_overdue(each.second, now);
    });
}

JudgeTime Heartbeats::next_after(JudgeTime now) const {
    JudgeTime next = routine_at();
    const auto consider = [&](JudgeTime time) {
        if (time > now) next = std::min(next, time);
    };
    for (const auto& [subject, watch] : watched_) {
        if (!watch.asked || watch.reported || watch.refused) continue;
        consider(overdue_at(watch));
        consider(overdue_at(watch) + ack_of(watch));
    }
    if (isolated_) consider(*isolated_ + limits::suspicion_max);
    return std::max(next, now);
}

std::vector<std::pair<NodeId, Vote>> Heartbeats::votes() const {
    std::vector<std::pair<NodeId, Vote>> votes;
    for (const auto& [subject, watch] : watched_) {
        const Vote down = watch.reported ? Vote::down_silent : Vote::up;
        votes.emplace_back(subject, watch.refused ? Vote::down_refused : down);
    }
    return votes;
}

bool Heartbeats::may_publish(JudgeTime now) const {
    return !isolated_ || now - *isolated_ >= limits::suspicion_max;
}

std::size_t Heartbeats::silent_count(JudgeTime now) const {
    const auto silent = [&](const auto& each) { return is_overdue(each.second, now); };
    return static_cast<std::size_t>(std::ranges::count_if(watched_, silent));
}

bool Heartbeats::is_accused_by_me(const NodeId& subject) const {
    const auto found = find(subject);
    return found != watched_.end() && (found->second.reported || found->second.refused);
}

bool Heartbeats::accuses_anybody() const {
    return std::ranges::any_of(
        watched_, [](const auto& each) { return each.second.reported || each.second.refused; });
}

bool Heartbeats::heard_within(const NodeId& subject, JudgeTime now, Duration span) const {
    const auto found = find(subject);
    if (found == watched_.end() || is_accused_by_me(subject)) return false;
    return now - found->second.heard <= span;
}

Duration Heartbeats::ack_timeout(const NodeId& subject) const {
    const auto found = find(subject);
    return found == watched_.end() ? limits::ack_timeout_min : ack_of(found->second);
}

std::uint32_t Heartbeats::sequence_of(const NodeId& subject) const {
    const auto found = find(subject);
    return found == watched_.end() ? 0 : found->second.sequence;
}

Heartbeats::RoundTrip Heartbeats::round_trip() const {
    std::vector<Duration> typical;
    std::vector<Duration> deviations;
    for (const auto& [subject, watch] : watched_) {
        if (watch.round_trip == Duration::zero()) continue;
        typical.push_back(watch.round_trip);
        deviations.push_back(watch.deviation);
    }
    if (typical.empty()) return {};
    std::ranges::sort(typical);
    std::ranges::sort(deviations);
    return {typical[typical.size() / 2], deviations[deviations.size() / 2]};
}

Duration Heartbeats::farthest() const {
    Duration most{};
    for (const auto& [subject, watch] : watched_) most = std::max(most, watch.round_trip);
    return most;
}

Duration Heartbeats::ack_of(const Watch& watch) {
    if (watch.round_trip == Duration::zero()) return limits::heartbeat_period;
    const Duration measured =
        watch.round_trip + std::max<Duration>(4 * watch.deviation, limits::ack_timeout_min);
    return std::clamp<Duration>(measured, limits::ack_timeout_min, limits::heartbeat_period);
}

JudgeTime Heartbeats::overdue_at(const Watch& watch) {
    const JudgeTime answered_by = *watch.asked + ack_of(watch);
    if (watch.was_linked) return answered_by;
    // Never linked: first the dial may take its time.
    return std::max(answered_by, watch.since + limits::dial_timeout + limits::heartbeat_period);
}

bool Heartbeats::is_overdue(const Watch& watch, JudgeTime now) const {
    return watch.asked && !watch.refused && now >= overdue_at(watch);
}

std::size_t Heartbeats::unheard_since(JudgeTime time) const {
    const auto unheard = [&](const auto& each) {
        return !each.second.refused && each.second.heard < time;
    };
    return static_cast<std::size_t>(std::ranges::count_if(watched_, unheard));
}

bool Heartbeats::most_silent(std::size_t silent) const {
    return watched_.size() >= 3 && 3 * silent > 2 * watched_.size();
}

JudgeTime Heartbeats::routine_at() const {
    JudgeTime stalest = JudgeTime::max();
    for (const auto& [subject, watch] : watched_) {
        stalest = std::min(stalest, std::max(watch.heard, watch.pinged));
    }
    return std::max(routine_, stalest + limits::heartbeat_period);
}

void Heartbeats::ping(const NodeId& subject, Watch& watch, JudgeTime now, Due& due) {
    watch.pinged = now;
    watch.sequence = ++sequence_;
    watch.wants_ping = false;
    if (!watch.asked) watch.asked = now;
    due.pings.push_back(subject);
}

// One subject is overdue: whether the others still answer decides who of us is cut off.
void Heartbeats::doubt_all(JudgeTime since) {
    for (auto& [subject, watch] : watched_) {
        if (watch.heard < since && !watch.asked && !watch.refused) watch.wants_ping = true;
    }
}

void Heartbeats::find_silent(JudgeTime now, Due& due) {
    for (auto& [subject, watch] : watched_) {
        if (watch.reported || !is_overdue(watch, now)) continue;
        if (!may_accuse(watch, now)) {
            doubt_all(*watch.asked);
            continue;
        }
        watch.reported = true;
        watch.owes_answer = false;
        ++changes_;
        due.silent.push_back(subject);
    }
}

bool Heartbeats::may_accuse(const Watch& watch, JudgeTime now) const {
    if (isolated_) return may_publish(now);  // I3
    return !most_silent(unheard_since(*watch.asked));
}

void Heartbeats::update_isolation(JudgeTime now) {
    if (most_silent(silent_count(now))) {
        if (isolated_) return;
        isolated_ = now;
        ++changes_;
        return;
    }
    if (!isolated_) return;
    isolated_.reset();
    ++changes_;
    // Reachable again: whoever has not answered yet is asked anew before he is judged.
    for (auto& [subject, watch] : watched_) {
        if (!watch.asked || watch.reported) continue;
        watch.asked.reset();
        watch.wants_ping = true;
    }
}

void Heartbeats::ping_routinely(JudgeTime now, Due& due) {
    if (watched_.empty() || now < routine_at()) return;
    const auto touched = [](const auto& each) {
        return std::max(each.second.heard, each.second.pinged);
    };
    // Equally stale subjects: the lower id first, as the row is in that order.
    const auto stalest = std::ranges::min_element(watched_, {}, touched);
    ping(stalest->first, stalest->second, now, due);
    routine_ = now + limits::heartbeat_period;  // I1
}

}  // namespace starling::gossip
