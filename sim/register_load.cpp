#include "sim/register_load.hpp"

#include "sim/check_chain.hpp"
#include "sim/check_linearizable.hpp"

#include <algorithm>

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

constexpr const char* registers_chain = "registers_chain";
constexpr const char* registers_are_one = "registers_are_one";
constexpr const char* registers_progress = "registers_progress";

constexpr const char* not_applied_stays = "not_applied_stays";

constexpr std::uint64_t register_pace_stream = 0x63617300ULL << 32U;
constexpr std::uint64_t register_choice_stream = 0x63617301ULL << 32U;
constexpr std::uint64_t settle_stream = 0x63617302ULL << 32U;
constexpr std::uint64_t keeper_stream = 0x63617303ULL << 32U;
constexpr Duration settled_again_after = 500ms;
constexpr std::uint32_t settled_most = 12;  // times
constexpr std::uint64_t register_names = 8;
constexpr std::uint32_t swaps_per_read = 3;
constexpr Duration register_timeout = 2s;
constexpr std::size_t search_steps_max = 200'000;

// The rate asked for is that of swaps: the reads come on top.
LoadSetup with_reads(LoadSetup setup) {
    setup.rate += setup.rate / swaps_per_read;
    return setup;
}

// A bounded search proves nothing when it gives up; the chain check always ends.
bool is_one_register(const CallHistory& history) {
    return check_linearizable(history, search_steps_max).verdict != LinearVerdict::violated;
}

// The final answer about a change: the version that it made, or that it never happens.
void note_settled(const node::RegisterAnswer& answer, Call& call) {
    if (answer.outcome == node::RegisterOutcome::unknown) return;
    const bool applied = answer.outcome == node::RegisterOutcome::applied;
    call.outcome = applied ? CallOutcome::applied : CallOutcome::not_applied;
    if (applied) call.seen = Seen{answer.version, call.value};
}

}  // namespace

RegisterLoad::RegisterLoad(const LoadSetup& setup, Findings& findings)
    : setup_(setup),
      findings_(findings),
      pace_(with_reads(setup), register_pace_stream),
      kept_(Rng(setup.seed, keeper_stream).chance(1, 3)) {
    for (const char* each : {registers_chain, registers_are_one, registers_progress,
                             not_applied_stays, calls_are_answered}) {
        findings_.expect(each);
    }
}

std::optional<Duration> RegisterLoad::next_time() const {
    const auto next = pace_.next();
    if (again_.empty()) return next;
    const Duration again = again_.begin()->first;
    return next ? std::min(*next, again) : again;
}

void RegisterLoad::act(Duration now, Clients& clients) {
    clients_ = &clients;
    settle_due(now);
    while (pace_.next() && *pace_.next() <= now) operate(pace_.take(), now, clients);
}

void RegisterLoad::on_answer(std::uint32_t host, CallId id, ByteView body, bool /*last*/,
                             Duration now) {
    const auto found = waiting_.extract({host, id});
    if (!found) return;
    const auto [number, settles, since] = found.mapped();
    Call& call = history_[number];
    call.return_ns = now.count();
    const auto answer = node::answer_from<node::RegisterAnswer>(decoder_, body);
    if (answer) {
        ++counts_.answered;
        if (settles) {
            note_settled(*answer, call);
        } else {
            note(*answer, call);
        }
        const bool unknown = call.outcome == CallOutcome::unknown && call.kind == CallKind::cas;
        if (unknown && !settles) open_[number].operation = answer->operation;
        if (unknown) settle(host, number, now);
        if (call.seen) known_[call.key] = call.seen->version;
        return;
    }
    ++counts_.failed;
    if (settles) return;
    call.outcome =
        answer.error().changed == Changed::no ? CallOutcome::not_applied : CallOutcome::unknown;
}

void RegisterLoad::on_crash(std::uint32_t host) {
    // Their outcome stays unknown: the change may live on in the voters.
    counts_.lost +=
        std::erase_if(waiting_, [&](const auto& waiting) { return waiting.first.first == host; });
}

void RegisterLoad::conclude(Duration now) {
    if (history_.empty()) return;
    findings_.looked(registers_chain);
    if (const auto broken = check_chain(history_)) {
        findings_.violated(registers_chain, {now, 0, broken->rule + ": " + broken->text});
    }
    findings_.looked(registers_are_one);
    if (!is_one_register(history_)) {
        findings_.violated(registers_are_one, {now, 0, "no order of the calls explains them"});
    }
    findings_.looked(registers_progress);
    if (counts_.answered == 0) {
        findings_.violated(registers_progress, {now, 0, "no call was answered"});
    }
    check_final(now);
    findings_.looked(calls_are_answered);
    for (const auto& [key, waiting] : waiting_) {
        check_answered(setup_, waiting.since, {now, key.first, history_[waiting.call].key},
                       findings_);
    }
}

