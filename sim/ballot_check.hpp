// What voters and proposers of registers say to each other, all of it at once.
//
//      said:  promise, accepted, read_ok ──> what each voter is bound by, restarts or not
//      heard: promise, accepted ──> the majority that a proposer has when it says accept, or that a
//                                   register changed
//      said:  accept + accepted by a majority ──> what was chosen
//
// Invariants:
//   voters_keep_promises     a voter promises and accepts nothing below what it promised or
//                            accepted before; what it accepted already it may say again
//   votes_are_remembered     what a voter shows as accepted is not below what it accepted
//   rounds_have_a_majority   who asks voters to accept was promised the ballot by a majority of
//                            them, or was promised it by those who accepted the ballot before
//   changes_have_a_majority  who says that a register changed heard from a majority of the voters,
//                            from each its own vote, that they accepted it
//   promises_wait_for_disks  no frame that promises something leaves before what its node knew
//                            is durable
//
// What was chosen, and when a lease was last proposed, others may ask.  Not thread safe.
#pragma once

#include "base/codec.hpp"
#include "quorum/messages.hpp"
#include "sim/check.hpp"
#include "sim/identities.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace starling::sim {

class BallotCheck final : public Check {
public:
    BallotCheck(const Identities& identities, Findings& findings);

    void on_traced(std::uint32_t host, const TraceRecord& record, Duration now) override;
    void on_started(std::uint32_t host, Boot boot, Duration now) override;

    void on_fault(const Fault&, Phase, Duration) override {}

    [[nodiscard]] bool wants_words() const override { return true; }

    void on_said(const Told& frame) override;
    void on_heard(const Told& frame) override;

    [[nodiscard]] std::optional<Duration> next_time() const override { return std::nullopt; }

    void on_time(Duration) override {}

    // Whether a majority of the voters ever accepted that the register holds this value.
    [[nodiscard]] bool was_chosen(const std::string& register_name, const std::string& value) const;

    // When this host last asked voters to accept that the lease stands with this fence.
    [[nodiscard]] std::optional<Duration> lease_proposed(std::uint32_t host,
                                                         const std::string& lease_name,
                                                         std::uint64_t fence) const;

private:
    using Ballot = quorum::Ballot;
    using BallotKey = std::pair<std::string, Ballot>;  // of a register

    // Of one voter and register.
    struct Bound {
        Ballot promised;
        Ballot accepted;
        std::set<Ballot> said;  // as accepted
    };

    // One ballot of a register.
    struct Round {
        std::uint64_t next_round = 0;  // promised with it
        std::optional<std::string> value;
        std::uint32_t promised = 0;  // bits of voters, as its proposer heard
        std::uint32_t accepted = 0;
        std::uint32_t said = 0;  // bits of voters who said that they accepted it
    };

    void on_promise(const Told& frame, const quorum::Promise& message);
    void on_accepted(const Told& frame, const quorum::Accepted& message);
    void on_read_ok(const Told& frame, const quorum::ReadOk& message);
    void on_accept(const Told& frame, const quorum::Accept& message);
    void note_vote(const Told& frame, const std::string& name, const Ballot& ballot,
                   const JournalId& journal, std::uint32_t Round::*votes);
    void check_remembered(const Told& frame, const std::string& name, const Bound& bound,
                          const Ballot& shown);
    [[nodiscard]] std::optional<std::uint32_t> voter(const NodeId& node,
                                                     const JournalId& journal) const;
    [[nodiscard]] bool is_majority(std::uint32_t votes) const;
    void violated(const char* invariant, const Told& frame, const std::string& what);

    std::vector<Voter> voters_;
    std::vector<NodeId> ids_;  // of hosts
    std::vector<Boot> boots_;  // of hosts
    Findings& findings_;
    std::uint64_t& gates_looked_at_;
    Decoder decoder_;
    std::map<std::pair<std::uint32_t, std::string>, Bound> bounds_;  // by voter, register
    std::map<BallotKey, Round> rounds_;
    std::map<std::uint64_t, std::string> names_;  // of registers, by their numbers in traces
    std::map<BallotKey, Ballot> slots_;  // promised along with the acceptance of which ballot
    std::set<std::pair<std::string, std::string>> chosen_;  // register, value
    std::map<std::tuple<std::uint32_t, std::string, std::uint64_t>, Duration> leases_;
};

}  // namespace starling::sim
