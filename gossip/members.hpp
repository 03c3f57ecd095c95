// The membership table: everything a node knows of every node, dead ones too, as a mergeable set.
//
//   introduced ──claim──> alive ──death──> dead ──claim of a higher incarnation──> alive
//                           └──claim left──> left          dead, left ──24 h──> introduced
//
// Invariants:
//   I1  The standing of a subject (boot, incarnation, rank) never falls, save when it is forgotten.
//   I2  Only a claim makes a member; a death or an opinion about a stranger changes nothing.
//   I3  root() is the sum modulo 2^64 of one hash per node: equal tables, equal roots, in any
//       order.
//   I4  Whatever leaves in order is ordered by node id; numbers mean nothing outside.
//   I5  At most limits::members nodes.
//   I6  A node costs 16 bytes; what was said about it lies in the commons, once for all tables.
//
// Not thread safe.
#pragma once

#include "base/moment.hpp"
#include "gossip/claim.hpp"
#include "gossip/commons.hpp"
#include "gossip/encoded_cells.hpp"
#include "gossip/messages.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace starling::gossip {

enum class MemberState : std::uint8_t { introduced, alive, suspect, dead, left };

[[nodiscard]] std::string_view name_of(MemberState state);

enum class MergeVerdict : std::uint8_t {
    taken,
    old,        // nothing newer than what is known
    too_far,    // a death ahead of every claim, or an incarnation out of reach
    stranger,   // a death of somebody without a claim
    forgotten,  // a death so old that it is about to be forgotten
    full,       // limits::members
};

// Signatures are the caller's business: the table takes what it is given.
class Members {
    // One node.  Times are in milliseconds, as no more is ever said of them.
    struct Cell {
        std::uint32_t claim = 0;         // 0: introduced only
        std::uint32_t introduction = 0;  // may be 0
        std::uint64_t at : 46 = 0;       // of the claim here, or of the end
        std::uint64_t is_known : 1 = 0;
        std::uint64_t is_dead : 1 = 0;  // the claim was beaten by a death
        std::uint64_t cause : 2 = 0;    // of the end
        std::uint64_t state : 3 = 0;    // what the above say together
        std::uint64_t shown : 3 = 0;    // see Shown
        std::uint64_t shown_mode : 2 = 0;
        std::uint64_t restarted : 1 = 0;
    };

    static_assert(sizeof(Cell) == 16);  // I6

    // An end that was read back may lie before the machine started.
    static constexpr std::int64_t at_offset = std::int64_t{1} << 45U;

    static void set_at(Cell& cell, BootTime time);

    static void set_cause(Cell& cell, Cause cause) {
        cell.cause = static_cast<std::uint8_t>(cause) & 3U;
    }

public:
    // The life of one node as the table knows it.  Lives until the table changes.
    class Record {
    public:
        // Null: introduced only.
        [[nodiscard]] const std::shared_ptr<const Claim>& claim() const;

        [[nodiscard]] bool is_introduced_anew() const { return cell_->introduction != 0; }

        [[nodiscard]] bool is_dead() const { return cell_->is_dead != 0; }

        [[nodiscard]] Cause cause() const { return static_cast<Cause>(cell_->cause); }

        // When the claim came.  REQUIRES: alive.
        [[nodiscard]] BootTime since() const { return at(); }

        // When it died or left.  REQUIRES: it did.
        [[nodiscard]] BootTime ended() const { return at(); }

        // Never `suspect`: that is the detector's.
        [[nodiscard]] MemberState state() const { return static_cast<MemberState>(cell_->state); }

        // Said that it would be back in a moment.
        [[nodiscard]] bool is_away() const {
            return state() == MemberState::alive && claim()->mode == Mode::away;
        }

        [[nodiscard]] Standing standing() const;  // REQUIRES: claim
        [[nodiscard]] const Certificate& certificate() const;
        [[nodiscard]] const std::vector<std::string>& addresses() const;
        [[nodiscard]] std::shared_ptr<const Certificate> shared_certificate() const;
        [[nodiscard]] std::shared_ptr<const std::vector<std::string>> shared_addresses() const;
        // The same certificate came with what was said before, and was found good.
        [[nodiscard]] bool is_certified_by(const Certificate& other) const;

    private:
        friend class Members;

        Record(const Commons& commons, const Cell& cell) : commons_(&commons), cell_(&cell) {}

        [[nodiscard]] BootTime at() const;
        [[nodiscard]] const Introduction& introduction() const;
        [[nodiscard]] std::uint64_t weight() const;

        const Commons* commons_;
        const Cell* cell_;
    };

    // What programs were told of a node last.
    struct Shown {
        MemberState state = MemberState::introduced;
        Mode mode = Mode::up;
    };

    explicit Members(std::shared_ptr<Commons> commons) : commons_(std::move(commons)) {}

    // With commons of its own.
    explicit Members(std::uint64_t scramble)
        : Members(std::make_shared<Commons>(scramble, scramble)) {}

    ~Members();
    Members(const Members&) = delete;
    Members& operator=(const Members&) = delete;

