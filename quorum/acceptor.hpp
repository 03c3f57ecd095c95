// One voter's memory: which ballot it promised and which it accepted, per register.
//
//   prepare(b) ── b above everything promised ──> promise(b)     no record: the ceiling covers it
//   accept(b)  ── b not below the promise ──────> accepted(b)    once durable (gates)
//
// Invariants:
//   I1  The accepted ballot and the promise of a register never fall.
//   I2  A promise is below the durable ceiling.  After a restart everything below the ceiling of
//       that moment counts as promised, so forgotten promises are kept.
//   I3  Strict rounds: a ballot is promised only if its round is above the accepted one's.
//   I4  Accepting a ballot raises the promise and never lowers it, duplicates included.
//   I5  One ballot, one state: the same ballot again is answered again if the state is the same.
//   I6  At most limits::registers names; promises without a record are folded into a common floor.
//
// Promises, votes and reads leave through gates, so nobody sees what is not durable.  Not thread
// safe.
#pragma once

#include "base/effects.hpp"
#include "base/ids.hpp"
#include "base/records.hpp"
#include "quorum/messages.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace starling::quorum {

// In Table::meta: below which round promises are kept (I2).
inline constexpr std::string_view promise_ceiling_key = "promise_ceiling";

enum class VoterVerdict : std::uint8_t {
    promised,
    accepted,
    repeated,        // the same again: answered again
    shown,           // a read
    refused,         // answered with a conflict
    foreign_ballot,  // of another proposer than the sender
    ballot_reused,   // with another state than the one accepted
    round_too_far,
    damaged,  // the records could not be read back: this voter does not vote
};

class Acceptor {
public:
    // Reads back what was accepted under this journal.
    Acceptor(const Voter& self, const RecordSource& records, Effects& out);

    VoterVerdict on_prepare(const NodeId& from, const Prepare& message, Effects& out);
    VoterVerdict on_accept(const NodeId& from, const Accept& message, Effects& out);
    VoterVerdict on_read(const NodeId& from, const Read& message, Effects& out);

    // Its records are void: this turn erases them.
    void erase(Effects& out) const;

    [[nodiscard]] std::size_t size() const { return records_.size(); }

    // For checks: what stands under a name, zero ballots when nothing does.
    [[nodiscard]] Ballot accepted(const std::string& name) const;
    [[nodiscard]] Ballot promised(const std::string& name) const;

    [[nodiscard]] std::uint64_t ceiling() const { return ceiling_; }

private:
    struct Record {
        Ballot accepted;
        Ballot promised;
        bool reserved = false;  // promised to the proposer of the accepted ballot, for later
        State state;
    };

    void load(ByteView key, ByteView value);
    void raise_ceiling(std::uint64_t round, Effects& out);
    void promise(const std::string& name, const Ballot& ballot);
    void fold_promises();
    void store(const Accept& message, Effects& out);
    void refuse(const NodeId& to, const std::string& name, const Ballot& ballot,
                Effects& out) const;
    [[nodiscard]] Refusal refusal_of(const std::string& name) const;
    [[nodiscard]] bool is_full_for(const std::string& name) const;
    VoterVerdict on_same_ballot(const NodeId& from, const Accept& message, Record& record,
                                Effects& out);
    // `promised` when nothing is wrong with the request as such.
    [[nodiscard]] VoterVerdict unusable(const NodeId& from, const Ballot& ballot,
                                        std::uint64_t highest_round) const;

    Voter self_;
    std::map<std::string, Record, std::less<>> records_;
    std::map<std::string, Ballot, std::less<>> waiting_;  // promises to names without a record
    Ballot absent_floor_;        // what every name without a record counts as promised to
    Ballot restart_floor_;       // what every name counts as promised to
    std::uint64_t ceiling_ = 0;  // durable once the frames of this turn leave
    Decoder decoder_;
    std::size_t damaged_ = 0;
};

}  // namespace starling::quorum
