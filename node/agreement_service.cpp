#include "node/agreement_service.hpp"

#include "base/limits.hpp"
#include "node/latency.hpp"

#include <algorithm>
#include <utility>

namespace starling::node {
namespace {

using quorum::Outcome;
using quorum::Question;
using quorum::Reason;

RegisterOutcome outcome_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::applied:
            return RegisterOutcome::applied;
        case Outcome::not_applied:
            return RegisterOutcome::not_applied;
        case Outcome::unknown:
            return RegisterOutcome::unknown;
    }
    return RegisterOutcome::unknown;
}

// Whether the answer shows what is there, instead of an error.
bool shows_contents(const quorum::CallEnded& ended) {
    if (ended.outcome != Outcome::not_applied) return true;
    switch (ended.reason) {
        case Reason::none:
        case Reason::version_mismatch:
        case Reason::cancelled:
        case Reason::held:
        case Reason::not_holder:
        case Reason::closed:
        case Reason::already_voted:
        case Reason::exists:
            return true;
        case Reason::wrong_content:
        case Reason::no_quorum:
        case Reason::deadline:
        case Reason::overloaded:
        case Reason::table_full:
        case Reason::expired:
        case Reason::bad_name:
        case Reason::too_large:
        case Reason::invalid:
        case Reason::not_found:
        case Reason::not_elector:
        case Reason::no_such_option:
            return false;
    }
    return false;
}

Failed refused(std::string name, std::string message, std::string hint) {
    return {Error{ErrorCode::invalid, std::move(name), std::move(message), std::move(hint),
                  Changed::no}};
}

std::optional<std::uint32_t> index_of(const std::vector<std::string>& options,
                                      const std::string& option) {
    const auto found = std::ranges::find(options, option);
    if (found == options.end()) return std::nullopt;
    return static_cast<std::uint32_t>(found - options.begin());
}

std::string why_closed(const quorum::Decision& decision) {
    switch (decision.state) {
        case quorum::DecisionState::open:
            return "open";
        case quorum::DecisionState::decided:
            return "majority of the electors";
        case quorum::DecisionState::split:
            return "status quo: no option can reach a majority of the electors";
        case quorum::DecisionState::too_few_votes:
            return "status quo: the deadline passed without a majority";
    }
    return "open";
}

Error quorum_error(const std::string& name, Outcome outcome, const quorum::Registers& registers) {
    const bool sent = outcome == Outcome::unknown;
    return {ErrorCode::no_quorum, "no_quorum",
            name + ": " + std::to_string(registers.reachable()) + " of " +
                std::to_string(registers.voters()) + " voters can be reached, " +
                std::to_string(registers.needed()) + " are needed",
            "see starling members; try again when a majority of the voters is alive",
            sent ? Changed::unknown : Changed::no};
}

}  // namespace

Error error_of(Reason reason, Outcome outcome, const std::string& name,
               const quorum::Registers& registers) {
    if (reason == Reason::no_quorum) return quorum_error(name, outcome, registers);
    ErrorCode code = ErrorCode::invalid;
    std::string hint;
    std::string word(quorum::name_of(reason));
    if (reason == Reason::table_full) {
        word = "register_table_full";
        code = ErrorCode::overloaded;
        hint = "the voters keep 65,536 names; use fewer names";
    } else if (reason == Reason::overloaded || reason == Reason::deadline) {
        code = ErrorCode::overloaded;
        hint = "wait, then try again with a longer --timeout";
    } else if (reason == Reason::not_found) {
        code = ErrorCode::not_found;
    } else if (reason == Reason::expired) {
        code = ErrorCode::unknown;
        hint = "read the register and decide anew";
    }
    if (reason == Reason::deadline) word = "timed_out";
    return {code, word, name + ": " + word, hint,
            code == ErrorCode::unknown ? Changed::unknown : Changed::no};
}

void AgreementService::on(CallId call, const RegisterGetAsk& ask, const Turn& turn) {
    quorum_.read(caller(call, ask.name, ask.timeout, turn), turn.now, turn.out);
}

void AgreementService::on(CallId call, const RegisterCasAsk& ask, const Turn& turn) {
    quorum::CasRequest request{ask.expected, ask.value, std::nullopt, false};
    if (!ask.operation.empty()) {
        request.operation = quorum::receipt_of(ask.operation);
        request.retried = true;  // a name of the caller's own may have been used before
        if (!request.operation) {
            turn.out.answer(call, refused("operation_malformed", "this names no operation",
                                          "give 1 to 64 bytes, or leave it out"));
            return;
        }
    }
    const auto from = caller(call, ask.name, ask.timeout, turn);
    asked_[call].writes = ask.value;
    quorum_.cas(from, std::move(request), turn.now, turn.out);
}

