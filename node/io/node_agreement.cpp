#include "node/calls_register.hpp"
#include "node/io/clocks.hpp"
#include "node/io/node_inside.hpp"
#include "node/io/node_values.hpp"

namespace starling {
namespace {

RegisterState register_of(const node::RegisterAnswer& answer) {
    RegisterState state;
    state.outcome = answer.outcome;
    if (answer.present) state.value = detail::unpacked(answer.value);
    state.version = answer.version;
    state.operation.assign(answer.operation.begin(), answer.operation.end());
    return state;
}

Lease lease_of(const node::LeaseAnswer& answer) {
    const Duration remaining = answer.remaining(io::read_clocks().boot_time);
    const bool mine = answer.mine && remaining > Duration{0};
    return {answer.outcome, answer.held,  mine,        detail::text_or_nothing(answer.node),
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

Bytes bytes_in(const std::string& text) {
    return {text.begin(), text.end()};
}

Result<node::DecideProposeAsk> ask_of(const Proposal& proposal, Duration timeout) {
    node::DecideProposeAsk ask;
    ask.name = proposal.name;
    ask.question = proposal.question;
    ask.options = proposal.options;
    ask.status_quo = proposal.status_quo;
    for (const std::string& elector : proposal.electors) {
        const auto node = detail::node_of(elector);
        if (!node) return tl::unexpected<Error>(node.error());
        ask.electors.push_back(*node);
    }
    ask.within = proposal.within;
    ask.timeout = timeout;
    return ask;
}

constexpr auto none = detail::Effect::none;
constexpr auto possible = detail::Effect::possible;

}  // namespace

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

Pending<RegisterState> Node::register_get(const std::string& name,
                                          std::chrono::nanoseconds timeout) const {
    return inside_->ask<RegisterState>(node::RegisterGetAsk{name, timeout}, none,
                                       detail::reader_of<node::RegisterAnswer>(register_of));
}

Pending<RegisterState> Node::register_cas(const std::string& name,
                                          const std::optional<Value>& value,
                                          const CasOptions& options) {
    node::RegisterCasAsk ask{name, options.expected, std::nullopt, bytes_in(options.operation),
                             options.timeout};
    if (value) {
        auto bytes = detail::packed(*value);
        if (!bytes) return inside_->fail<RegisterState>(std::move(bytes.error()));
        ask.value = std::move(*bytes);
    }
    return inside_->ask<RegisterState>(ask, possible,
                                       detail::reader_of<node::RegisterAnswer>(register_of));
}

Pending<RegisterState> Node::register_settle(const std::string& name, const std::string& operation,
                                             std::chrono::nanoseconds timeout) {
    return inside_->ask<RegisterState>(node::RegisterSettleAsk{name, bytes_in(operation), timeout},
                                       possible,
                                       detail::reader_of<node::RegisterAnswer>(register_of));
}

Pending<Lease> Node::lease_acquire(const std::string& name, const std::string& holder,
                                   std::chrono::nanoseconds term,
                                   std::chrono::nanoseconds timeout) {
    return inside_->ask<Lease>(node::LeaseAcquireAsk{name, holder, term, timeout}, possible,
                               detail::reader_of<node::LeaseAnswer>(lease_of));
}

Pending<Lease> Node::lease_renew(const std::string& name, std::uint64_t fence,
                                 std::chrono::nanoseconds term, std::chrono::nanoseconds timeout) {
    return inside_->ask<Lease>(node::LeaseRenewAsk{name, fence, term, timeout}, possible,
                               detail::reader_of<node::LeaseAnswer>(lease_of));
}

Pending<Lease> Node::lease_release(const std::string& name, std::uint64_t fence,
                                   std::chrono::nanoseconds timeout) {
    return inside_->ask<Lease>(node::LeaseReleaseAsk{name, fence, timeout}, possible,
                               detail::reader_of<node::LeaseAnswer>(lease_of));
}

Pending<Lease> Node::lease_show(const std::string& name, std::chrono::nanoseconds timeout) const {
    return inside_->ask<Lease>(node::LeaseShowAsk{name, timeout}, none,
                               detail::reader_of<node::LeaseAnswer>(lease_of));
}

Pending<Decision> Node::propose(const Proposal& proposal, std::chrono::nanoseconds timeout) {
    auto ask = ask_of(proposal, timeout);
    if (!ask) return inside_->fail<Decision>(std::move(ask.error()));
    return inside_->ask<Decision>(*ask, possible,
                                  detail::reader_of<node::DecisionAnswer>(decision_of));
}

Pending<Decision> Node::vote(const std::string& name, const Ballot& ballot,
                             std::chrono::nanoseconds timeout) {
    return inside_->ask<Decision>(
        node::DecideVoteAsk{name, ballot.option, ballot.agent, ballot.reason, timeout}, possible,
        detail::reader_of<node::DecisionAnswer>(decision_of));
}

Pending<Decision> Node::decision(const std::string& name, std::chrono::nanoseconds timeout,
                                 Until until) const {
    return inside_->ask<Decision>(node::DecideShowAsk{name, until == Until::closed, timeout}, none,
                                  detail::reader_of<node::DecisionAnswer>(decision_of));
}

}  // namespace starling
