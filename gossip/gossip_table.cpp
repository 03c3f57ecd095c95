// Merging: what arrives about members, and the comparison of whole tables.
#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"
#include "gossip/gossip.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace starling::gossip {
namespace {

// Whom the cells name in full, and where each stands: what a peer need not be told again.
std::map<NodeId, std::pair<std::optional<Standing>, std::uint64_t>> summary_of(
    const OpenCells& cells) {
    std::map<NodeId, std::pair<std::optional<Standing>, std::uint64_t>> summary;
    for (const auto& each : cells.introductions) {
        summary[each->certificate.node].second = each->certificate.issued;
    }
    for (const auto& each : cells.claims) {
        auto& [standing, issued] = summary[each->node];
        standing = standing_of(*each);
        issued = std::max(issued, each->certificate.issued);
    }
    for (const Death& each : cells.deaths) {
        summary[each.node].first = Standing{each.boot, each.incarnation, Standing::Rank::dead};
    }
    return summary;
}

}  // namespace

// ---------------------------------------------------------------- frames

Verdict Gossip::on_hello(const NodeId& from, const Hello& hello, Moment now, Effects& out) {
    if (hello.mesh != mesh_) return Verdict::foreign_mesh;
    if (STARLING_MUTANT(73, hello.claim.node != from, false) || from == self_)
        return Verdict::not_the_sender;
    const auto known = members_.find(from);
    if (known && known->claim() && hello.claim.boot < known->claim()->boot) {
        // Two processes with one key: the signed claim of the newer one tells the older to stop.
        STARLING_PROBE(hello_superseded);
        if (peers_.is_up(from)) send_cells_of(from, from, now, out);
        return Verdict::superseded;
    }
    const Verdict verdict = apply(commons().claims.take(hello.claim), from, now, out);
    if (verdict != Verdict::taken && verdict != Verdict::nothing_new) return verdict;
    on_life(from, heartbeats_.on_hello(from, judge_.at(now.boot_time)), now, out);
    on_roots(from, hello.roots, true, now, out);
    return verdict;
}

void Gossip::on_lag(const NodeId& peer, Duration lag) {
    Duration& known = peers_.at(peer).lag;
    const bool was_behind = known > limits::degraded_after;
    known = lag;
    const bool behind = lag > limits::degraded_after;
    if (behind != was_behind) lag_changes_.push_back({peer, behind});
}

Verdict Gossip::on_ping(const NodeId& from, const Ping& ping, Moment now, Effects& out) {
    if (peers_.is_up(from)) {
        out.send(from, pong_to(ping.sequence));
    } else {
        STARLING_PROBE(pinged_without_link);
        dial(from);  // he observes me, whatever my own table says of him
    }
    on_lag(from, ping.lag());
    on_roots(from, ping.roots, false, now, out);
    return Verdict::taken;
}

Verdict Gossip::on_pong(const NodeId& from, const Pong& pong, Moment now, Effects& out) {
    heartbeats_.on_pong(from, pong.sequence, judge_.at(now.boot_time));
    on_lag(from, pong.lag());
    if (pong.sequence == 0) questions_.answered(from, now.boot_time, rest());
    on_roots(from, pong.roots, false, now, out);
    return Verdict::taken;
}

Verdict Gossip::on_cells(const NodeId& from, const OpenCells& cells, Moment now, Effects& out) {
    if (cells.malformed > 0) {
        out.trace(Event::claim_refused, from.prefix(),
                  static_cast<std::uint64_t>(Verdict::refused));
    }
    return apply_all(cells, from, now, out);
}

Verdict Gossip::on_table_digest(const NodeId& from, const TableDigest& digest, Moment now,
                                Effects& out) {
    const TableDigest own = members_.digest();
    BucketSet different;
    for (std::size_t i = 0; i < bucket_count; ++i) {
        if (own.buckets[i] != digest.buckets[i]) different.insert(i);
    }
    if (different.empty()) {
        if (peers_.is_up(from)) out.send(from, pong_to(0));
        return Verdict::nothing_new;
    }
    if (peers_.is_up(from)) {
        STARLING_PROBE(tables_compared);
        send_entries(from, different, now, out);
    } else {
        STARLING_PROBE(asked_without_link);
        compare_tables(from, now, out);  // it answers what I ask once I can
    }
    return Verdict::taken;
}

