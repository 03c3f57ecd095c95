#include "node/calls_register.hpp"
#include "node/public_values.hpp"
#include "node/questions.hpp"

namespace starling {

std::string_view name_of(RegisterOutcome outcome) {
    switch (outcome) {
        case RegisterOutcome::applied:
            return "applied";
        case RegisterOutcome::not_applied:
            return "not_applied";
        case RegisterOutcome::unknown:
            return "unknown";
    }
    return "unknown";
}

namespace detail {
namespace {

RegisterState register_of(const node::RegisterAnswer& answer) {
    RegisterState state;
    state.outcome = answer.outcome;
    if (answer.present) state.value = unpacked(answer.value);
    state.version = answer.version;
    state.operation.assign(answer.operation.begin(), answer.operation.end());
    return state;
}

Lease lease_of(const node::LeaseAnswer& answer, BootTime now) {
    const Duration remaining = answer.remaining(now);
    const bool mine = answer.mine && remaining > Duration{0};
    return {answer.outcome, answer.held,  mine,        text_or_nothing(answer.node),
            answer.holder,  answer.fence, answer.term, remaining};
}

Decision decision_of(const node::DecisionAnswer& answer) {
    Decision decision;
    decision.outcome = answer.outcome;
    decision.name = answer.name;
    decision.question = answer.question;
    decision.options = answer.options;
    decision.status_quo = answer.status_quo;
    for (const NodeId& elector : answer.electors) decision.electors.push_back(elector.hex());
    for (const auto& vote : answer.votes) {
        decision.votes.push_back({vote.elector.hex(), vote.option, vote.agent, vote.reason});
    }
    decision.closed = answer.closed;
    decision.decided = answer.decided;
    decision.why = answer.why;
    decision.remaining = answer.remaining;
    return decision;
}

Result<node::DecideProposeAsk> ask_of(const Proposal& proposal, Duration timeout) {
    node::DecideProposeAsk ask;
    ask.name = proposal.name;
    ask.question = proposal.question;
    ask.options = proposal.options;
    ask.status_quo = proposal.status_quo;
    for (const std::string& elector : proposal.electors) {
        const auto node = node_of(elector);
        if (!node) return tl::unexpected<Error>(node.error());
        ask.electors.push_back(*node);
    }
    ask.within = proposal.within;
    ask.timeout = timeout;
    return ask;
}

template <class Request>
Question<RegisterState> about_register(const Request& request, Effect effect) {
    return {node::request_bytes(request), effect, reader_of<node::RegisterAnswer>(register_of)};
}

template <class Request>
Question<Lease> about_lease(const Request& request, Effect effect) {
    const auto read = [](ByteView bytes, BootTime now) -> Result<Lease> {
        Decoder decoder;
        const auto answer = node::answer_from<node::LeaseAnswer>(decoder, bytes);
        if (!answer) return tl::unexpected<Error>(answer.error());
        return lease_of(*answer, now);
    };
    return {node::request_bytes(request), effect, read};
}

template <class Request>
Question<Decision> about_decision(const Request& request, Effect effect) {
    return {node::request_bytes(request), effect, reader_of<node::DecisionAnswer>(decision_of)};
}

}  // namespace

Asked<RegisterState> register_get_question(const std::string& name, Duration timeout) {
    return about_register(node::RegisterGetAsk{name, timeout}, Effect::none);
}

Asked<RegisterState> register_cas_question(const std::string& name,
                                           const std::optional<Value>& value,
                                           const CasOptions& options) {
    node::RegisterCasAsk ask{name, options.expected, std::nullopt, bytes_of(options.operation),
                             options.timeout};
    if (value) {
        auto bytes = packed(*value);
        if (!bytes) return tl::unexpected<Error>(std::move(bytes.error()));
        ask.value = std::move(*bytes);
    }
    return about_register(ask, Effect::possible);
}

Asked<RegisterState> register_settle_question(const std::string& name, const std::string& operation,
                                              Duration timeout) {
    return about_register(node::RegisterSettleAsk{name, bytes_of(operation), timeout},
                          Effect::possible);
}

Asked<Lease> lease_acquire_question(const std::string& name, const std::string& holder,
                                    Duration term, Duration timeout) {
    return about_lease(node::LeaseAcquireAsk{name, holder, term, timeout}, Effect::possible);
}

Asked<Lease> lease_renew_question(const std::string& name, std::uint64_t fence, Duration term,
                                  Duration timeout) {
    return about_lease(node::LeaseRenewAsk{name, fence, term, timeout}, Effect::possible);
}

Asked<Lease> lease_release_question(const std::string& name, std::uint64_t fence,
                                    Duration timeout) {
    return about_lease(node::LeaseReleaseAsk{name, fence, timeout}, Effect::possible);
}

Asked<Lease> lease_show_question(const std::string& name, Duration timeout) {
    return about_lease(node::LeaseShowAsk{name, timeout}, Effect::none);
}

Asked<Decision> propose_question(const Proposal& proposal, Duration timeout) {
    const auto ask = ask_of(proposal, timeout);
    if (!ask) return tl::unexpected<Error>(ask.error());
    return about_decision(*ask, Effect::possible);
}

Asked<Decision> vote_question(const std::string& name, const Ballot& ballot, Duration timeout) {
    return about_decision(
        node::DecideVoteAsk{name, ballot.option, ballot.agent, ballot.reason, timeout},
        Effect::possible);
}

Asked<Decision> decision_question(const std::string& name, Duration timeout, Until until) {
    return about_decision(node::DecideShowAsk{name, until == Until::closed, timeout}, Effect::none);
}

}  // namespace detail
}  // namespace starling