void AgreementService::on(CallId call, const RegisterSettleAsk& ask, const Turn& turn) {
    const auto receipt = quorum::receipt_of(ask.operation);
    if (!receipt) {
        turn.out.answer(call, refused("operation_malformed", "this names no operation",
                                      "give the operation that the unknown answer carried"));
        return;
    }
    quorum_.settle(caller(call, ask.name, ask.timeout, turn), *receipt, turn.now, turn.out);
}

void AgreementService::on(CallId call, const LeaseAcquireAsk& ask, const Turn& turn) {
    const quorum::AcquireRequest request{ask.holder, {}, ask.term, false};
    quorum_.acquire(caller(call, ask.name, ask.timeout, turn), request, turn.now, turn.out);
}

void AgreementService::on(CallId call, const LeaseRenewAsk& ask, const Turn& turn) {
    const auto term = ask.term > Duration{0} ? std::optional(ask.term) : std::nullopt;
    quorum_.renew(caller(call, ask.name, ask.timeout, turn), ask.fence, term, turn.now, turn.out);
}

void AgreementService::on(CallId call, const LeaseReleaseAsk& ask, const Turn& turn) {
    quorum_.release(caller(call, ask.name, ask.timeout, turn), ask.fence, turn.now, turn.out);
}

void AgreementService::on(CallId call, const LeaseShowAsk& ask, const Turn& turn) {
    quorum_.show_lease(caller(call, ask.name, ask.timeout, turn), turn.now, turn.out);
}

void AgreementService::on(CallId call, const DecideProposeAsk& ask, const Turn& turn) {
    const auto status_quo = index_of(ask.options, ask.status_quo);
    if (!status_quo) {
        turn.out.answer(call, refused("no_such_option",
                                      "the status quo \"" + ask.status_quo + "\" is no option",
                                      "name one of the options as --status-quo"));
        return;
    }
    quorum::Decision decision;
    decision.question = ask.question;
    decision.options = ask.options;
    decision.status_quo = *status_quo;
    decision.electors = ask.electors;
    decision.duration = ask.within;
    quorum_.propose(caller(call, ask.name, ask.timeout, turn), std::move(decision), turn.now,
                    turn.out);
}

// A vote names its option by text: the decision is read first to know its number.
void AgreementService::on(CallId call, const DecideVoteAsk& ask, const Turn& turn) {
    const auto from = caller(call, ask.name, ask.timeout, turn);
    asked_[call].vote = ask;
    quorum_.show_decision(from, false, turn.now, turn.out);
}

void AgreementService::on(CallId call, const DecideShowAsk& ask, const Turn& turn) {
    quorum_.show_decision(caller(call, ask.name, ask.timeout, turn), ask.wait, turn.now, turn.out);
}

void AgreementService::on_call_ended(CallId call) {
    asked_.erase(call);
    quorum_.on_call_ended(call);
}

void AgreementService::on_tick(const Turn& turn) {
    for (bool more = true; more;) {
        more = false;
        for (const quorum::CallEnded& ended : quorum_.take_ended()) {
            const auto found = asked_.find(ended.call);
            if (found == asked_.end()) continue;
            if (cast_vote(ended, found->second, turn)) {
                more = true;
                continue;
            }
            const Asked asked = std::move(found->second);
            asked_.erase(found);
            if (ended.outcome == Outcome::applied) {
                count_latency(latency_, turn.now.boot_time - asked.since);
            }
            answer(ended, asked, turn);
        }
    }
}

quorum::Caller AgreementService::caller(CallId call, const std::string& name, Duration timeout,
                                        const Turn& turn) {
    const BootTime deadline =
        turn.now.boot_time + std::clamp(timeout, Duration{0}, limits::operation_lifetime);
    asked_[call] = {name, turn.now.boot_time, std::nullopt, deadline, std::nullopt};
    return {call, name, deadline};
}

