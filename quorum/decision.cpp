#include "quorum/decision.hpp"

#include "base/mutant.hpp"
#include "base/probes.hpp"

#include <algorithm>

namespace starling::quorum {
namespace {

void encode_votes(Writer& out, const std::map<NodeId, Vote>& votes) {
    out.list(votes.size());
    for (const auto& [elector, vote] : votes) {
        out.list(4);
        out.id(elector);
        out.uint(vote.option);
        out.text(vote.agent);
        out.text(vote.reason);
    }
}

void decode_votes(Reader& in, Decision& decision) {
    Reader votes = in.list(limits::decision_electors);
    while (votes.remaining() > 0) {
        Reader item = votes.list();
        Vote& vote = decision.votes[item.id<NodeId>()];
        vote.option = static_cast<std::uint32_t>(item.uint(limits::decision_options - 1));
        vote.agent = item.text(limits::name_bytes);
        vote.reason = item.text(limits::name_bytes);
    }
}

bool votes_fit(const Decision& decision) {
    return std::ranges::all_of(decision.votes, [&](const auto& vote) {
        return decision.elector_index(vote.first) && vote.second.option < decision.options.size();
    });
}

bool form_fits(const Decision& decision) {
    const auto long_option = [](const std::string& option) {
        return option.empty() || option.size() > limits::name_bytes;
    };
    return decision.question.size() <= limits::decision_question_bytes &&
           decision.options.size() >= 2 && decision.options.size() <= limits::decision_options &&
           std::ranges::none_of(decision.options, long_option) &&
           decision.status_quo < decision.options.size() &&
           decision.outcome < decision.options.size() && !decision.electors.empty() &&
           decision.electors.size() <= limits::decision_electors &&
           std::ranges::is_sorted(decision.electors, std::ranges::less_equal{}) &&
           decision.duration >= Duration{} && decision.duration <= limits::decision_duration_max;
}

// The option with more than half of all electors.
std::optional<std::uint32_t> winner_of(const Decision& decision) {
    const auto counts = decision.tally();
    for (std::size_t option = 0; option < counts.size(); ++option) {
        if (counts[option] * 2 + STARLING_MUTANT(19, 0U, 2U) > decision.electors.size())
            return static_cast<std::uint32_t>(option);
    }
    return std::nullopt;
}

bool still_winnable(const Decision& decision) {
    const std::size_t missing = decision.electors.size() - decision.votes.size();
    return (std::ranges::max(decision.tally()) + missing) * 2 > decision.electors.size();
}

void end(Decision& decision, DecisionState state, std::uint32_t outcome) {
    decision.state = state;
    decision.outcome = outcome;
}

}  // namespace

void Decision::encode(Writer& out) const {
    out.list(9);
    out.text(question);
    out.list(options.size());
    for (const auto& option : options) out.text(option);
    out.uint(status_quo);
    out.list(electors.size());
    for (const auto& elector : electors) out.id(elector);
    out.duration(duration);
    out.id(proposer);
    out.uint(static_cast<std::uint64_t>(state));
    out.uint(outcome);
    encode_votes(out, votes);
}

bool Decision::decode(Reader& in, Decision& decision) {
    decision.question = in.text(limits::decision_question_bytes);
    Reader options = in.list(limits::decision_options);
    while (options.remaining() > 0) {
        decision.options.emplace_back(options.text(limits::name_bytes));
    }
    decision.status_quo = static_cast<std::uint32_t>(in.uint(limits::decision_options - 1));
    Reader electors = in.list(limits::decision_electors);
    while (electors.remaining() > 0) decision.electors.push_back(electors.id<NodeId>());
    decision.duration = in.duration();
    decision.proposer = in.id<NodeId>();
    decision.state = static_cast<DecisionState>(
        in.uint(static_cast<std::uint64_t>(DecisionState::too_few_votes)));
    decision.outcome = static_cast<std::uint32_t>(in.uint(limits::decision_options - 1));
    decode_votes(in, decision);
    if (in.ok() && !(form_fits(decision) && votes_fit(decision))) in.fail();
    return in.ok();
}

bool Decision::well_formed() const {
    return form_fits(*this) && state == DecisionState::open && votes.empty();
}

std::vector<std::size_t> Decision::tally() const {
    std::vector<std::size_t> counts(options.size());
    for (const auto& [elector, vote] : votes) ++counts[vote.option];
    return counts;
}

std::optional<std::size_t> Decision::elector_index(const NodeId& node) const {
    const auto found = std::ranges::lower_bound(electors, node);
    if (found == electors.end() || *found != node) return std::nullopt;
    return static_cast<std::size_t>(found - electors.begin());
}

VoteVerdict cast(Decision& decision, const CastVote& cast) {
    if (!decision.elector_index(cast.elector)) return VoteVerdict::not_elector;
    if (cast.vote.option >= decision.options.size()) return VoteVerdict::no_such_option;
    const auto earlier = decision.votes.find(cast.elector);
    if (STARLING_MUTANT(21, earlier != decision.votes.end(), false)) {
        STARLING_PROBE(vote_repeated);
        const bool same = earlier->second.option == cast.vote.option;
        return same ? VoteVerdict::repeated : VoteVerdict::already_voted;
    }
    if (STARLING_MUTANT(20, decision.state != DecisionState::open, false))
        return VoteVerdict::closed;
    decision.votes[cast.elector] = cast.vote;
    if (const auto winner = winner_of(decision)) {
        end(decision, DecisionState::decided, *winner);
    } else if (!still_winnable(decision)) {
        STARLING_PROBE(decision_split);
        end(decision, DecisionState::split, decision.status_quo);
    }
    return VoteVerdict::counted;
}

bool close(Decision& decision) {
    if (decision.state != DecisionState::open) return false;
    STARLING_PROBE(decision_ran_out);
    const std::uint32_t outcome = STARLING_MUTANT(
        23, decision.status_quo,
        decision.votes.empty() ? decision.status_quo : decision.votes.begin()->second.option);
    end(decision, DecisionState::too_few_votes, outcome);
    return true;
}

}  // namespace starling::quorum