    MergeVerdict introduce(const Introductions::Held& introduction);
    MergeVerdict merge(const Claims::Held& claim, BootTime now);
    MergeVerdict bury(const Death& death, BootTime now);

    MergeVerdict introduce(Introduction introduction) {
        return introduce(commons_->introductions.take(std::move(introduction)));
    }

    MergeVerdict merge(Claim claim, BootTime now) {
        return merge(commons_->claims.take(std::move(claim)), now);
    }

    // The verdicts that these would give, without a change.
    [[nodiscard]] MergeVerdict judge(const Claim& claim) const;
    [[nodiscard]] MergeVerdict judge(const Death& death) const;

    // Forgets the ends of dead and left members older than limits::tombstone_kept; whom it forgot.
    std::vector<NodeId> forget(BootTime now);

    [[nodiscard]] std::optional<Record> find(const NodeId& id) const;

    // Whether this very claim is what is known of its node.
    [[nodiscard]] bool holds(const Claims::Held& claim) const {
        // Nobody's table has a claim whose subject has no number.
        const auto& subject = claim.original().subject;
        if (!subject || subject->value >= cells_.size()) return false;
        return cells_[subject->value].claim == claim.number();
    }

    [[nodiscard]] MemberState state(const NodeId& id) const;  // strangers are `introduced`

    // REQUIRES: the node is known.
    [[nodiscard]] Shown shown(const NodeId& id) const;
    void show(const NodeId& id, const Shown& shown);

    // Whether a claim replaced one of a lower boot since the last show().  REQUIRES: it is known.
    [[nodiscard]] bool has_restarted(const NodeId& id) const { return cell_of(id)->restarted != 0; }

    // Whether this claim, which is held, is all there is to know of its node.
    [[nodiscard]] bool is_all(const Claims::Held& claim) const {
        const Cell& cell = cells_[claim.original().subject->value];
        return cell.introduction == 0 && cell.is_dead == 0;
    }

    // Every node, ascending.
    [[nodiscard]] std::vector<NodeId> ids() const;
    // The first `max` of those after this one.
    [[nodiscard]] std::vector<NodeId> ids_after(const std::optional<NodeId>& after,
                                                std::size_t max) const;

    // The same with what is known of each: visit(id, record).
    template <class Visit>
    void for_each(const Visit& visit) const {
        for (const NodeIndex number : commons_->directory.ascending()) {
            if (number.value >= cells_.size() || cells_[number.value].is_known == 0) continue;
            visit(commons_->directory.id_of(number), Record(*commons_, cells_[number.value]));
        }
    }

    [[nodiscard]] std::size_t size() const { return size_; }

    [[nodiscard]] std::size_t count(MemberState state) const;

    // Everybody but those who are alive and not away, ascending.
    [[nodiscard]] std::vector<NodeId> absent() const;

    // Whether this holds of any of them.
    template <class Holds>
    [[nodiscard]] bool any_absent(const Holds& holds) const {
        for (std::uint32_t number = 0; absent_count() > 0 && number < cells_.size(); ++number) {
            if (is_absent(cells_[number]) && holds(commons_->directory.id_of({number}))) {
                return true;
            }
        }
        return false;
    }

    // Of those alive: who said that it would be back in a moment.
    [[nodiscard]] std::size_t away_count() const { return away_; }

    // Whether any has ended, and is not forgotten.
    [[nodiscard]] bool has_ended() const {
        return count(MemberState::dead) + count(MemberState::left) > 0;
    }

    [[nodiscard]] std::uint64_t root() const { return root_; }

    [[nodiscard]] TableDigest digest() const;

    [[nodiscard]] static std::size_t bucket_of(const NodeId& id) { return id.bytes[0]; }

    // What tells another node all about this one, encoded: lives until the table changes.
    [[nodiscard]] EncodedMember cells_of(const NodeId& id, BootTime now) const;

    // The journal's record of one node and back.  `load` skips what it cannot read.
    [[nodiscard]] Bytes stored(const NodeId& id, Moment now) const;
    void load(ByteView value, Moment now);

    [[nodiscard]] Commons& commons() const { return *commons_; }

private:
    [[nodiscard]] const Cell* cell_of(const NodeId& id) const;
    [[nodiscard]] Cell* cell_of(const NodeId& id);
    Cell& make(const NodeId& id);
    void set_claim(Cell& cell, std::uint32_t number);
    void set_introduction(Cell& cell, std::uint32_t number);

    template <class Change>
    void change(const NodeId& id, Cell& cell, const Change& apply);

    [[nodiscard]] bool is_absent(const Cell& cell) const;

    [[nodiscard]] std::size_t absent_count() const {
        return size_ - count(MemberState::alive) + away_;
    }

    std::size_t& count_of(MemberState state) { return counts_[static_cast<std::size_t>(state)]; }

    std::shared_ptr<Commons> commons_;
    std::vector<Cell> cells_;  // by number
    std::size_t size_ = 0;
    std::uint64_t root_ = 0;
    std::array<std::uint64_t, bucket_count> buckets_{};
    std::array<std::size_t, 5> counts_{};  // by MemberState
    std::size_t away_ = 0;
};

}  // namespace starling::gossip