bool AgreementService::cast_vote(const quorum::CallEnded& ended, Asked& asked, const Turn& turn) {
    if (!asked.vote || ended.question != Question::show_decision) return false;
    const auto* decision = std::get_if<quorum::Decision>(&ended.snapshot.contents);
    if (decision == nullptr) return false;  // answered with what went wrong
    const DecideVoteAsk ask = *std::exchange(asked.vote, std::nullopt);
    const auto option = index_of(decision->options, ask.option);
    const auto beyond = static_cast<std::uint32_t>(decision->options.size());
    quorum_.vote({ended.call, ask.name, asked.deadline},
                 {option.value_or(beyond), ask.agent, ask.reason}, turn.now, turn.out);
    return true;
}

void AgreementService::answer(const quorum::CallEnded& ended, const Asked& asked,
                              const Turn& turn) {
    const bool no_majority = ended.reason == Reason::no_quorum && ended.question == Question::read;
    if (!shows_contents(ended) || no_majority) {
        turn.out.answer(ended.call, Failed{error_of(ended.reason, ended.outcome, asked.name,
                                                    quorum_.registers())});
        return;
    }
    switch (ended.question) {
        case Question::read:
        case Question::cas:
        case Question::settle:
            answer_register(ended, asked, turn);
            return;
        case Question::acquire_lease:
        case Question::renew_lease:
        case Question::release_lease:
        case Question::show_lease:
            answer_lease(ended, turn);
            return;
        case Question::propose:
        case Question::vote:
        case Question::show_decision:
            answer_decision(ended, asked, turn);
            return;
    }
}

void AgreementService::answer_register(const quorum::CallEnded& ended, const Asked& asked,
                                       const Turn& turn) {
    RegisterAnswer answer;
    answer.outcome = outcome_of(ended.outcome);
    answer.version = ended.version != 0 ? ended.version : ended.snapshot.version;
    const auto* stands = std::get_if<Bytes>(&ended.snapshot.contents);
    const bool applied = ended.question == Question::cas && ended.outcome == Outcome::applied;
    // Applied by an earlier attempt: another value may stand there by now.
    const bool overtaken = applied && ended.version < ended.snapshot.version;
    if (overtaken) stands = asked.writes ? &*asked.writes : nullptr;
    answer.present = stands != nullptr;
    if (stands != nullptr) answer.value = *stands;
    if (ended.question != Question::read) answer.operation = quorum::operation_name(ended.receipt);
    turn.out.answer(ended.call, Ok{std::move(answer)});
}

void AgreementService::answer_lease(const quorum::CallEnded& ended, const Turn& turn) {
    LeaseAnswer answer;
    answer.outcome = outcome_of(ended.outcome);
    if (const auto* lease = std::get_if<quorum::Lease>(&ended.snapshot.contents)) {
        answer.held = !lease->released;
        answer.node = lease->holder.node;
        answer.boot = lease->holder.boot;
        answer.holder = lease->holder.agent;
        answer.fence = lease->fence;
        answer.term = lease->term;
    }
    if (ended.valid_until && *ended.valid_until > turn.now.boot_time) {
        answer.mine = answer.held && answer.node == self_ && answer.boot == boot_;
        if (answer.mine) answer.until = Duration(ended.valid_until->time_since_epoch());
    }
    turn.out.answer(ended.call, Ok{std::move(answer)});
}

void AgreementService::answer_decision(const quorum::CallEnded& ended, const Asked& asked,
                                       const Turn& turn) {
    DecisionAnswer answer;
    answer.outcome = outcome_of(ended.outcome);
    answer.name = asked.name;
    const auto* decision = std::get_if<quorum::Decision>(&ended.snapshot.contents);
    if (decision == nullptr && ended.outcome != Outcome::unknown) {
        turn.out.answer(ended.call, Failed{error_of(Reason::not_found, ended.outcome, asked.name,
                                                    quorum_.registers())});
        return;
    }
    if (decision != nullptr) {
        answer.question = decision->question;
        answer.options = decision->options;
        answer.status_quo = decision->options[decision->status_quo];
        answer.electors = decision->electors;
        for (const auto& [elector, vote] : decision->votes) {
            answer.votes.push_back(
                {elector, decision->options[vote.option], vote.agent, vote.reason});
        }
        answer.closed = decision->state != quorum::DecisionState::open;
        if (answer.closed) answer.decided = decision->options[decision->outcome];
        answer.why = why_closed(*decision);
        answer.remaining = answer.closed ? Duration{0} : decision->duration;
    }
    turn.out.answer(ended.call, Ok{std::move(answer)});
}

}  // namespace starling::node
