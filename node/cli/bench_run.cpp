#include "node/cli/bench_run.hpp"

#include "node/cli/document_fields.hpp"
#include "node/cli/http_client.hpp"
#include "node/cli/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace starling::cli {
namespace {

using namespace std::chrono_literals;
using sim::CallKind;
using sim::CallOutcome;
using std::chrono::milliseconds;

constexpr auto bench_turn_max = 20ms;
constexpr auto bench_ask_within = 5s;
constexpr auto ask_again_after = 50ms;
constexpr std::size_t few_channels = 2;
constexpr std::uint64_t client_stream = 0x62656e63ULL << 32U;
constexpr std::uint64_t bench_kill_stream = 0x6b696c6c;

std::string latency_text(const Value& spread) {
    const auto ms = [&](std::string_view key) {
        const auto* number = at(spread, key).as<double>();
        return number == nullptr ? 0.0 : *number;
    };
    return fmt::format("p50 {:.1f}  p95 {:.1f}  p99 {:.1f}  longest {:.1f} ms", ms("p50"),
                       ms("p95"), ms("p99"), ms("max"));
}

double ms_at(const Value& map, std::string_view key) {
    const auto* number = at(map, key).as<double>();
    return number == nullptr ? 0 : *number;
}

}  // namespace

RegisterBench::RegisterBench(BenchSetup setup, HistoryKeeper& keeper, Terminal& terminal)
    : setup_(std::move(setup)), keeper_(keeper), terminal_(terminal) {
    if (!setup_.control.empty()) {
        control_ = std::make_unique<HttpPool>(setup_.control, few_channels, bench_ask_within);
    }
}

Result<void> RegisterBench::begin() {
    for (const DevNode& node : setup_.nodes) {
        const auto status = HttpClient(node.socket, bench_ask_within).get("/v1/status");
        if (!status) return tl::unexpected(status.error());
        const auto* votes = at(*status, "voter").as<bool>();
        if (votes != nullptr && *votes) voters_.push_back(node);
    }
    return {};
}

void RegisterBench::run(const Signals& signals) {
    began_ = Clock::now();
    kill_at_ = began_ + setup_.kill_every;
    std::vector<std::string> sockets;
    for (const DevNode& node : setup_.nodes) sockets.push_back(node.socket);
    fortunes_.reserve(setup_.clients);
    for (std::size_t i = 0; i < setup_.clients; ++i) {
        const std::string name = fmt::format("c{}", i + 1);
        Fortune& fortune = fortunes_.emplace_back(
            Fortune{nullptr, Rng(setup_.seed, client_stream + i), began_, began_});
        fortune.client = std::make_unique<BenchClient>(
            BenchClient::Setup{name, fmt::format("{}.{}", setup_.run, name), sockets,
                               i % sockets.size(), setup_.patience, began_},
            [this, &fortune](const BenchClient&, const sim::Call& call) {
                on_ended(fortune, call);
            });
    }
    Clock::time_point until = began_ + setup_.length;
    while (Clock::now() < until || is_busy()) {
        if (signals.take()) {
            interrupted_ = true;
            until = Clock::now();
        }
        turn(until);
    }
    ended_ = Clock::now();
    for (Fortune& fortune : fortunes_) note_wait(fortune, std::min(ended_, until));
}

bool RegisterBench::is_busy() const {
    return std::ranges::any_of(fortunes_, [](const auto& each) { return !each.client->is_idle(); });
}

void RegisterBench::turn(Clock::time_point until) {
    std::vector<Pollable*> polled;
    for (const Fortune& each : fortunes_) each.client->add_to(polled);
    for (const auto& pool : {control_.get(), victim_.get()}) {
        if (pool != nullptr) pool->add_to(polled);
    }
    poll_once(polled, patience(Clock::now()));
    const auto now = Clock::now();
    for (const auto& pool : {control_.get(), victim_.get()}) {
        if (pool != nullptr) pool->expire(now);
    }
    begin_due(now, until);
    kill_due(now, until);
}

milliseconds RegisterBench::patience(Clock::time_point now) const {
    Clock::time_point next = now + bench_turn_max;
    for (const Fortune& each : fortunes_) {
        if (each.client->is_idle()) next = std::min(next, each.next);
        if (const auto due = each.client->due()) next = std::min(next, *due);
    }
    return std::clamp<milliseconds>(std::chrono::ceil<milliseconds>(next - now), 0ms,
                                    bench_turn_max);
}

void RegisterBench::begin_due(Clock::time_point now, Clock::time_point until) {
    for (Fortune& each : fortunes_) {
        each.client->turn(now);
        if (!each.client->is_idle() || now < each.next || now >= until) continue;
        each.client->begin(next_call(each), now);
    }
}

// Half reads, a quarter writes, a quarter compare-and-set.
sim::Call RegisterBench::next_call(Fortune& fortune) {
    const std::uint64_t lot = fortune.choices.below(4);
    sim::Call call;
    call.key = fmt::format("bench.{}.{}", setup_.run, fortune.choices.below(setup_.keys));
    call.kind = lot < 2 ? CallKind::read : lot == 2 ? CallKind::write : CallKind::cas;
    ++fortune.operations;
    if (call.kind != CallKind::read) {
        call.value = fmt::format("{}-{}", fortune.client->name(), fortune.operations);
    }
    if (call.kind == CallKind::cas) call.expected = known_[call.key];
    return call;
}

