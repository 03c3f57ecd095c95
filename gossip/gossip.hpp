// The face of the folder: one node's membership, failure detection, dissemination and anti-entropy.
//
//   links, frames, ticks ──> Gossip ──> frames, records, traces          (Effects)
//                              │
//                              └──> changes, certificates, dials, peers to reconcile   (take_...)
//
//   member:  introduced ──claim──> alive <──> suspect ──> dead ──higher claim──> alive
//                                    └──claim left──> left ──higher boot──> alive
//
// Invariants (gossip.md 4.1):
//   I1   Per subject (boot, incarnation, rank) never falls.
//   I2   Only the subject raises its boot or incarnation.
//   I5   A death or a leave is undone only by a higher claim of the subject.
//   I11  While two could judge, a single accuser kills nobody.
//   I12  A leave produces no failure.
//   I15  An isolated node publishes no opinion.
//   I17  Cells are passed on only if they changed what this node knows.
//
// The driver's duty: on_tick() at the end of every turn, then on_sleep() with the deadline it
// sleeps to. Not thread safe.
#pragma once

#include "base/crypto.hpp"
#include "base/effects.hpp"
#include "base/ids.hpp"
#include "base/moment.hpp"
#include "base/records.hpp"
#include "base/rng.hpp"
#include "gossip/certificate.hpp"
#include "gossip/claim.hpp"
#include "gossip/commons.hpp"
#include "gossip/detector.hpp"
#include "gossip/genesis.hpp"
#include "gossip/heartbeats.hpp"
#include "gossip/judge_clock.hpp"
#include "gossip/members.hpp"
#include "gossip/messages.hpp"
#include "gossip/open_cells.hpp"
#include "gossip/opinions.hpp"
#include "gossip/outbox.hpp"
#include "gossip/peers.hpp"
#include "gossip/questions.hpp"
#include "gossip/rings.hpp"
#include "gossip/showing.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace starling::gossip {

struct Setup {
    SigningKey key;
    Genesis genesis;
    Certificate certificate;  // this node's own
    Boot boot;
    std::vector<std::string> addresses;
    std::string name;
    Contacts contacts;               // null: nobody; this node may be among them
    std::vector<std::string> seeds;  // addresses to try for contacts not yet met
    std::uint64_t random_seed = 0;
    std::shared_ptr<Commons> commons;  // of this mesh; null: this node has its own
};

enum class Verdict : std::uint8_t {
    taken,
    nothing_new,
    foreign_mesh,
    not_the_sender,  // a HELLO with another node's claim
    bad_signature,   // of the claim, or of its certificate
    superseded,      // a HELLO of a boot that its own node has replaced
    refused,         // out of reach, or the table is full
};

// What a program may see of a member.
struct MemberView {
    NodeId id;
    MemberState state{};
    std::shared_ptr<const Claim> claim;  // null: introduced, never met
    // Parts of the table's record, shared: a list of all members copies none of them.
    std::shared_ptr<const Certificate> certificate;
    std::shared_ptr<const std::vector<std::string>> addresses;
    std::optional<BootTime> heard;  // the last frame from it; only linked peers have one
    Duration lag{};                 // of its disk or loop, when it last told
    std::vector<NodeId> accusers;

    [[nodiscard]] Boot boot() const { return claim ? claim->boot : Boot{}; }

    [[nodiscard]] Incarnation incarnation() const {
        return claim ? claim->incarnation : Incarnation{};
    }

    [[nodiscard]] Mode mode() const { return claim ? claim->mode : Mode::up; }
};

// A member whose state, mode or boot changed.
struct MemberChange {
    NodeId node;
    MemberState from{};
    MemberState to{};
    Mode mode{};
    Boot boot;
    Incarnation incarnation;
    bool restarted =
        false;  // a boot higher than the one known before: what the old one held is void
    Cause cause = Cause::claim;
};

// A linked peer whose disk or loop fell behind by limits::degraded_after, or caught up again.
struct LagChange {
    NodeId peer;
    bool behind = false;
};

enum class Departure : std::uint8_t { staying, lingering, done };

class Gossip {
public:
    // Reads its table back; `verifier` outlives the core.
    Gossip(Setup setup, const Verifier& verifier, const RecordSource& records, Moment now,
           Effects& out);

