#include "sim/decision_load.hpp"

#include <algorithm>

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

constexpr const char* decisions_are_final = "decisions_are_final";
constexpr const char* decisions_are_counted = "decisions_are_counted";
constexpr const char* acked_votes_count = "acked_votes_count";
constexpr const char* decisions_take_time = "decisions_take_time";
constexpr const char* decisions_close = "decisions_close";

constexpr std::uint64_t decision_pace_stream = 0x64656300ULL << 32U;
constexpr std::uint64_t decision_choice_stream = 0x64656301ULL << 32U;
constexpr Duration within_min = 1s;
constexpr Duration within_max = 3s;
constexpr Duration decision_timeout = 2s;
constexpr Duration look_spread = 4s;
// From its time, or the healing of the mesh, until a decision must be closed.
constexpr Duration closes_within = 6s;
constexpr std::uint32_t looks = 2;
// Clock rates err by at most 1/200, at both of two nodes.
constexpr Duration::rep clock_error = 100;

std::string agent_of(std::uint32_t host) {
    return "agent-" + std::to_string(host + 1);
}

std::vector<std::string> options() {
    return {"wait", "left", "right"};
}

std::map<std::string, std::size_t> tally_of(const node::DecisionAnswer& answer) {
    std::map<std::string, std::size_t> tally;
    for (const node::VoteRecord& vote : answer.votes) ++tally[vote.option];
    return tally;
}

}  // namespace

DecisionLoad::DecisionLoad(const LoadSetup& setup, Findings& findings)
    : setup_(setup), findings_(findings), pace_(setup, decision_pace_stream) {
    for (const char* each : {decisions_are_final, decisions_are_counted, acked_votes_count,
                             decisions_take_time, decisions_close}) {
        findings_.expect(each);
    }
}

std::optional<Duration> DecisionLoad::next_time() const {
    if (setup_.rate == 0 || asked_) return std::nullopt;
    Duration next = setup_.survey_at;
    if (const auto due = pace_.next()) next = std::min(next, *due);
    if (!steps_.empty()) next = std::min(next, steps_.begin()->first);
    return next;
}

void DecisionLoad::act(Duration now, Clients& clients) {
    while (pace_.next() && *pace_.next() <= now) begin(pace_.take(), now, clients);
    while (!steps_.empty() && steps_.begin()->first <= now) {
        const Step step = steps_.extract(steps_.begin()).mapped();
        carry_out(step, now, clients);
    }
    if (asked_ || now < setup_.survey_at) return;
    asked_ = true;
    for (std::size_t number = 0; number < decisions_.size(); ++number) {
        if (!decisions_[number].opened) continue;
        for (std::uint32_t host = 0; host < clients.hosts(); ++host) {
            carry_out({Deed::last_look, number, host, {}, {}}, now, clients);
        }
    }
}

void DecisionLoad::on_answer(std::uint32_t host, CallId call, ByteView body, bool /*last*/,
                             Duration now) {
    const auto waiting = waiting_.extract({host, call});
    if (!waiting) return;
    const auto answer = node::answer_from<node::DecisionAnswer>(decoder_, body);
    ++(answer ? counts_.answered : counts_.failed);
    if (answer) take(waiting.mapped(), *answer, now);
}

void DecisionLoad::on_crash(std::uint32_t host) {
    counts_.lost +=
        std::erase_if(waiting_, [&](const auto& waiting) { return waiting.first.first == host; });
}

void DecisionLoad::conclude(Duration now) {
    for (const Decision& decision : decisions_) check_end(decision, now);
    for (const auto& [key, step] : waiting_) {
        check_answered(setup_, step.asked, {now, key.first, decisions_[step.decision].name},
                       findings_);
    }
}

// Proposes one, and decides who votes and looks when.
void DecisionLoad::begin(std::uint64_t number, Duration now, Clients& clients) {
    Rng choice(setup_.seed, decision_choice_stream + number);
    Decision decision;
    decision.name = "decision-" + std::to_string(number);
    decision.asked = now;
    decision.within = choice.between(within_min, within_max);
    decisions_.push_back(decision);
    ++counts_.decisions;
    const std::size_t place = decisions_.size() - 1;
    const auto anybody = [&] { return static_cast<std::uint32_t>(choice.below(clients.hosts())); };
    carry_out({Deed::propose, place, anybody(), {}, {}}, now, clients);
    for (std::uint32_t host = 0; host < clients.hosts(); ++host) {
        if (choice.chance(1, 4)) continue;
        const std::uint32_t votes = choice.chance(1, 4) ? 2 : 1;
        for (std::uint32_t i = 0; i < votes; ++i) {
            const Duration at = now + choice.between(20ms, decision.within * 5 / 4);
            const std::string option = options().at(choice.below(options().size()));
            steps_.emplace(at, Step{Deed::vote, place, host, option, {}});
        }
    }
    for (std::uint32_t i = 0; i < looks; ++i) {
        const Duration at = now + decision.within + choice.between(0s, look_spread);
        steps_.emplace(at, Step{Deed::look, place, anybody(), {}, {}});
    }
    // Somebody looks when all can be reached again: then it is known where it can be closed.
    const Duration healed = std::max(setup_.healed_at, now + decision.within) + 1s;
    steps_.emplace(healed, Step{Deed::look, place, anybody(), {}, {}});
}

