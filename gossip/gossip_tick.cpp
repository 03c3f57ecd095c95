// Time: heartbeats, verdicts, refutation, departure and healing.
#include "base/buggify.hpp"
#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"
#include "gossip/gossip.hpp"

#include <algorithm>
#include <iterator>

namespace starling::gossip {
namespace {

constexpr std::size_t join_dials = 16;     // at once, while no link is up
constexpr std::size_t dials_waiting = 64;  // beyond these the next round asks again
constexpr Duration bridge_kept = std::chrono::seconds{5};
constexpr Duration link_settled = std::chrono::seconds{5};
constexpr std::uint32_t flood_rings = 3;

std::uint32_t ms_of(Duration duration) {
    return static_cast<std::uint32_t>(count_ms(duration));
}

}  // namespace

void Gossip::on_tick(Moment now, Input input, Effects& out) {
    judge_.advance(now.boot_time, input);
    rebuild_rings(now);
    settle_doubts(now, out);
    beat(out);
    publish_opinions(now, out);
    judge(now, out);
    if (STARLING_MUTANT(40, must_refute_, false)) refute(now, out);
    heal(now, out);
    rebuild_rings(now);
    if (leaving_ || keeps_left_links_) update_neighbours(now.boot_time);
    send_news(now.boot_time, out);
    ask_next(now, out);
    show_root(now.boot_time, out);
}

std::optional<BootTime> Gossip::next_deadline() const {
    std::optional<BootTime> next = heal_at_;
    next = earlier(next, seed_at_);
    if (peers_.links().empty() && has_unmet()) next = earlier(next, join_at_);
    next = earlier(next, showing_.next_deadline());
    next = earlier(next, outbox_.next_deadline());
    next = earlier(next, questions_.next_deadline());
    if (const auto beat = heartbeats_.deadline(judge_.now())) {
        next = earlier(next, judge_.real(*beat));
    }
    if (const auto verdict = detector_.deadline()) next = earlier(next, judge_.real(*verdict));
    if (must_refute_ && refuted_) {
        next = earlier(next, judge_.real(*refuted_ + limits::heartbeat_period));
    }
    return next;
}

// ---------------------------------------------------------------- peers

void Gossip::on_roots(const NodeId& peer, const Roots& shown, bool at_once, Moment now,
                      Effects& out) {
    Peer& entry = peers_.at(peer);
    entry.shown = shown;
    const bool state_equal = shown.state == roots_state_;
    if (state_equal) entry.state_equal = now.boot_time;
    if (STARLING_MUTANT(45, entry.state.observe(state_equal, at_once, now.boot_time), false)) {
        if (entry.is_up) reconcile_.push_back(peer);
        entry.state_due = !entry.is_up;
    }
    if (STARLING_MUTANT(44,
                        entry.table.observe(shown.table == members_.root(), at_once, now.boot_time),
                        false)) {
        if (at_once || !entry.awaits_entries(now.boot_time)) compare_tables(peer, now, out);
    }
    if (shown.table == members_.root()) {
        entry.compared.reset();
        questions_.answered(peer, now.boot_time, rest());
    }
}

void Gossip::compare_tables(const NodeId& peer, Moment now, Effects& out) {
    Peer& entry = peers_.at(peer);
    entry.digest_due = !entry.is_up;
    if (!entry.is_up) return dial(peer);
    questions_.add(peer);
    ask_next(now, out);
}

// One table at a time: whom the first answers bring in step, the others need not be asked.
void Gossip::ask_next(Moment now, Effects& out) {
    while (const auto peer = questions_.next(now.boot_time)) {
        Peer* entry = peers_.find(*peer);
        const bool differs = entry != nullptr && entry->is_up && entry->shown &&
                             entry->shown->table != members_.root();
        if (!differs) continue;
        questions_.asked(*peer, now.boot_time);
        entry->compared = now.boot_time;
        out.send(*peer, members_.digest());
    }
}

// Between two questions.
Duration Gossip::rest() const {
    return outbox_.is_storm() ? Questions::storm_rest : Questions::rest;
}

void Gossip::on_life(const NodeId& peer, Heard heard, Moment now, Effects& out) {
    peers_.at(peer).heard = now.boot_time;
    if (heard == Heard::answered) owed_.push_back(peer);
    if (heard == Heard::stranger && members_.state(peer) == MemberState::dead) {
        tell_dead(peer, now, out);
    }
}

// ---------------------------------------------------------------- overlay

bool Gossip::is_away(const Members::Record& record, BootTime now) const {
    return record.is_away() && now - record.since() < limits::away_time;
}

bool Gossip::is_on_rings(const Members::Record& record, BootTime now) const {
    return record.state() == MemberState::alive && !is_away(record, now);
}

void Gossip::make_rings(BootTime now) {
    members_.for_each([&](const NodeId& id, const Members::Record& record) {
        if (is_on_rings(record, now)) rings_.add(id);
    });
    ring_doubts_.clear();
    on_rings_changed(now);
}

void Gossip::rebuild_rings(Moment now) {
    bool changed = false;
    for (const NodeIndex number : std::exchange(ring_doubts_, {})) {
        const NodeId& id = commons().directory.id_of(number);
        const bool there = is_on_rings(*members_.find(id), now.boot_time);
        if (there == rings_.contains(id)) continue;
        changed = true;
        there ? rings_.add(id) : rings_.remove(id);
    }
    if (changed) on_rings_changed(now.boot_time);
}

// Who was away may be overdue.
void Gossip::doubt_rings(BootTime now) {
    if (members_.away_count() == 0) return;
    members_.for_each([&](const NodeId& id, const Members::Record& record) {
        if (rings_.contains(id) != is_on_rings(record, now)) doubt_ring(id);
    });
}

void Gossip::doubt_ring(const NodeId& id) {
    ring_doubts_.push_back(commons().directory.number_of(id));
}

void Gossip::on_rings_changed(BootTime now) {
    ++rings_made_;
    const std::uint32_t count = ring_count(rings_.size(), rings_.count());
    if (count != rings_.count()) rings_.recount(count);
    heartbeats_.watch(rings_.subjects(self_), judge_.at(now));
    for (const NodeId& id : peers_.links()) heartbeats_.on_link_up(id, judge_.at(now));
    update_neighbours(now);
}

void Gossip::update_neighbours(BootTime now) {
    ++neighbours_made_;
    // Who left goes on answering with the links he has.
    neighbours_ = leaving_ ? peers_.links() : rings_.neighbours(self_);
    keeps_left_links_ = false;
    if (leaving_ || members_.count(MemberState::left) == 0) return;
    for (const NodeId& id : peers_.links()) {
        const auto record = members_.find(id);
        if (!record || record->state() != MemberState::left) continue;
        if (now - record->ended() >= limits::left_link_kept) continue;
        keeps_left_links_ = true;
        neighbours_.insert(std::ranges::lower_bound(neighbours_, id), id);
    }
}

void Gossip::send_news(BootTime now, Effects& out) {
    if (outbox_.is_near_due(now)) {
        const std::vector<NodeId>& near = near_links(now);
        outbox_.flush_near(members_, near, storm_links(near), now, out);
    }
    if (outbox_.is_far_due(now)) outbox_.flush_far(members_, far_links(now), now, out);
}

// While most are silent, and without a place on the rings, every link.
const std::vector<NodeId>& Gossip::near_links(BootTime now) {
    if (heartbeats_.is_isolated() || leaving_ || neighbours_.empty()) return peers_.links();
    linked_neighbours_.clear();
    add_near_links();
    if (members_.has_ended()) add_bridges(now);
    return linked_neighbours_;
}

// Each member hears from three of its observers: three copies, and two ways around whom it misses.
// Who accuses somebody, or tells of itself, tells all its neighbours.  While neighbours are not
// linked (this node joins), as many other links take their places, so that news find a way.
void Gossip::add_near_links() {
    // Who is away has no place on the rings.
    std::ranges::copy_if(neighbours_, std::back_inserter(linked_neighbours_),
                         [&](const NodeId& id) { return peers_.is_up(id); });
    const std::size_t missing = neighbours_.size() - linked_neighbours_.size();
    if (4 * missing > neighbours_.size()) {
        add_other_links(missing);
    } else if (!heartbeats_.accuses_anybody() && !outbox_.waits(self_)) {
        std::erase_if(linked_neighbours_,
                      [&](const NodeId& id) { return !heartbeats_.watches(id); });
        if (!outbox_.is_storm()) linked_neighbours_ = few_of(linked_neighbours_);
    }
}

// So many, from all over the range of ids.
void Gossip::add_other_links(std::size_t count) {
    std::vector<NodeId> others;
    std::ranges::set_difference(peers_.links(), linked_neighbours_, std::back_inserter(others));
    const std::size_t step = (others.size() + count - 1) / count;
    for (std::size_t i = 0; i < others.size(); i += step) linked_neighbours_.push_back(others[i]);
    std::ranges::sort(linked_neighbours_);
}

// In a storm claims take few ways even from who tells all.  Whom they miss then learns them when
// tables are compared, in one frame with all that it misses.
std::vector<NodeId> Gossip::storm_links(std::span<const NodeId> near) {
    if (!outbox_.is_storm() || heartbeats_.is_isolated() || leaving_) return {};
    return few_of(near);
}

// Whom the first rings give me or, where they are not linked, others of these.
std::vector<NodeId> Gossip::few_of(std::span<const NodeId> near) {
    if (near.size() <= flood_rings) return {near.begin(), near.end()};
    std::vector<NodeId> links;
    for (const NodeId& id : rings_.subjects(self_, flood_rings)) {
        if (peers_.is_up(id)) links.push_back(id);
    }
    std::vector<NodeId> others;
    std::ranges::set_difference(near, links, std::back_inserter(others));
    if (links.size() < flood_rings) rng_.shuffle(std::span(others));
    for (const NodeId& id : others) {
        if (links.size() >= flood_rings) break;
        links.push_back(id);
    }
    std::ranges::sort(links);
    return links;
}

// Links to those who were dead here until a moment ago: what they bring has no other way yet.
void Gossip::add_bridges(BootTime now) {
    for (const NodeId& id : peers_.links()) {
        const auto& told_dead = peers_.find(id)->told_dead;
        if (!told_dead || now - *told_dead > bridge_kept) continue;
        const auto place = std::ranges::lower_bound(linked_neighbours_, id);
        if (place == linked_neighbours_.end() || *place != id) {
            linked_neighbours_.insert(place, id);
        }
    }
}

// Who shows the very table that this node has needs no news of it.
std::vector<NodeId> Gossip::far_links(BootTime now) const {
    std::vector<NodeId> links;
    std::ranges::copy_if(peers_.links(), std::back_inserter(links), [&](const NodeId& id) {
        const Peer& peer = *peers_.find(id);
        return !is_settled(id, peer, now) && (!peer.shown || peer.shown->table != members_.root());
    });
    return links;
}

// News take the rings to whoever is on them, and heartbeats show whom they missed.  A full mesh is
// small enough to tell everybody everything.
bool Gossip::is_settled(const NodeId& id, const Peer& peer, BootTime now) const {
    return !rings_.is_full_mesh() && now - peer.up_since >= link_settled && rings_.contains(id);
}

// ---------------------------------------------------------------- detection

Detector::Evidence Gossip::evidence() const {
    return {self_, heartbeats_.may_publish(judge_.now()), members_, rings_, heartbeats_, opinions_};
}

Gossip::Basis Gossip::basis() const {
    return {opinions_.changes(), heartbeats_.changes(), rings_made_,
            heartbeats_.may_publish(judge_.now())};
}

void Gossip::ping(const NodeId& peer, std::uint32_t sequence, Effects& out) {
    if (!peers_.is_up(peer)) return;
    out.send(peer, Ping{sequence, roots(), ms_of(batch_age_), ms_of(turn_age_)});
}

void Gossip::beat(Effects& out) {
    const bool was_isolated = heartbeats_.is_isolated();
    const Heartbeats::Due due = heartbeats_.tick(judge_.now());
    for (const NodeId& subject : due.pings) ping(subject, heartbeats_.sequence_of(subject), out);
    if (!was_isolated && heartbeats_.is_isolated()) {
        out.trace(Event::isolated, heartbeats_.silent_count(judge_.now()));
    }
}

// Brings what I hold of my subjects in line with what I heard of them.
void Gossip::publish_opinions(Moment now, Effects& out) {
    const std::vector<NodeId> owed = std::exchange(owed_, {});
    const Basis current = basis();
    if (owed.empty() && published_ == current) return;
    published_ = current;
    if (leaving_ || !heartbeats_.may_publish(judge_.now())) return;  // I15
    for (const auto& [subject, vote] : heartbeats_.votes()) {
        const Opinions::About* about = opinions_.about(subject);
        const Opinion* mine = nullptr;
        if (about != nullptr && about->contains(self_)) mine = &about->at(self_);
        const bool vouch = mine == nullptr && std::ranges::find(owed, subject) != owed.end();
        const bool differs = mine == nullptr ? is_down(vote) : mine->vote != vote;
        if (differs || vouch) publish(subject, vote, now, out);
    }
}

void Gossip::publish(const NodeId& subject, Vote vote, Moment now, Effects& out) {
    const auto record = members_.find(subject);
    if (!record || record->state() != MemberState::alive) return;
    const Opinion opinion{subject, record->claim()->boot, record->claim()->incarnation,
                          self_,   own_claim().boot,      ++opinion_sequence_,
                          vote};
    opinions_.take(opinion);
    outbox_.put(opinion, self_, now.boot_time);
    out.trace(Event::opinion_given, subject.prefix(), static_cast<std::uint64_t>(vote),
              opinion_sequence_);
}

// What is to be said anew: nothing while evidence and clock give no cause.
std::vector<Judgement> Gossip::verdicts() {
    const Basis current = basis();
    const auto due = detector_.deadline();
    if (judged_ == current && !(due && judge_.now() >= *due)) return {};
    const std::vector<NodeId> touched = opinions_.take_touched();
    std::vector<Judgement> found = judged_ && judged_->differs_in_opinions_only(current)
                                       ? detector_.judge_touched(evidence(), touched, judge_.now())
                                       : detector_.judge(evidence(), judge_.now());
    judged_.reset();  // what is found may change the evidence
    if (found.empty()) judged_ = current;
    return found;
}

void Gossip::judge(Moment now, Effects& out) {
    for (const Judgement& each : verdicts()) {
        if (each.subject == self_) {
            must_refute_ = must_refute_ || each.finding == Finding::suspect;
        } else if (each.finding == Finding::dead) {
            const Claim& claim = *members_.find(each.subject)->claim();
            bury({each.subject, claim.boot, claim.incarnation, each.cause, 0}, self_, now, out);
        } else {
            note(each.subject, each.cause, out);
        }
    }
}

// ---------------------------------------------------------------- showing

Pong Gossip::pong_to(std::uint32_t sequence) const {
    Pong pong;
    pong.sequence = sequence;
    pong.roots = roots();
    pong.batch_age_ms = ms_of(batch_age_);
    pong.last_turn_ms = ms_of(turn_age_);
    return pong;
}

// A new table root is shown a moment after it settled: whoever joins, leaves or waits for agreement
// need not wait for the next heartbeat.  Links that are settled wait, but for one: each member is
// shown it by one of its observers.  In a storm there is nothing to agree on.
void Gossip::show_root(BootTime now, Effects& out) {
    if (!showing_.is_due(members_.root(), now)) return;
    const std::vector<NodeId> one = rings_.subjects(self_, 1);
    std::vector<NodeId> links;
    std::ranges::copy_if(peers_.links(), std::back_inserter(links), [&](const NodeId& id) {
        return !is_settled(id, *peers_.find(id), now) || std::ranges::binary_search(one, id);
    });
    out.send_all(links, pong_to(0));
}

// ---------------------------------------------------------------- healing

std::vector<NodeId> Gossip::unmet() const {
    std::vector<NodeId> ids = members_.absent();
    std::erase_if(ids, [&](const NodeId& id) { return !is_unmet(id); });
    return ids;
}

bool Gossip::has_unmet() const {
    return members_.any_absent([&](const NodeId& id) { return is_unmet(id); });
}

// REQUIRES: absent.
bool Gossip::is_unmet(const NodeId& id) const {
    if (id == self_ || peers_.is_up(id)) return false;
    const Members::Record record = *members_.find(id);
    if (record.state() != MemberState::left) {
        return STARLING_MUTANT(43, true, record.state() != MemberState::dead);
    }
    // Who left before this node started may be back, and know nobody who is here.
    const Peer* peer = peers_.find(id);
    return peer == nullptr || peer->heard == BootTime{};
}

void Gossip::dial(const NodeId& peer) {
    if (leaving_ || dials_.size() >= dials_waiting) return;
    if (std::ranges::find(dials_, peer) == dials_.end()) dials_.push_back(peer);
}

void Gossip::heal(Moment now, Effects& out) {
    const BootTime time = now.boot_time;
    if (leaving_) {
        heal_at_ = seed_at_ = join_at_ = time + limits::seed_period;
        return;
    }
    const bool is_joining = peers_.links().empty() && time >= join_at_;
    if (!is_joining && time < heal_at_ && time < seed_at_) return;
    std::vector<NodeId> candidates = unmet();
    rng_.shuffle(std::span(candidates));
    const auto dial_some = [&](std::size_t count) {
        for (const NodeId& id : std::span(candidates).first(std::min(count, candidates.size()))) {
            dial(id);
            STARLING_PROBE(heal_dialled);
            out.trace(Event::heal_dialled, id.prefix());
        }
    };
    if (is_joining) {
        dial_some(join_dials);
        join_at_ =
            time + limits::heartbeat_period +
            full_jitter(rng_, limits::heartbeat_period, limits::heal_period, join_attempt_++);
    }
    if (time >= heal_at_) {
        const bool early = STARLING_BUGGIFY(heal_early);
        heal_at_ = time + (early ? limits::heal_period / 4 : limits::heal_period);
        const std::size_t alive = alive_count();
        if (rng_.chance(std::min(candidates.size(), alive), alive)) dial_some(1);
        for (const NodeId& id : members_.forget(time)) changed(id, self_, now, out);
        doubt_rings(time);
    }
    if (time >= seed_at_) {
        seed_at_ = time + rng_.between(limits::seed_period * 4 / 5, limits::seed_period * 6 / 5);
        dial_some(1);
    }
}

}  // namespace starling::gossip