Verdict Gossip::on_table_entries(const NodeId& from, const OpenEntries& entries, Moment now,
                                 Effects& out) {
    if (Peer* peer = peers_.find(from)) peer->compared.reset();
    const Verdict verdict = apply_all(entries.cells, from, now, out);
    questions_.answered(from, now.boot_time, rest());
    if (verdict == Verdict::taken) {
        out.trace(Event::table_reconciled, from.prefix(), entries.cells.claims.size());
    }
    if (entries.answer && peers_.is_up(from)) answer_entries(from, entries, now, out);
    return verdict;
}

// ---------------------------------------------------------------- comparing tables

// As many whole buckets in a frame as find room.
void Gossip::send_entries(const NodeId& to, const BucketSet& buckets, Moment now, Effects& out) {
    std::array<std::vector<EncodedMember>, bucket_count> by_bucket;
    members_.for_each([&](const NodeId& id, const Members::Record&) {
        const std::size_t bucket = Members::bucket_of(id);
        if (buckets.contains(bucket)) {
            by_bucket[bucket].push_back(members_.cells_of(id, now.boot_time));
        }
    });
    EncodedEntries frame;
    frame.answer = true;
    for (std::size_t bucket = 0; bucket < bucket_count; ++bucket) {
        if (!buckets.contains(bucket)) continue;
        CellFrames cells;
        for (const EncodedMember& member : by_bucket[bucket]) cells.add(member);
        if (cells.frames().size() > 1) {
            // A bucket of its own weight goes in parts that claim no completeness.
            for (const EncodedCells& part : cells.frames()) {
                out.send(to, EncodedEntries{{}, false, part});
            }
            continue;
        }
        if (!cells.frames().empty() && !frame.cells.append(cells.frames().front())) {
            out.send(to, frame);
            frame.whole = {};
            frame.cells = cells.frames().front();
        }
        frame.whole.insert(bucket);
    }
    if (!frame.whole.empty()) out.send(to, frame);
}

void Gossip::answer_entries(const NodeId& to, const OpenEntries& entries, Moment now,
                            Effects& out) {
    const auto theirs = summary_of(entries.cells);
    std::vector<EncodedMember> missing;
    members_.for_each([&](const NodeId& id, const Members::Record& record) {
        if (!entries.whole.contains(Members::bucket_of(id))) return;
        std::optional<Standing> standing;
        if (record.claim()) standing = record.standing();
        const auto known = theirs.find(id);
        if (known != theirs.end() && known->second.first == standing &&
            known->second.second == record.certificate().issued) {
            return;
        }
        STARLING_PROBE(entries_missed);
        missing.push_back(members_.cells_of(id, now.boot_time));
    });
    CellFrames cells;
    for (const EncodedMember& member : missing) cells.add(member);
    for (const EncodedCells& part : cells.frames()) {
        out.send(to, EncodedEntries{{}, false, part});
    }
}

void Gossip::send_cells_of(const NodeId& member, const NodeId& to, Moment now, Effects& out) {
    const EncodedMember encoded = members_.cells_of(member, now.boot_time);
    CellFrames cells;
    cells.add(encoded);
    for (const EncodedCells& frame : cells.frames()) out.send(to, frame);
}

// ---------------------------------------------------------------- merging

Verdict Gossip::apply_all(const OpenCells& cells, const NodeId& from, Moment now, Effects& out) {
    Verdict verdict = Verdict::nothing_new;
    const auto apply_each = [&](const auto& list) {
        for (const auto& cell : list) {
            const Verdict one = apply(cell, from, now, out);
            if (one == Verdict::taken || verdict == Verdict::nothing_new) verdict = one;
        }
    };
    apply_each(cells.introductions);
    apply_each(cells.claims);
    apply_each(cells.deaths);
    apply_each(cells.opinions);
    answer_opinions(from, out);
    return verdict;
}