void DecisionLoad::carry_out(Step step, Duration now, Clients& clients) {
    step.asked = now;
    const auto call = clients.call(step.host, request_of(step));
    if (!call) return;
    if (step.deed == Deed::vote) {
        decisions_[step.decision].cast.emplace(agent_of(step.host), step.option);
    }
    waiting_.emplace(CallKey{step.host, *call}, std::move(step));
}

Bytes DecisionLoad::request_of(const Step& step) const {
    const Decision& decision = decisions_[step.decision];
    if (step.deed == Deed::propose) {
        node::DecideProposeAsk ask;
        ask.name = decision.name;
        ask.question = "where to?";
        ask.options = options();
        ask.status_quo = options().front();
        ask.within = decision.within;
        ask.timeout = decision_timeout;
        return node::request_bytes(ask);
    }
    if (step.deed == Deed::vote) {
        return node::request_bytes(node::DecideVoteAsk{
            decision.name, step.option, agent_of(step.host), "drawn", decision_timeout});
    }
    const bool last = step.deed == Deed::last_look;
    return node::request_bytes(
        node::DecideShowAsk{decision.name, !last, last ? setup_.last_timeout : decision_timeout});
}

void DecisionLoad::take(const Step& step, const node::DecisionAnswer& answer, Duration now) {
    Decision& decision = decisions_[step.decision];
    const bool applied = answer.outcome == node::RegisterOutcome::applied;
    if (step.deed == Deed::propose && applied) decision.opened = true;
    if (step.deed == Deed::vote && applied) {
        decision.acked.emplace(agent_of(step.host), step.option);
    }
    if (answer.closed) {
        take_closed(decision, answer, step.host, now);
    } else if (step.deed == Deed::last_look && applied) {
        ++decision.shown_open;
    }
}

void DecisionLoad::take_closed(Decision& decision, const node::DecisionAnswer& answer,
                               std::uint32_t host, Duration now) {
    findings_.looked(decisions_are_final);
    if (!decision.closed) {
        decision.closed = answer;
        check_count(decision, answer, host, now);
        return;
    }
    if (answer.decided == decision.closed->decided &&
        tally_of(answer) == tally_of(*decision.closed))
        return;
    findings_.violated(decisions_are_final, {now, host,
                                             decision.name + " is " + answer.decided +
                                                 ", was told as " + decision.closed->decided});
}

void DecisionLoad::check_count(const Decision& decision, const node::DecisionAnswer& answer,
                               std::uint32_t host, Duration now) {
    findings_.looked(decisions_are_counted);
    std::string winner = answer.status_quo;
    bool has_majority = false;
    for (const auto& [option, votes] : tally_of(answer)) {
        if (2 * votes <= answer.electors.size()) continue;
        winner = option;
        has_majority = true;
    }
    if (answer.decided != winner || !was_cast(decision, answer)) {
        findings_.violated(decisions_are_counted,
                           {now, host, decision.name + " is " + answer.decided});
    }
    if (has_majority || answer.votes.size() == answer.electors.size()) return;
    const bool ran_out = answer.why.find("deadline") != std::string::npos;
    if (!ran_out) return;
    findings_.looked(decisions_take_time);
    const Duration least = decision.within - decision.within / clock_error;
    if (now - decision.asked >= least) return;
    findings_.violated(
        decisions_take_time,
        {now, host,
         decision.name + " ended after " + std::to_string(count_ms(now - decision.asked)) +
             " ms of " + std::to_string(count_ms(decision.within))});
}

bool DecisionLoad::was_cast(const Decision& decision, const node::DecisionAnswer& answer) const {
    std::set<std::string> agents;
    return std::ranges::all_of(answer.votes, [&](const node::VoteRecord& vote) {
        return decision.cast.contains({vote.agent, vote.option}) &&
               agents.insert(vote.agent).second;
    });
}

void DecisionLoad::check_end(const Decision& decision, Duration now) {
    if (decision.closed) {
        for (const auto& [agent, option] : decision.acked) {
            findings_.looked(acked_votes_count);
            const auto is_it = [&by = agent, &what = option](const auto& vote) {
                return vote.agent == by && vote.option == what;
            };
            if (std::ranges::any_of(decision.closed->votes, is_it)) continue;
            findings_.violated(acked_votes_count,
                               {now, 0, decision.name + " without the vote of " + agent});
        }
    }
    const Duration due = std::max(decision.asked + decision.within, setup_.healed_at);
    if (!decision.opened || due + closes_within > setup_.survey_at) return;
    findings_.looked(decisions_close);
    if (decision.closed && decision.shown_open == 0) return;
    findings_.violated(
        decisions_close,
        {now, 0, decision.name + " is open for " + std::to_string(decision.shown_open) + " nodes"});
}

}  // namespace starling::sim