    // ---- frames.  A verdict other than taken and nothing_new left the table as it was.
    Verdict on_hello(const NodeId& from, const Hello& hello, Moment now, Effects& out);
    Verdict on_ping(const NodeId& from, const Ping& ping, Moment now, Effects& out);
    Verdict on_pong(const NodeId& from, const Pong& pong, Moment now, Effects& out);
    Verdict on_cells(const NodeId& from, const OpenCells& cells, Moment now, Effects& out);
    Verdict on_table_digest(const NodeId& from, const TableDigest& digest, Moment now,
                            Effects& out);
    Verdict on_table_entries(const NodeId& from, const OpenEntries& entries, Moment now,
                             Effects& out);

    // Where cells that arrive are opened.
    [[nodiscard]] Commons& commons() { return members_.commons(); }

    // ---- facts
    void on_heard(const NodeId& peer, Moment now, Effects& out);    // any admitted frame
    void on_link_up(const NodeId& peer, Moment now, Effects& out);  // our connection; HELLO is sent
    void on_link_lost(const NodeId& peer, Moment now);              // also after hanging up
    void on_refused(const NodeId& peer);  // a dial or probe found nobody listening

    void set_state_root(std::uint64_t root) { roots_state_ = root; }

    void set_health(Duration oldest_batch, Duration last_turn);

    // At the end of every turn, after all input was handled; sends what changed.  Idempotent.
    void on_tick(Moment now, Input input, Effects& out);

    // Right after the tick: when the driver will wake at the latest, all cores considered.
    void on_sleep(std::optional<BootTime> until) { judge_.asked_until(until); }

    [[nodiscard]] std::optional<BootTime> next_deadline() const;

    // ---- commands
    // Says so to everybody; terminal for this boot.  Wait for departure() to be done.
    void leave(Moment now, Effects& out);
    // REQUIRES: not left, mode is not left.  The same mode again changes nothing.
    void set_mode(Mode mode, Moment now, Effects& out);
    // Replaces what the claim says for programs.  REQUIRES: at most Claim::attributes_bytes.
    void set_attributes(Bytes attributes, Moment now, Effects& out);
    // Publishes a certificate.  Only `taken` and `nothing_new` mean that it is known now.
    Verdict admit(const Introduction& introduction, Moment now, Effects& out);

    // ---- news, each told once
    [[nodiscard]] std::vector<MemberChange> take_changes() { return std::exchange(changes_, {}); }

    // Certificates to admit to the transport, at start those of the whole table.
    [[nodiscard]] std::vector<std::shared_ptr<const Certificate>> take_certificates() {
        return std::exchange(certificates_, {});
    }

    // Peers outside neighbours() to dial now, once: seeds, the dead, whoever must be told
    // something.
    [[nodiscard]] std::vector<NodeId> take_dials() { return std::exchange(dials_, {}); }

    // Linked peers whose state root differs from ours for longer than news take to travel.
    [[nodiscard]] std::vector<NodeId> take_reconcile() { return std::exchange(reconcile_, {}); }

    // Whom to spare work, and whom no longer.
    [[nodiscard]] std::vector<LagChange> take_lag_changes() {
        return std::exchange(lag_changes_, {});
    }

    // ---- queries
    [[nodiscard]] const NodeId& id() const { return self_; }

    [[nodiscard]] Hello hello() const;

    [[nodiscard]] Roots roots() const { return {members_.root(), roots_state_}; }

    [[nodiscard]] std::vector<MemberView> members() const;  // ascending by id

    // The first `max` of those after this one, ascending.
    [[nodiscard]] std::vector<NodeId> ids_after(const std::optional<NodeId>& after,
                                                std::size_t max) const {
        return members_.ids_after(after, max);
    }

    [[nodiscard]] std::optional<MemberView> member(const NodeId& id) const;
    [[nodiscard]] MemberState state(const NodeId& id) const;
    [[nodiscard]] std::size_t alive_count() const;  // suspects and this node included

    // Everybody whose certificate holds, this node included.
    [[nodiscard]] std::size_t known_count() const { return members_.size(); }

    // Whether its certificate holds: its frames may be read.
    [[nodiscard]] bool knows(const NodeId& id) const { return members_.find(id).has_value(); }

    // Neither dead nor left: who was never met may well be there.
    [[nodiscard]] bool is_present(const NodeId& id) const;

    // Met, and not known to have ended.
    [[nodiscard]] bool is_alive(const NodeId& id) const {
        return members_.state(id) == MemberState::alive;
    }

    [[nodiscard]] std::size_t present_count() const;

    // Whom to keep a link to, ascending.
    [[nodiscard]] const std::vector<NodeId>& neighbours() const { return neighbours_; }

