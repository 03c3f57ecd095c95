#include "node/io/node_inside.hpp"

namespace starling {

Pending<RegisterState> Node::register_get(const std::string& name,
                                          std::chrono::nanoseconds timeout) const {
    return inside_->ask(detail::register_get_question(name, timeout));
}

Pending<RegisterState> Node::register_cas(const std::string& name,
                                          const std::optional<Value>& value,
                                          const CasOptions& options) {
    return inside_->ask(detail::register_cas_question(name, value, options));
}

Pending<RegisterState> Node::register_settle(const std::string& name, const std::string& operation,
                                             std::chrono::nanoseconds timeout) {
    return inside_->ask(detail::register_settle_question(name, operation, timeout));
}

Pending<Lease> Node::lease_acquire(const std::string& name, const std::string& holder,
                                   std::chrono::nanoseconds term,
                                   std::chrono::nanoseconds timeout) {
    return inside_->ask(detail::lease_acquire_question(name, holder, term, timeout));
}

Pending<Lease> Node::lease_renew(const std::string& name, std::uint64_t fence,
                                 std::chrono::nanoseconds term, std::chrono::nanoseconds timeout) {
    return inside_->ask(detail::lease_renew_question(name, fence, term, timeout));
}

Pending<Lease> Node::lease_release(const std::string& name, std::uint64_t fence,
                                   std::chrono::nanoseconds timeout) {
    return inside_->ask(detail::lease_release_question(name, fence, timeout));
}

Pending<Lease> Node::lease_show(const std::string& name, std::chrono::nanoseconds timeout) const {
    return inside_->ask(detail::lease_show_question(name, timeout));
}

Pending<Decision> Node::propose(const Proposal& proposal, std::chrono::nanoseconds timeout) {
    return inside_->ask(detail::propose_question(proposal, timeout));
}

Pending<Decision> Node::vote(const std::string& name, const Ballot& ballot,
                             std::chrono::nanoseconds timeout) {
    return inside_->ask(detail::vote_question(name, ballot, timeout));
}

Pending<Decision> Node::decision(const std::string& name, std::chrono::nanoseconds timeout,
                                 Until until) const {
    return inside_->ask(detail::decision_question(name, timeout, until));
}

}  // namespace starling