void RegisterLoad::operate(std::uint64_t number, Duration now, Clients& clients) {
    Rng choice(setup_.seed, register_choice_stream + number);
    const std::uint64_t name = choice.below(register_names);
    const std::uint32_t host = host_for(name, clients.hosts(), choice);
    Call call;
    call.client = "client-" + std::to_string(host + 1);
    call.key = "register-" + std::to_string(name);
    call.call_ns = now.count();
    const bool reads = number % (swaps_per_read + 1) == swaps_per_read;
    call.kind = reads ? CallKind::read : CallKind::cas;

    Bytes request;
    if (call.kind == CallKind::read) {
        node::RegisterGetAsk ask;
        ask.name = call.key;
        ask.timeout = register_timeout;
        request = node::request_bytes(ask);
    } else {
        call.expected = known_[call.key];
        call.value = "value " + std::to_string(number);
        node::RegisterCasAsk ask;
        ask.name = call.key;
        ask.expected = call.expected;
        ask.value = bytes_of(call.value);
        ask.timeout = register_timeout;
        request = node::request_bytes(ask);
    }
    const auto id = clients.call(host, std::move(request));
    if (!id) return;
    counts_.swaps += call.kind == CallKind::cas ? 1U : 0U;
    waiting_[{host, *id}] = {history_.size(), false, now};
    history_.push_back(std::move(call));
}

std::uint32_t RegisterLoad::host_for(std::uint64_t name, std::uint32_t hosts, Rng& choice) const {
    const bool by_keeper = kept_ && choice.chance(7, 8);
    return static_cast<std::uint32_t>(by_keeper ? name % hosts : choice.below(hosts));
}

// At once at first, by the same node or by another; later somewhere else.
void RegisterLoad::settle(std::uint32_t host, std::size_t number, Duration now) {
    if (open_.at(number).asked > 0) {
        again_.emplace(now + settled_again_after, number);
        return;
    }
    Rng choice(setup_.seed, settle_stream + number * settled_most);
    const bool elsewhere = choice.chance(1, 2);
    const auto other = static_cast<std::uint32_t>(choice.below(clients_->hosts()));
    if (ask_to_settle(elsewhere ? other : host, number, now)) return;
    again_.emplace(now + settled_again_after, number);
}

bool RegisterLoad::ask_to_settle(std::uint32_t host, std::size_t number, Duration now) {
    Open& open = open_.at(number);
    ++open.asked;
    node::RegisterSettleAsk ask;
    ask.name = history_[number].key;
    ask.operation = open.operation;
    ask.timeout = register_timeout;
    const auto id = clients_->call(host, node::request_bytes(ask));
    if (id) waiting_[{host, *id}] = {number, true, now};
    return id.has_value();
}

void RegisterLoad::settle_due(Duration now) {
    while (!again_.empty() && again_.begin()->first <= now) {
        const std::size_t number = again_.extract(again_.begin()).mapped();
        if (now >= setup_.until) continue;
        const std::uint32_t asked = open_.at(number).asked;
        if (asked == settled_most) continue;
        Rng choice(setup_.seed, settle_stream + number * settled_most + asked);
        const auto host = static_cast<std::uint32_t>(choice.below(clients_->hosts()));
        if (!ask_to_settle(host, number, now)) again_.emplace(now + settled_again_after, number);
    }
}

void RegisterLoad::check_final(Duration now) {
    if (ballots_ == nullptr) return;
    for (const Call& call : history_) {
        if (call.kind != CallKind::cas || call.outcome != CallOutcome::not_applied) continue;
        findings_.looked(not_applied_stays);
        if (!ballots_->was_chosen(call.key, call.value)) continue;
        findings_.violated(not_applied_stays, {now, 0, call.key + ": " + call.value});
    }
}

void RegisterLoad::note(const node::RegisterAnswer& answer, Call& call) {
    const Seen seen{answer.present ? answer.version : 0,
                    std::string(starling::text_of(answer.value))};
    switch (answer.outcome) {
        case node::RegisterOutcome::applied:
            call.outcome = CallOutcome::applied;
            call.seen = seen;
            return;
        case node::RegisterOutcome::not_applied:
            call.outcome = CallOutcome::not_applied;
            call.seen = seen;
            return;
        case node::RegisterOutcome::unknown:
            call.outcome = CallOutcome::unknown;
            return;
    }
}

}  // namespace starling::sim
