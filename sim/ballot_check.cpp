#include "sim/ballot_check.hpp"

#include "quorum/names.hpp"

#include <algorithm>
#include <bit>
#include <tuple>
#include <variant>

namespace starling::sim {
namespace {

constexpr const char* voters_keep_promises = "voters_keep_promises";
constexpr const char* votes_are_remembered = "votes_are_remembered";
constexpr const char* rounds_have_a_majority = "rounds_have_a_majority";
constexpr const char* changes_have_a_majority = "changes_have_a_majority";
constexpr const char* promises_wait_for_disks = "promises_wait_for_disks";

std::string ballot_text(const quorum::Ballot& ballot) {
    return "round " + std::to_string(ballot.round);
}

}  // namespace

BallotCheck::BallotCheck(const Identities& identities, Findings& findings)
    : voters_(identities.genesis.voters),
      ids_(ids_of(identities)),
      findings_(findings),
      gates_looked_at_(findings.looks_of(promises_wait_for_disks)) {
    boots_.resize(ids_.size());
    for (const char* each : {voters_keep_promises, votes_are_remembered, rounds_have_a_majority,
                             changes_have_a_majority, promises_wait_for_disks}) {
        findings_.expect(each);
    }
}

void BallotCheck::on_started(std::uint32_t host, Boot boot, Duration) {
    boots_[host] = boot;
}

void BallotCheck::on_traced(std::uint32_t host, const TraceRecord& record, Duration now) {
    if (record.event != Event::register_changed) return;
    const Ballot ballot{record.fields[2], ids_[host], boots_[host]};
    const std::string& name = names_[record.fields[0]];
    findings_.looked(changes_have_a_majority);
    const std::uint32_t heard = rounds_[{name, ballot}].accepted;
    if (is_majority(heard)) return;
    findings_.violated(changes_have_a_majority,
                       {now, host,
                        name + ": " + ballot_text(ballot) + " was accepted by " +
                            std::to_string(std::popcount(heard))});
}

void BallotCheck::on_said(const Told& frame) {
    if (promises(frame.kind)) {
        ++gates_looked_at_;
        if (frame.batch > frame.durable) {
            violated(promises_wait_for_disks, frame,
                     "kind " + std::to_string(static_cast<unsigned>(frame.kind)) + " left " +
                         std::to_string(frame.batch - frame.durable) + " batches too early");
        }
    }
    if (frame.kind == Kind::promise) {
        const auto message = decoded<quorum::Promise>(decoder_, frame.body);
        if (message) on_promise(frame, *message);
    } else if (frame.kind == Kind::accepted) {
        const auto message = decoded<quorum::Accepted>(decoder_, frame.body);
        if (message) on_accepted(frame, *message);
    } else if (frame.kind == Kind::read_ok) {
        const auto message = decoded<quorum::ReadOk>(decoder_, frame.body);
        if (message) on_read_ok(frame, *message);
    } else if (frame.kind == Kind::accept) {
        const auto message = decoded<quorum::Accept>(decoder_, frame.body);
        if (message) on_accept(frame, *message);
    }
}

void BallotCheck::on_heard(const Told& frame) {
    if (frame.kind == Kind::promise) {
        const auto message = decoded<quorum::Promise>(decoder_, frame.body);
        if (!message) return;
        note_vote(frame, message->name, message->ballot, message->journal, &Round::promised);
    } else if (frame.kind == Kind::accepted) {
        const auto message = decoded<quorum::Accepted>(decoder_, frame.body);
        if (!message) return;
        note_vote(frame, message->name, message->ballot, message->journal, &Round::accepted);
    }
}

bool BallotCheck::was_chosen(const std::string& register_name, const std::string& value) const {
    return chosen_.contains({quorum::plain_name(register_name), value});
}

std::optional<Duration> BallotCheck::lease_proposed(std::uint32_t host,
                                                    const std::string& lease_name,
                                                    std::uint64_t fence) const {
    const auto found = leases_.find({host, quorum::lease_name(lease_name), fence});
    if (found == leases_.end()) return std::nullopt;
    return found->second;
}

void BallotCheck::on_promise(const Told& frame, const quorum::Promise& message) {
    const auto number = voter(ids_[frame.host], message.journal);
    if (!number) return;
    Bound& bound = bounds_[{*number, message.name}];
    findings_.looked(voters_keep_promises);
    if (message.ballot < bound.promised || message.ballot.round <= bound.accepted.round) {
        violated(voters_keep_promises, frame,
                 message.name + ": promised " + ballot_text(message.ballot) + " after " +
                     ballot_text(std::max(bound.promised, bound.accepted)));
    }
    check_remembered(frame, message.name, bound, message.accepted);
    bound.promised = std::max(bound.promised, message.ballot);
    bound.said.insert(message.accepted);
}

void BallotCheck::on_accepted(const Told& frame, const quorum::Accepted& message) {
    const auto number = voter(ids_[frame.host], message.journal);
    if (!number) return;
    Bound& bound = bounds_[{*number, message.name}];
    Round& round = rounds_[{message.name, message.ballot}];
    findings_.looked(voters_keep_promises);
    const bool again = bound.said.contains(message.ballot);
    if (!again && message.ballot < bound.promised) {
        violated(voters_keep_promises, frame,
                 message.name + ": accepted " + ballot_text(message.ballot) +
                     " after it promised " + ballot_text(bound.promised));
    }
    bound.said.insert(message.ballot);
    bound.accepted = std::max(bound.accepted, message.ballot);
    const Ballot next{round.next_round, message.ballot.node, message.ballot.boot};
    if (!again) bound.promised = std::max({bound.promised, message.ballot, next});
    round.said |= 1U << *number;
    if (round.value && is_majority(round.said)) chosen_.insert({message.name, *round.value});
}

void BallotCheck::on_read_ok(const Told& frame, const quorum::ReadOk& message) {
    const auto number = voter(ids_[frame.host], message.journal);
    if (!number) return;
    Bound& bound = bounds_[{*number, message.name}];
    check_remembered(frame, message.name, bound, message.accepted);
    bound.said.insert(message.accepted);
}

void BallotCheck::check_remembered(const Told& frame, const std::string& name, const Bound& bound,
                                   const Ballot& shown) {
    findings_.looked(votes_are_remembered);
    if (shown >= bound.accepted) return;
    violated(votes_are_remembered, frame,
             name + ": showed " + ballot_text(shown) + " after it accepted " +
                 ballot_text(bound.accepted));
}

// One frame for each voter: they say the same.
void BallotCheck::on_accept(const Told& frame, const quorum::Accept& message) {
    const auto& contents = message.state.snapshot.contents;
    if (const auto* lease = std::get_if<quorum::Lease>(&contents)) {
        leases_[{frame.host, message.name, lease->fence}] = frame.now;
    }
    names_[quorum::trace_name(message.name)] = message.name;
    Round& round = rounds_[{message.name, message.ballot}];
    round.next_round = message.next_round;
    if (const auto* value = std::get_if<Bytes>(&contents)) round.value = text_of(*value);
    if (message.next_round > 0) {
        const Ballot next{message.next_round, message.ballot.node, message.ballot.boot};
        slots_[{message.name, next}] = message.ballot;
    }
    findings_.looked(rounds_have_a_majority);
    if (is_majority(round.promised)) return;
    const auto slot = slots_.find({message.name, message.ballot});
    if (slot != slots_.end() && is_majority(rounds_[{message.name, slot->second}].accepted)) return;
    violated(rounds_have_a_majority, frame,
             message.name + ": " + ballot_text(message.ballot) + " was promised by " +
                 std::to_string(std::popcount(round.promised)));
}

void BallotCheck::note_vote(const Told& frame, const std::string& name, const Ballot& ballot,
                            const JournalId& journal, std::uint32_t Round::*votes) {
    if (ballot.node != ids_[frame.host]) return;
    const auto number = voter(frame.peer, journal);
    if (number) rounds_[{name, ballot}].*votes |= 1U << *number;
}

std::optional<std::uint32_t> BallotCheck::voter(const NodeId& node,
                                                const JournalId& journal) const {
    const auto found = std::ranges::find_if(
        voters_, [&](const Voter& each) { return each.node == node && each.journal == journal; });
    if (found == voters_.end()) return std::nullopt;
    return static_cast<std::uint32_t>(found - voters_.begin());
}

bool BallotCheck::is_majority(std::uint32_t votes) const {
    return static_cast<std::size_t>(std::popcount(votes)) > voters_.size() / 2;
}

void BallotCheck::violated(const char* invariant, const Told& frame, const std::string& what) {
    findings_.violated(invariant, {frame.now, frame.host, what});
}

}  // namespace starling::sim