// An accusation, while its observer is known to have said otherwise since about the same claim.
void Gossip::note_withdrawn(const Opinion& heard) {
    if (!is_down(heard.vote)) return;
    const Opinions::About* about = opinions_.about(heard.subject);
    if (about == nullptr) return;
    const auto held = about->find(heard.observer);
    if (held == about->end() || is_down(held->second.vote)) return;
    if (Opinions::is_newer(held->second, heard)) withdrawn_.push_back(held->second);
}

// The peer goes by accusations that were withdrawn.
void Gossip::answer_opinions(const NodeId& peer, Effects& out) {
    if (withdrawn_.empty()) return;
    STARLING_PROBE(accusation_withdrawn);
    Cells cells;
    cells.opinions = std::exchange(withdrawn_, {});
    if (peers_.is_up(peer)) {
        for (const Cells& frame : in_frames(std::move(cells))) out.send(peer, frame);
    } else {
        peers_.at(peer).opinions_due = true;
    }
}

Verdict Gossip::check(const Certificate& certificate, Moment now) const {
    const auto known = members_.find(certificate.node);
    if (known && known->is_certified_by(certificate)) return Verdict::taken;
    switch (verify(certificate, mesh_, root_, wall_ms(now.wall), verifier_)) {
        case CertificateVerdict::valid:
            return Verdict::taken;
        case CertificateVerdict::foreign_mesh:
            return Verdict::foreign_mesh;
        case CertificateVerdict::expired:
        case CertificateVerdict::bad_signature:
            return Verdict::bad_signature;
    }
    return Verdict::bad_signature;
}

// Signatures are checked once for all tables of a process; what expires is judged anew.
Verdict Gossip::check(const Introductions::Held& introduction, Moment now) {
    const bool known = introduction.original().trusted && !introduction->certificate.expires_ms;
    if (known) return Verdict::taken;
    const Verdict verdict = check(introduction->certificate, now);
    if (verdict == Verdict::taken) commons().introductions.trust(introduction.number());
    return verdict;
}

Verdict Gossip::check(const Claims::Held& claim, Moment now) {
    const bool known = claim.original().trusted && !claim->certificate.expires_ms;
    if (known) return Verdict::taken;
    const Verdict verdict = check(claim->certificate, now);
    if (verdict != Verdict::taken) return verdict;
    if (!signed_by_subject(*claim, verifier_)) return Verdict::bad_signature;
    commons().claims.trust(claim.number());
    return Verdict::taken;
}

Verdict Gossip::apply(const Introductions::Held& cell, const NodeId& from, Moment now,
                      Effects& out) {
    const NodeId id = cell->certificate.node;
    const auto known = members_.find(id);
    if (known && known->certificate().issued >= cell->certificate.issued) {
        return Verdict::nothing_new;
    }
    const Verdict checked = check(cell, now);
    if (checked != Verdict::taken) {
        out.trace(Event::claim_refused, id.prefix(), static_cast<std::uint64_t>(checked));
        return checked;
    }
    if (members_.introduce(cell) != MergeVerdict::taken) return Verdict::refused;
    certificates_.push_back(members_.find(id)->shared_certificate());
    changed(id, from, now, out);
    return Verdict::taken;
}

