// The membership table: everything a node knows of every node, dead ones too, as a mergeable set.
//
//   introduced ──claim──> alive ──death──> dead ──claim of a higher incarnation──> alive
//                           └──claim left──> left          dead, left ──24 h──> introduced
//
// Invariants:
//   I1  The standing of a subject (boot, incarnation, rank) never falls, save when it is forgotten.
//   I2  Only a claim makes a member; a death or an opinion about a stranger changes nothing.
//   I3  root() is the sum modulo 2^64 of one hash per node: equal tables, equal roots, in any
//   order. I4  Whatever leaves in order is ordered by node id; indices mean nothing outside. I5  At
//   most limits::members nodes.
//
// Not thread safe.
#pragma once

#include "base/interner.hpp"
#include "base/moment.hpp"
#include "gossip/claim.hpp"
#include "gossip/messages.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
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
public:
    // The life of one node as the table knows it.
    struct Record {
        std::shared_ptr<const Introduction> introduction;      // may be null
        std::shared_ptr<const Claim> claim;                    // null: introduced only
        bool dead = false;                                     // the claim was beaten by a death
        Cause cause = Cause::claim;                            // of the end
        BootTime since{};                                      // the claim, here
        BootTime ended{};                                      // dead or left since
        std::uint64_t weight = 0;                              // its part of the root
        MemberState standing_state = MemberState::introduced;  // what the above say together
        bool is_away = false;                                  // so they say

        // Never `suspect`: that is the detector's.
        [[nodiscard]] MemberState state() const { return standing_state; }

        [[nodiscard]] Standing standing() const;  // REQUIRES: claim
        [[nodiscard]] const Certificate& certificate() const;
        [[nodiscard]] const std::vector<std::string>& addresses() const;
        [[nodiscard]] std::shared_ptr<const Certificate> shared_certificate() const;
        [[nodiscard]] std::shared_ptr<const std::vector<std::string>> shared_addresses() const;
        [[nodiscard]] bool is_certified_by(const Certificate& other) const;
    };

    explicit Members(std::uint64_t scramble) : interner_(scramble) {}

    MergeVerdict introduce(Introduction introduction);
    MergeVerdict merge(Claim claim, BootTime now);
    MergeVerdict bury(const Death& death, BootTime now);

    // The verdicts that the two above would give, without a change.
    [[nodiscard]] MergeVerdict judge(const Claim& claim) const;
    [[nodiscard]] MergeVerdict judge(const Death& death) const;

    // Forgets the ends of dead and left members older than limits::tombstone_kept; whom it forgot.
    std::vector<NodeId> forget(BootTime now);

    [[nodiscard]] const Record* find(const NodeId& id) const;
    [[nodiscard]] MemberState state(const NodeId& id) const;  // strangers are `introduced`

    // Every node, ascending.
    [[nodiscard]] const std::vector<NodeId>& ids() const { return ids_; }

    // The same with what is known of each: visit(id, record).
    template <class Visit>
    void for_each(const Visit& visit) const {
        for (std::size_t i = 0; i < ids_.size(); ++i) visit(ids_[i], records_[order_[i].value]);
    }

    [[nodiscard]] std::size_t count(MemberState state) const;

    // Of those alive: who said that it would be back in a moment.
    [[nodiscard]] std::size_t away_count() const { return away_; }

    // Whether any has ended, and is not forgotten.
    [[nodiscard]] bool has_ended() const {
        return count(MemberState::dead) + count(MemberState::left) > 0;
    }

    [[nodiscard]] std::uint64_t root() const { return root_; }

    [[nodiscard]] TableDigest digest() const;

    [[nodiscard]] static std::size_t bucket_of(const NodeId& id) { return id.bytes[0]; }

    // What tells another node all about this one.
    [[nodiscard]] Cells cells_of(const NodeId& id, BootTime now) const;

    // The journal's record of one node and back.  `load` skips what it cannot read.
    [[nodiscard]] Bytes stored(const NodeId& id, Moment now) const;
    void load(ByteView value, Moment now);

private:
    Record* slot(const NodeId& id);
    Record& make(const NodeId& id);
    void reweigh(const NodeId& id, Record& record);

    std::size_t& count_of(MemberState state) { return counts_[static_cast<std::size_t>(state)]; }

    NodeInterner interner_;
    std::vector<Record> records_;   // by NodeIndex
    std::vector<NodeId> ids_;       // ascending
    std::vector<NodeIndex> order_;  // theirs
    std::uint64_t root_ = 0;
    std::array<std::uint64_t, bucket_count> buckets_{};
    std::array<std::size_t, 5> counts_{};  // by MemberState
    std::size_t away_ = 0;
};

}  // namespace starling::gossip