    [[nodiscard]] bool observes(const NodeId& id) const { return heartbeats_.watches(id); }

    [[nodiscard]] bool accuses_anybody() const { return heartbeats_.accuses_anybody(); }

    // Grows whenever neighbours(), observes() or accuses_anybody() may have changed.
    [[nodiscard]] std::uint64_t overlay_changes() const {
        return neighbours_made_ + heartbeats_.changes();
    }

    // How to reach a node: its certificate and addresses, seeds first when it was never met. Those
    // of the mesh file and the seeds come last while it was not heard since this start: it may have
    // moved since the table was kept.
    [[nodiscard]] std::optional<Introduction> contact(const NodeId& id) const;
    // Every neighbour is linked and last showed our table.
    [[nodiscard]] bool converged() const;
    // Linked to min(3, N - 1) and in step with one of them; alone when nobody can be met.
    [[nodiscard]] bool joined(BootTime now) const;
    // When all neighbours last showed our state root; `now` when there are none.
    [[nodiscard]] std::optional<BootTime> as_of(BootTime now) const;

    [[nodiscard]] bool is_isolated() const { return heartbeats_.is_isolated(); }

    [[nodiscard]] Heartbeats::RoundTrip round_trip() const { return heartbeats_.round_trip(); }

    [[nodiscard]] Duration farthest() const { return heartbeats_.farthest(); }

    [[nodiscard]] Departure departure(BootTime now) const;

    // Another process runs with this node's key and a higher boot: this one must stop.
    [[nodiscard]] std::optional<Boot> superseded() const { return superseded_; }

private:
    // What verdicts and own opinions rest on: while it is the same, so are they.
    struct Basis {
        std::uint64_t opinions = 0;
        std::uint64_t heartbeats = 0;
        std::uint64_t rings = 0;
        bool may_judge = false;

        friend bool operator==(const Basis&, const Basis&) = default;

        [[nodiscard]] bool differs_in_opinions_only(const Basis& other) const {
            return heartbeats == other.heartbeats && rings == other.rings &&
                   may_judge == other.may_judge;
        }
    };

    // The death of a subject whom I heard when I was told.
    struct Doubt {
        Death death;
        std::uint32_t ping = 0;  // the last one before
    };

    // gossip.cpp
    void read_contacts(Moment now);
    void persist(const NodeId& id, Moment now, Effects& out);
    void claim_anew(ClaimTerms terms, Moment now, Effects& out);
    void refute(Moment now, Effects& out);
    [[nodiscard]] Members::Shown shown_now(const NodeId& id) const;
    void note(const NodeId& id, Cause cause, Effects& out);
    void trace_change(const MemberChange& change, Effects& out) const;
    void send_opinions(const NodeId& peer, bool all, Effects& out);
    [[nodiscard]] const Introduction* told_of(const NodeId& id) const;  // by the mesh file
    [[nodiscard]] const Claim& own_claim() const;

    // gossip_table.cpp: merging
    [[nodiscard]] Verdict check(const Certificate& certificate, Moment now) const;
    [[nodiscard]] Verdict check(const Introductions::Held& introduction, Moment now);
    [[nodiscard]] Verdict check(const Claims::Held& claim, Moment now);
    Verdict apply(const Introductions::Held& cell, const NodeId& from, Moment now, Effects& out);
    Verdict apply(const Claims::Held& cell, const NodeId& from, Moment now, Effects& out);
    Verdict apply(const Death& cell, const NodeId& from, Moment now, Effects& out);
    Verdict apply(const Opinion& cell, const NodeId& from, Moment now, Effects& out);
    Verdict apply_own(const Claims::Held& cell, const NodeId& from, Moment now);
    Verdict apply_all(const OpenCells& cells, const NodeId& from, Moment now, Effects& out);
    void changed(const NodeId& id, const NodeId& from, Moment now, Effects& out);
    void bury(const Death& death, const NodeId& from, Moment now, Effects& out);
    void doubt(const Death& death);
    void settle_doubts(Moment now, Effects& out);
    void drop_opinions(const NodeId& subject);
    [[nodiscard]] Duration opinions_rest() const;
    void tell_dead(const NodeId& peer, Moment now, Effects& out);
    void note_withdrawn(const Opinion& heard);
    void answer_opinions(const NodeId& peer, Effects& out);
    void send_entries(const NodeId& to, const BucketSet& buckets, Moment now, Effects& out);
    void answer_entries(const NodeId& to, const OpenEntries& entries, Moment now, Effects& out);
    void send_cells_of(const NodeId& member, const NodeId& to, Moment now, Effects& out);