Verdict Gossip::apply(const Claims::Held& cell, const NodeId& from, Moment now, Effects& out) {
    if (members_.holds(cell)) {
        const NodeIndex subject = *cell.original().subject;
        if (!outbox_.waits(subject)) return Verdict::nothing_new;
        if (members_.is_all(cell) || cell->node == self_) outbox_.on_shown(subject, from);
        return Verdict::nothing_new;
    }
    const NodeId& id = cell->node;
    if (id == self_) return apply_own(cell, from, now);
    const MergeVerdict judged = members_.judge(*cell);
    if (judged == MergeVerdict::old) {
        const Members::Record known = *members_.find(id);
        const bool same = !known.is_introduced_anew() && known.standing() == standing_of(*cell);
        if (same) outbox_.on_shown(id, from);
        if (known.certificate().issued >= cell->certificate.issued) return Verdict::nothing_new;
        const Introduction renewed{cell->certificate, cell->addresses};
        return apply(commons().introductions.take(renewed), from, now, out);
    }
    // The order before the signature: most of what arrives is known already.
    const Verdict checked = judged == MergeVerdict::taken ? check(cell, now) : Verdict::refused;
    if (checked != Verdict::taken) {
        out.trace(Event::claim_refused, id.prefix(), static_cast<std::uint64_t>(checked));
        return checked;
    }
    const auto known = members_.find(id);
    const bool certified = known && known->is_certified_by(cell->certificate);
    const bool restarted = known && known->claim() && known->claim()->boot < cell->boot;
    members_.merge(cell, now.boot_time);
    if (!certified) certificates_.push_back({cell.original().value, &cell->certificate});
    if (STARLING_MUTANT(46, true, false)) drop_opinions(id);
    detector_.forget(id);
    if (restarted || cell->mode == Mode::left) opinions_.drop_observer(id);
    heartbeats_.renew(id, judge_.at(now.boot_time));
    changed(id, from, now, out);
    return Verdict::taken;
}

// Somebody else speaks with this node's key, or repeats what this node said.
Verdict Gossip::apply_own(const Claims::Held& cell, const NodeId& from, Moment now) {
    const Standing mine = members_.find(self_)->standing();
    const Standing theirs = standing_of(*cell);
    if (theirs <= mine) {
        if (theirs == mine) outbox_.on_shown(self_, from);
        return Verdict::nothing_new;
    }
    if (check(cell, now) != Verdict::taken) return Verdict::nothing_new;
    if (theirs.boot > mine.boot) superseded_ = std::max(superseded_.value_or(Boot{}), theirs.boot);
    return Verdict::nothing_new;
}

Verdict Gossip::apply(const Death& cell, const NodeId& from, Moment now, Effects& out) {
    if (cell.node == self_) {
        const Standing mine = members_.find(self_)->standing();
        STARLING_PROBE(own_death_heard);
        if (cell.boot == mine.boot && cell.incarnation == mine.incarnation) must_refute_ = true;
        return Verdict::nothing_new;
    }
    if (members_.judge(cell) != MergeVerdict::taken) {
        const auto known = members_.find(cell.node);
        const Standing told{cell.boot, cell.incarnation, Standing::Rank::dead};
        const bool same =
            known && known->claim() && !known->is_introduced_anew() && known->standing() == told;
        if (same) outbox_.on_shown(cell.node, from);
        return Verdict::nothing_new;
    }
    // I hear him: he is told, and answers with a higher incarnation, before anybody here mourns.
    const Duration fresh = 2 * limits::heartbeat_period + limits::ack_timeout_min;
    if (STARLING_MUTANT(42, heartbeats_.heard_within(cell.node, judge_.at(now.boot_time), fresh),
                        false)) {
        STARLING_PROBE(death_of_one_heard);
        doubt(cell);
        if (peers_.is_up(cell.node)) {
            Cells told;
            told.deaths.push_back(cell);
            out.send(cell.node, told);
        }
        return Verdict::nothing_new;
    }
    bury(cell, from, now, out);
    return Verdict::taken;
}

