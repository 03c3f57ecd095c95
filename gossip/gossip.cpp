#include "gossip/gossip.hpp"

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"

#include <algorithm>

namespace starling::gossip {
namespace {

void add_missing(std::vector<std::string>& texts, const std::vector<std::string>& others) {
    for (const std::string& other : others) {
        if (std::ranges::find(texts, other) == texts.end()) texts.push_back(other);
    }
}

}  // namespace

Gossip::Gossip(Setup setup, const Verifier& verifier, const RecordSource& records, Moment now,
               Effects& out)
    : key_(setup.key),
      mesh_(setup.genesis.mesh_id()),
      root_(setup.genesis.root),
      self_(setup.key.id()),
      seeds_(std::move(setup.seeds)),
      contacts_(std::move(setup.contacts)),
      verifier_(verifier),
      started_(now.boot_time),
      members_(setup.commons != nullptr
                   ? setup.commons
                   : std::make_shared<Commons>(Commons::salt_of(mesh_), setup.random_seed)),
      peers_(setup.random_seed),
      rings_(members_.commons().directory),
      judge_(now.boot_time),
      heartbeats_(JudgeTime{}),
      outbox_(members_.commons().directory),
      rng_(setup.random_seed, 1) {
    STARLING_ASSERT(setup.certificate.node == self_);
    records.scan(Table::members, [&](ByteView, ByteView value) { members_.load(value, now); });
    for (const NodeId& id : members_.ids()) {
        certificates_.push_back(members_.find(id)->shared_certificate());
        if (id != self_) members_.show(id, shown_now(id));  // what was known before is no news
    }
    if (contacts_ != nullptr) read_contacts(now);
    ClaimTerms terms;
    terms.boot = setup.boot;
    terms.addresses = std::move(setup.addresses);
    terms.name = std::move(setup.name);
    Claim claim = make_claim(terms, setup.certificate, key_);
    if (members_.judge(claim) == MergeVerdict::old) {
        STARLING_PROBE(own_boot_outdated);
        superseded_ = members_.find(self_)->standing().boot;
    } else {
        members_.merge(std::move(claim), now.boot_time);
        members_.show(self_, {});
        changed(self_, self_, now, out);
    }
    heal_at_ = now.boot_time + rng_.between(Duration{}, limits::heal_period);
    seed_at_ = now.boot_time + limits::seed_period;
    join_at_ = now.boot_time;
    make_rings(now.boot_time);
}

// The members of the mesh file are no news: others have this file too, and a table that differs is
// compared anyway.  Nor are they stored before they are met: the file is read at every start.
void Gossip::read_contacts(Moment now) {
    for (const Introductions::Held& contact : commons().opened(contacts_)) {
        const NodeId& id = contact->certificate.node;
        if (id == self_) continue;
        const auto known = members_.find(id);
        if (known && known->certificate().issued >= contact->certificate.issued) continue;
        if (check(contact, now) != Verdict::taken) continue;
        if (members_.introduce(contact) != MergeVerdict::taken) continue;
        certificates_.push_back(members_.find(id)->shared_certificate());
    }
}

void Gossip::on_heard(const NodeId& peer, Moment now, Effects& out) {
    on_life(peer, heartbeats_.on_heard(peer, judge_.at(now.boot_time)), now, out);
}

void Gossip::on_link_up(const NodeId& peer, Moment now, Effects& out) {
    peers_.set_up(peer, true, now.boot_time);
    peers_.at(peer).told_dead.reset();
    heartbeats_.on_link_up(peer, judge_.at(now.boot_time));
    if (members_.state(peer) == MemberState::dead) {
        STARLING_PROBE(peer_told_dead);
        tell_dead(peer, now, out);
    }
    Peer& entry = peers_.at(peer);
    send_opinions(peer, std::exchange(entry.opinions_due, false), out);
    if (entry.digest_due) compare_tables(peer, now, out);
    if (std::exchange(entry.state_due, false)) reconcile_.push_back(peer);
}

// Opinions live in no table: who missed them learns them now, with the stamps they have.  Those
// about somebody whom nobody accuses any more go to who still does: answer_opinions().
void Gossip::send_opinions(const NodeId& peer, bool all, Effects& out) {
    Cells cells;
    for (const NodeId& subject : opinions_.subjects()) {
        if (!all && opinions_.down(subject) == 0) continue;
        for (const auto& [observer, opinion] : *opinions_.about(subject)) {
            cells.opinions.push_back(opinion);
        }
    }
    for (const Cells& frame : in_frames(std::move(cells))) out.send(peer, frame);
}

void Gossip::on_link_lost(const NodeId& peer, Moment now) {
    if (peers_.find(peer) == nullptr) return;
    questions_.answered(peer, now.boot_time, rest());  // it never will
    on_lag(peer, {});                                  // nobody tells any more
    peers_.set_up(peer, false);
    peers_.erase(peer);
}

void Gossip::on_refused(const NodeId& peer) {
    heartbeats_.on_refused(peer);
}

void Gossip::set_health(Duration oldest_batch, Duration last_turn) {
    batch_age_ = oldest_batch;
    turn_age_ = last_turn;
}

// ---------------------------------------------------------------- commands

void Gossip::leave(Moment now, Effects& out) {
    if (leaving_) return;
    leaving_ = now.boot_time;
    ClaimTerms terms = own_claim();
    terms.mode = Mode::left;
    claim_anew(std::move(terms), now, out);
}

void Gossip::set_mode(Mode mode, Moment now, Effects& out) {
    STARLING_ASSERT(!leaving_ && mode != Mode::left);
    if (own_claim().mode == mode) return;
    ClaimTerms terms = own_claim();
    terms.mode = mode;
    claim_anew(std::move(terms), now, out);
}

void Gossip::set_attributes(Bytes attributes, Moment now, Effects& out) {
    if (leaving_ || own_claim().attributes == attributes) return;
    ClaimTerms terms = own_claim();
    terms.attributes = std::move(attributes);
    claim_anew(std::move(terms), now, out);
}

Verdict Gossip::admit(const Introduction& introduction, Moment now, Effects& out) {
    return apply(commons().introductions.take(introduction), self_, now, out);
}

// ---------------------------------------------------------------- queries

Hello Gossip::hello() const {
    return {mesh_, own_claim(), roots()};
}

std::vector<MemberView> Gossip::members() const {
    std::vector<MemberView> views;
    views.reserve(members_.size());
    for (const NodeId& id : members_.ids()) views.push_back(*member(id));
    return views;
}

std::optional<MemberView> Gossip::member(const NodeId& id) const {
    const auto record = members_.find(id);
    if (!record) return std::nullopt;
    MemberView view;
    view.id = id;
    view.state = state(id);
    view.claim = record->claim();
    view.certificate = record->shared_certificate();
    view.addresses = record->shared_addresses();
    if (!opinions_.empty()) view.accusers = opinions_.accusers(id);
    if (const Peer* peer = peers_.find(id)) {
        view.heard = peer->heard;
        view.lag = peer->lag;
    }
    return view;
}

MemberState Gossip::state(const NodeId& id) const {
    const MemberState state = members_.state(id);
    const bool suspect = state == MemberState::alive && id != self_ && detector_.is_suspect(id);
    return suspect ? MemberState::suspect : state;
}

std::size_t Gossip::alive_count() const {
    return members_.count(MemberState::alive);
}

bool Gossip::is_present(const NodeId& id) const {
    const auto record = members_.find(id);
    if (!record) return false;
    return record->state() != MemberState::dead && record->state() != MemberState::left;
}

std::size_t Gossip::present_count() const {
    return members_.size() - members_.count(MemberState::dead) - members_.count(MemberState::left);
}

std::optional<Introduction> Gossip::contact(const NodeId& id) const {
    const auto record = members_.find(id);
    if (!record) return std::nullopt;
    Introduction contact{record->certificate(), record->addresses()};
    const Peer* peer = peers_.find(id);
    if (peer != nullptr && peer->heard != BootTime{}) return contact;
    auto& addresses = contact.addresses;
    if (!record->claim()) addresses.insert(addresses.begin(), seeds_.begin(), seeds_.end());
    add_missing(addresses, seeds_);
    if (const Introduction* told = told_of(id)) add_missing(addresses, told->addresses);
    return contact;
}

const Introduction* Gossip::told_of(const NodeId& id) const {
    if (contacts_ == nullptr) return nullptr;
    const auto node = [](const Introduction& each) -> const NodeId& {
        return each.certificate.node;
    };
    const auto found = std::ranges::lower_bound(*contacts_, id, {}, node);
    return found != contacts_->end() && node(*found) == id ? &*found : nullptr;
}

bool Gossip::converged() const {
    return std::ranges::all_of(neighbours_, [&](const NodeId& id) {
        const Peer* peer = peers_.find(id);
        return peer != nullptr && peer->is_up && peer->shown &&
               peer->shown->table == members_.root();
    });
}

bool Gossip::joined(BootTime now) const {
    const std::size_t others = alive_count() - (own_claim().mode == Mode::left ? 0 : 1);
    if (others == 0) {
        const bool nobody = peers_.links().empty() && !has_unmet();  // linked: HELLO is on its way
        return nobody || now - started_ >= limits::alone_after;
    }
    std::size_t up = 0;
    bool in_step = false;
    const std::size_t enough = std::min<std::size_t>(3, others);
    for (const NodeId& id : peers_.links()) {
        const auto& shown = peers_.find(id)->shown;
        const bool equal = shown && shown->table == members_.root();
        if (up >= enough && !equal) continue;
        if (members_.state(id) != MemberState::alive) continue;
        ++up;
        in_step = in_step || equal;
        if (in_step && up >= enough) return true;
    }
    return false;
}

std::optional<BootTime> Gossip::as_of(BootTime now) const {
    return neighbours_.empty() ? now : peers_.state_equal(neighbours_);
}

Departure Gossip::departure(BootTime now) const {
    if (!leaving_) return Departure::staying;
    if (now - *leaving_ >= limits::linger_time) return Departure::done;
    // Everybody linked has shown the table in which this node left.
    return converged() ? Departure::done : Departure::lingering;
}

// ---------------------------------------------------------------- own claim and news

const Claim& Gossip::own_claim() const {
    return *members_.find(self_)->claim();
}

void Gossip::claim_anew(ClaimTerms terms, Moment now, Effects& out) {
    terms.incarnation.value += STARLING_MUTANT(39, 1U, 0U);  // I2
    Claim claim = make_claim(terms, members_.find(self_)->certificate(), key_);
    members_.merge(std::move(claim), now.boot_time);
    drop_opinions(self_);
    changed(self_, self_, now, out);
}

// Only the accused may outbid an accusation (Das et al., "SWIM", DSN'02, section 4.2).
void Gossip::refute(Moment now, Effects& out) {
    const JudgeTime judged = judge_.now();
    if (refuted_ && judged - *refuted_ < limits::heartbeat_period) return;
    must_refute_ = false;
    if (leaving_) return;
    refuted_ = judged;
    claim_anew(own_claim(), now, out);
    STARLING_PROBE(claim_refuted);
    out.trace(Event::claim_refuted, own_claim().boot.value, own_claim().incarnation.value);
}

void Gossip::persist(const NodeId& id, Moment now, Effects& out) {
    out.persist(Table::members, id.view(), members_.stored(id, now));
}

Members::Shown Gossip::shown_now(const NodeId& id) const {
    const auto& claim = members_.find(id)->claim();
    return {state(id), claim ? claim->mode : Mode::up};
}

void Gossip::note(const NodeId& id, Cause cause, Effects& out) {
    const Members::Shown next = shown_now(id);
    const Members::Shown last = members_.shown(id);
    const bool restarted = members_.has_restarted(id);
    members_.show(id, next);
    if (next.state == last.state && next.mode == last.mode && !restarted) return;
    MemberChange change{id, last.state, next.state, next.mode, {}, {}, restarted, cause};
    if (const auto& claim = members_.find(id)->claim()) {
        change.boot = claim->boot;
        change.incarnation = claim->incarnation;
    }
    changes_.push_back(change);
    trace_change(change, out);
}

void Gossip::trace_change(const MemberChange& change, Effects& out) const {
    const std::uint64_t node = change.node.prefix();
    const std::uint64_t boot = change.boot.value;
    const std::uint32_t incarnation = change.incarnation.value;
    switch (change.to) {
        case MemberState::introduced:
            out.trace(Event::member_forgotten, node, boot, incarnation);
            break;
        case MemberState::alive:
            if (change.mode == Mode::draining) {
                out.trace(Event::member_draining, node, boot, incarnation);
            } else if (change.from == MemberState::introduced) {
                out.trace(Event::member_joined, node, boot, incarnation);
            } else {
                out.trace(Event::member_alive, node, boot, incarnation);
            }
            break;
        case MemberState::suspect:
            out.trace(Event::member_suspect, node, boot, incarnation,
                      opinions_.accusers(change.node).size());
            break;
        case MemberState::dead:
            out.trace(Event::member_dead, node, boot, incarnation,
                      static_cast<std::uint64_t>(change.cause));
            break;
        case MemberState::left:
            out.trace(Event::member_left, node, boot, incarnation);
            break;
    }
}

}  // namespace starling::gossip