    // gossip_tick.cpp: time
    void on_roots(const NodeId& peer, const Roots& roots, bool at_once, Moment now, Effects& out);
    void compare_tables(const NodeId& peer, Moment now, Effects& out);
    void on_lag(const NodeId& peer, Duration lag);
    void on_life(const NodeId& peer, Heard heard, Moment now, Effects& out);
    void rebuild_rings(Moment now);
    void update_neighbours(BootTime now);
    void ask_next(Moment now, Effects& out);
    [[nodiscard]] Duration rest() const;
    void send_news(BootTime now, Effects& out);
    [[nodiscard]] const std::vector<NodeId>& near_links(BootTime now);
    void add_near_links();
    void add_other_links(std::size_t count);
    void add_bridges(BootTime now);
    [[nodiscard]] std::vector<NodeId> storm_links(std::span<const NodeId> near);
    [[nodiscard]] std::vector<NodeId> few_of(std::span<const NodeId> near);
    [[nodiscard]] std::vector<NodeId> far_links(BootTime now) const;
    [[nodiscard]] bool is_settled(const NodeId& id, const Peer& peer, BootTime now) const;
    void beat(Effects& out);
    void ping(const NodeId& peer, std::uint32_t sequence, Effects& out);
    void publish_opinions(Moment now, Effects& out);
    void publish(const NodeId& subject, Vote vote, Moment now, Effects& out);
    void judge(Moment now, Effects& out);
    void show_root(BootTime now, Effects& out);
    [[nodiscard]] Pong pong_to(std::uint32_t sequence) const;
    void heal(Moment now, Effects& out);
    void dial(const NodeId& peer);
    [[nodiscard]] std::vector<NodeId> unmet() const;
    [[nodiscard]] bool has_unmet() const;
    [[nodiscard]] bool is_unmet(const NodeId& id) const;
    [[nodiscard]] bool is_on_rings(const Members::Record& record, BootTime now) const;
    void make_rings(BootTime now);
    void doubt_ring(const NodeId& id);
    void doubt_rings(BootTime now);
    void on_rings_changed(BootTime now);
    [[nodiscard]] bool is_away(const Members::Record& record, BootTime now) const;
    [[nodiscard]] Detector::Evidence evidence() const;
    [[nodiscard]] Basis basis() const;
    [[nodiscard]] std::vector<Judgement> verdicts();

    // constant after construction
    SigningKey key_;
    MeshId mesh_;
    NodeId root_;
    NodeId self_;
    std::vector<std::string> seeds_;
    Contacts contacts_;  // of the mesh file; may be null
    const Verifier& verifier_;
    BootTime started_;

    Members members_;
    Opinions opinions_;
    Peers peers_;
    Rings rings_;
    JudgeClock judge_;
    Heartbeats heartbeats_;
    Detector detector_;
    Outbox outbox_;
    Questions questions_;  // about tables
    Rng rng_;

    std::uint64_t roots_state_ = 0;
    Duration batch_age_{};
    Duration turn_age_{};
    std::uint64_t opinion_sequence_ = 0;
    std::vector<NodeId> owed_;        // subjects somebody accuses and I can vouch for
    std::vector<Opinion> withdrawn_;  // what accusers of old have said since, to be told at once
    std::vector<Doubt> doubts_;       // one for a subject
    std::vector<NodeIndex> ring_doubts_;  // who may have come onto the rings, or gone
    std::uint64_t rings_made_ = 0;
    std::optional<Basis> published_;  // when own opinions were brought in line last
    std::optional<Basis> judged_;  // of the last verdicts; none when they are to be looked at anew
    bool keeps_left_links_ = false;
    std::vector<NodeId> neighbours_;
    std::uint64_t neighbours_made_ = 0;
    std::vector<NodeId> linked_neighbours_;  // as of the last near_links()

    bool must_refute_ = false;
    std::optional<JudgeTime> refuted_;
    std::optional<Boot> superseded_;
    std::optional<BootTime> leaving_;  // since
    Showing showing_;                  // of the table root
    BootTime heal_at_;
    BootTime seed_at_;
    BootTime join_at_;
    unsigned join_attempt_ = 0;

    std::vector<MemberChange> changes_;
    std::vector<std::shared_ptr<const Certificate>> certificates_;
    std::vector<NodeId> dials_;
    std::vector<NodeId> reconcile_;
    std::vector<LagChange> lag_changes_;
};

}  // namespace starling::gossip