void RegisterBench::on_ended(Fortune& fortune, const sim::Call& call) {
    const auto now = Clock::now();
    fortune.next = now + setup_.pause;
    keeper_.add(call);
    if (call.seen) {
        std::uint64_t& known = known_[call.key];
        known = std::max(known, call.seen->version);
    }
    switch (call.outcome) {
        case CallOutcome::applied:
            ++fortune.successes;
            latency_.add(std::chrono::nanoseconds(*call.return_ns - call.call_ns));
            note_wait(fortune, now);
            return;
        case CallOutcome::not_applied:
            ++fortune.refused;
            return;
        case CallOutcome::unknown:
            ++fortune.unknown;
            return;
    }
}

// I2
void RegisterBench::note_wait(Fortune& fortune, Clock::time_point now) {
    const auto since = std::exchange(fortune.success, now);
    const std::chrono::nanoseconds wait = now - since;
    if (wait > fortune.longest) {
        fortune.longest = wait;
        fortune.longest_at = now - began_;
    }
    if (kills_.empty() || now - began_ < kills_.back().at) return;
    kills_.back().longest = std::max(kills_.back().longest, wait);
}

void RegisterBench::kill_due(Clock::time_point now, Clock::time_point until) {
    const bool wanted = setup_.kill_every > 0ms && control_ && !voters_.empty();
    if (!wanted || now < kill_at_ || now < ask_at_ || now >= until || asking_) return;
    if (!victim_ || victim_ready_) return kill();
    asking_ = true;
    victim_->get("/readyz", [this](const Result<HttpReply>& reply) {
        asking_ = false;
        victim_ready_ = reply && reply->status == http_ok;
        if (!victim_ready_) ask_at_ = Clock::now() + ask_again_after;
    });
}

void RegisterBench::kill() {
    const std::uint64_t lot = draw(setup_.seed, bench_kill_stream, kills_.size());
    const DevNode& node = voters_[lot % voters_.size()];
    const auto now = Clock::now();
    kill_at_ += setup_.kill_every;
    kills_.push_back({node.name, now - began_, {}});
    terminal_.note(fmt::format("{:6.1f} s  kill -9 {}", ms_of(now - began_) / 1000, node.name));
    victim_ = std::make_unique<HttpPool>(node.socket, few_channels, bench_ask_within);
    victim_ready_ = false;
    ask_at_ = now + setup_.away;
    control_->post("/v1/dev/restart/" + node.name,
                   Value::Map{{"after_ms", std::int64_t{setup_.away.count()}}},
                   [this](const Result<HttpReply>& reply) {
                       const auto answer = document_of(reply);
                       if (!answer) terminal_.error(answer.error());
                   });
}

Value::Map RegisterBench::summary() const {
    Value::List clients;
    Value::List kills;
    Fortune sum{nullptr, Rng(0)};
    for (const Fortune& each : fortunes_) {
        sum.longest = std::max(sum.longest, each.longest);
        sum.operations += each.operations;
        sum.successes += each.successes;
        sum.refused += each.refused;
        sum.unknown += each.unknown;
        clients.emplace_back(Value::Map{{"name", each.client->name()},
                                        {"operations", number_value(each.operations)},
                                        {"successes", number_value(each.successes)},
                                        {"not_applied", number_value(each.refused)},
                                        {"unknown", number_value(each.unknown)},
                                        {"moves", number_value(each.client->moves())},
                                        {"longest_wait_ms", ms_of(each.longest)},
                                        {"longest_wait_ended_ms", ms_of(each.longest_at)}});
    }
    for (const Kill& each : kills_) {
        kills.emplace_back(Value::Map{{"node", each.node},
                                      {"at_ms", ms_of(each.at)},
                                      {"longest_wait_ms", ms_of(each.longest)}});
    }
    return {{"run", setup_.run},
            {"seconds", ms_of(ended_ - began_) / 1000},
            {"operations", number_value(sum.operations)},
            {"successes", number_value(sum.successes)},
            {"not_applied", number_value(sum.refused)},
            {"unknown", number_value(sum.unknown)},
            {"kills", number_value(kills_.size())},
            {"longest_wait_ms", ms_of(sum.longest)},
            {"latency_ms", latency_.document()},
            {"clients", std::move(clients)},
            {"killed", std::move(kills)}};
}

std::string bench_text(const Value& summary) {
    std::vector<std::vector<std::string>> rows{
        {"CLIENT", "OPERATIONS", "SUCCESSES", "NOT APPLIED", "UNKNOWN", "MOVES", "LONGEST WAIT"}};
    for (const Value& client : list_at(summary, "clients")) {
        rows.push_back({text_at(client, "name")});
        for (const char* key : {"operations", "successes", "not_applied", "unknown", "moves"}) {
            rows.back().push_back(std::to_string(number_at(client, key)));
        }
        rows.back().push_back(fmt::format("{:.1f} ms", ms_at(client, "longest_wait_ms")));
    }
    return table_text(rows) +
           fmt::format(
               "\noperations {}  successes {}  not applied {}  unknown {}  kills {}\n"
               "latency    {}\nlongest wait for a success {:.1f} ms\n",
               number_at(summary, "operations"), number_at(summary, "successes"),
               number_at(summary, "not_applied"), number_at(summary, "unknown"),
               number_at(summary, "kills"), latency_text(at(summary, "latency_ms")),
               ms_at(summary, "longest_wait_ms"));
}

}  // namespace starling::cli
