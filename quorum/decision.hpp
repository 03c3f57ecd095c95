// A decision: named electors choose among options until a deadline, in one register.
//
//   absent ──open──> open ──vote, one per elector──> closed (decided | status quo, with the reason)
//                     └── close, after the deadline ──^
//
// Invariants:
//   I1  An elector's vote is counted or refused, never taken and dropped: the voting rule and the
//       count are the same register.
//   I2  An option wins with more than half of the named electors, present or not; otherwise the
//       status quo stands.
//   I3  It closes by itself as soon as no vote can change the result, and then takes none.
//   I4  A closed decision never changes.
//
// Times are durations on whoever watches: the register knows no clock.  Values, pure functions.
#pragma once

#include "base/codec.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/moment.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace starling::quorum {

enum class DecisionState : std::uint8_t {
    open,
    decided,        // an option has more than half of the electors
    split,          // status quo: no option can reach a majority
    too_few_votes,  // status quo: the deadline passed first
};

struct Vote {
    std::uint32_t option = 0;
    std::string agent;   // who at that node; may be empty
    std::string reason;  // for people; may be empty

    friend bool operator==(const Vote&, const Vote&) = default;
};

struct Decision {
    std::string question;
    std::vector<std::string> options;
    std::uint32_t status_quo = 0;  // index of the option that stands if nothing is decided
    std::vector<NodeId> electors;  // ascending, each once
    Duration duration{};           // from the opening
    NodeId proposer;
    DecisionState state = DecisionState::open;
    std::uint32_t outcome = 0;  // index of an option; meaningless while open
    std::map<NodeId, Vote> votes;

    friend bool operator==(const Decision&, const Decision&) = default;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Decision& decision);

    // Within every bound, electors ascending, status quo an option, nothing voted yet.
    [[nodiscard]] bool well_formed() const;

    [[nodiscard]] std::vector<std::size_t> tally() const;  // votes of each option
    [[nodiscard]] std::optional<std::size_t> elector_index(const NodeId& node) const;
};

struct OpenDecision {
    Decision decision;
};

struct CastVote {
    NodeId elector;
    Vote vote;
};

struct CloseDecision {};

enum class VoteVerdict : std::uint8_t {
    counted,
    repeated,  // the same vote was there already
    closed,
    not_elector,
    already_voted,
    no_such_option,
};

// Counts a vote; closes the decision if that settles it.  Other verdicts leave it as it was.
[[nodiscard]] VoteVerdict cast(Decision& decision, const CastVote& cast);

// Ends an open decision with what was voted; false when it is closed already.
bool close(Decision& decision);

}  // namespace starling::quorum