Verdict Gossip::apply(const Opinion& cell, const NodeId& from, Moment now, Effects& out) {
    if (cell.observer == self_) {
        note_withdrawn(cell);
        return Verdict::nothing_new;
    }
    const auto subject = members_.find(cell.subject);
    const auto observer = members_.find(cell.observer);
    if (!subject || !observer) return Verdict::refused;
    if (subject->state() != MemberState::alive || observer->state() != MemberState::alive) {
        return Verdict::nothing_new;
    }
    const bool current = cell.boot == subject->claim()->boot &&
                         cell.incarnation == subject->claim()->incarnation &&
                         cell.observer_boot == observer->claim()->boot;
    if (!current) return Verdict::nothing_new;
    const OpinionVerdict verdict = opinions_.take(cell);
    if (verdict == OpinionVerdict::full) return Verdict::refused;
    if (verdict == OpinionVerdict::old) {
        outbox_.on_shown(cell, from);
        note_withdrawn(cell);
        return Verdict::nothing_new;
    }
    out.trace(Event::opinion_heard, cell.subject.prefix(), cell.observer.prefix(),
              static_cast<std::uint64_t>(cell.vote));
    outbox_.put(cell, from, now.boot_time + opinions_rest());  // I17
    const bool accused = is_down(cell.vote) && cell.subject != self_;
    if (accused && heartbeats_.on_accused(cell.subject, judge_.at(now.boot_time))) {
        STARLING_PROBE(accused_observer_asked);
        owed_.push_back(cell.subject);
    }
    return Verdict::taken;
}

void Gossip::changed(const NodeId& id, const NodeId& from, Moment now, Effects& out) {
    doubt_ring(id);
    outbox_.put(id, from, now.boot_time);  // I17
    persist(id, now, out);
    note(id, members_.find(id)->cause(), out);
}

void Gossip::bury(const Death& death, const NodeId& from, Moment now, Effects& out) {
    if (members_.bury(death, now.boot_time) != MergeVerdict::taken) return;
    drop_opinions(death.node);
    opinions_.drop_observer(death.node);
    changed(death.node, from, now, out);
}

// Once for a life: who is told again and again asks no more often.
void Gossip::doubt(const Death& death) {
    const auto known =
        std::ranges::find(doubts_, death.node, [](const Doubt& each) { return each.death.node; });
    const Doubt fresh{death, heartbeats_.last_ping()};
    if (known == doubts_.end()) {
        doubts_.push_back(fresh);
    } else if (members_.judge(known->death) != MergeVerdict::taken) {
        *known = fresh;
    }
}

// Whom I heard when I was told of his death is asked: an answer ends the doubt, silence and a
// refusal do so too.  Of who is no subject of mine any more I know nothing: tables will tell.
void Gossip::settle_doubts(Moment now, Effects& out) {
    for (const Doubt& each : std::exchange(doubts_, {})) {
        const NodeId& id = each.death.node;
        if (!heartbeats_.watches(id) || members_.judge(each.death) != MergeVerdict::taken) continue;
        if (heartbeats_.has_answered(id, each.ping)) continue;
        if (heartbeats_.is_accused_by_me(id)) {
            STARLING_PROBE(doubted_death_taken);
            bury(each.death, self_, now, out);
        } else {
            heartbeats_.ask(id, each.ping);
            doubts_.push_back(each);
        }
    }
}

void Gossip::drop_opinions(const NodeId& subject) {
    opinions_.drop_subject(subject);
    outbox_.drop_opinions(subject);
}

// Before opinions of others go on.  All observers of a dead process accuse it within a moment, and
// each accusation on its own would be a flood, which costs the more the more members there are.
Duration Gossip::opinions_rest() const {
    constexpr Duration for_each = std::chrono::microseconds{1};
    constexpr Duration most = std::chrono::milliseconds{4};
    return std::min(most, for_each * static_cast<std::int64_t>(rings_.size()));
}

// At most once per heartbeat: the dead one refutes as soon as it hears.
void Gossip::tell_dead(const NodeId& peer, Moment now, Effects& out) {
    Peer& entry = peers_.at(peer);
    if (entry.told_dead && now.boot_time - *entry.told_dead < limits::heartbeat_period) return;
    entry.told_dead = now.boot_time;
    if (entry.is_up) {
        send_cells_of(peer, peer, now, out);
    } else {
        dial(peer);
    }
}

}  // namespace starling::gossip
