#include "node/cli/bench_client.hpp"

#include "node/cli/json.hpp"

#include <fmt/format.h>

#include <utility>

namespace starling::cli {
namespace {

using namespace std::chrono_literals;
using sim::CallKind;
using sim::CallOutcome;

constexpr auto rest = 5ms;  // after every node was tried

bool is_register(const Value& document) {
    return at(document, "version").as<std::int64_t>() != nullptr;
}

sim::Seen seen_in(const Value& state) {
    return {static_cast<std::uint64_t>(number_at(state, "version")), text_at(state, "value")};
}

}  // namespace

BenchClient::BenchClient(Setup setup, Ended ended)
    : setup_(std::move(setup)), ended_(std::move(ended)), node_(setup_.node) {
    for (const std::string& socket : setup_.sockets) {
        channels_.push_back(std::make_unique<HttpChannel>(socket));
    }
}

void BenchClient::begin(sim::Call call, Clock::time_point now) {
    ++operations_;
    call_ = std::move(call);
    call_->client = setup_.name;
    call_->call_ns = (now - setup_.epoch).count();
    deadline_ = now + setup_.patience;
    moves_in_a_row_ = 0;
    send(now);
}

void BenchClient::turn(Clock::time_point now) {
    for (const auto& channel : channels_) channel->expire(now);
    if (send_at_ && now >= *send_at_) send(now);
}

void BenchClient::send(Clock::time_point now) {
    send_at_.reset();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - now);
    if (left <= 0ms) return end(CallOutcome::unknown, std::nullopt);
    channels_[node_]->begin(
        request_text(left), [this](const Result<HttpReply>& reply) { on_answer(reply); },
        deadline_);
}

std::string BenchClient::request_text(std::chrono::milliseconds left) const {
    const std::string path = "/v1/registers/" + percent_encoded(call_->key);
    if (call_->kind == CallKind::read) {
        return http_request_text("GET", fmt::format("{}?timeout_ms={}", path, left.count()), {});
    }
    Value::Map body{{"value", call_->value},
                    {"operation", fmt::format("{}#{}", setup_.stream, operations_)},
                    {"timeout_ms", std::int64_t{left.count()}}};
    if (call_->kind == CallKind::cas) {
        body["expected"] = static_cast<std::int64_t>(call_->expected);
    }
    return http_request_text("POST", path, json_text(Value(std::move(body))));
}

void BenchClient::on_answer(const Result<HttpReply>& reply) {
    const auto now = Clock::now();
    if (!reply) return move(now);
    const auto document = json_value(reply->body);
    if (!document) return move(now);
    if (reply->status == http_ok && is_register(*document)) {
        return end(CallOutcome::applied, seen_in(*document));
    }
    const Value& current = at(*document, "current");
    if (reply->status == http_precondition_failed && is_register(current)) {
        return end(CallOutcome::not_applied, seen_in(current));
    }
    move(now);
}

void BenchClient::move(Clock::time_point now) {
    if (now >= deadline_) return end(CallOutcome::unknown, std::nullopt);
    ++moves_;
    node_ = (node_ + 1) % channels_.size();
    const bool all_tried = ++moves_in_a_row_ % channels_.size() == 0;
    send_at_ = all_tried ? now + rest : now;
}

void BenchClient::end(CallOutcome outcome, std::optional<sim::Seen> seen) {
    sim::Call call = *std::exchange(call_, std::nullopt);
    call.outcome = outcome;
    call.seen = std::move(seen);
    if (outcome != CallOutcome::unknown) {
        call.return_ns = (Clock::now() - setup_.epoch).count();
    }
    ended_(*this, call);
}

void BenchClient::add_to(std::vector<Pollable*>& polled) const {
    for (const auto& channel : channels_) polled.push_back(channel.get());
}

}  // namespace starling::cli
