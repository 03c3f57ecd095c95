#include "sim/agents/agent_process.hpp"

#include "base/rng.hpp"
#include "base/value_codec.hpp"
#include "node/calls.hpp"
#include "node/questions.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace starling::sim {
namespace {

constexpr std::uint64_t random_stream = 0x61676e74ULL << 32U;

// FNV-1a.
std::uint64_t number_of(const std::string& name) {
    std::uint64_t number = 0xcbf29ce484222325ULL;
    for (const char letter : name) {
        number = (number ^ static_cast<unsigned char>(letter)) * 0x100000001b3ULL;
    }
    return number;
}

}  // namespace

AgentProcess::AgentProcess(AgentMachine& machine, AgentGround& ground, std::uint32_t number,
                           std::uint64_t starts)
    : machine_(machine),
      ground_(ground),
      number_(number),
      random_(draw(ground.seed, random_stream | number, starts)),
      node_text_(machine.id().hex()) {}

void AgentProcess::begin(std::unique_ptr<Agent> agent) {
    agent_ = std::move(agent);
    ctx_ = std::make_unique<Ctx>(*this, *agent_);
    post([this] { agent_->on_start(*ctx_); });
}

void AgentProcess::post(Task task) {
    machine_.enqueue([this, task = std::move(task)] { run(task); });
}

void AgentProcess::run(const Task& task) {
    if (stopped_) return;  // I2
    ++ground_.counts.handlers;
    const std::array<std::uint64_t, 2> numbers = {number_, ground_.counts.handlers};
    ground_.hash.add_numbers(ground_.now, machine_.host(), numbers);
    task();
}

void AgentProcess::take(const Answered& answered, const Result<Bytes>& body, bool last) {
    if (body) ground_.hash.add_bytes(*body);
    run([&] { answered(body, last); });
}

void AgentProcess::call(Bytes request, Answered answered) {
    ground_.hash.add_bytes(request);
    if (node::call_kind(request) == node::CallKind::task_offer) ground_.tasks_offered = true;
    const auto taken = [this, answered](const Result<Bytes>& body, bool last) {
        take(answered, body, last);
    };
    if (machine_.call(std::move(request), taken)) return;
    post([answered = std::move(answered)] {
        answered(tl::unexpected<Error>(detail::node_closed()), true);
    });
}

StreamId AgentProcess::open_stream(Bytes request, Answered item) {
    const StreamId id = ++last_id_;
    ground_.hash.add_bytes(request);
    const auto taken = [this, item](const Result<Bytes>& body, bool last) {
        take(item, body, last);
    };
    if (const auto opened = machine_.call(std::move(request), taken)) {
        streams_.emplace(id, *opened);
        return id;
    }
    post([item = std::move(item)] { item(tl::unexpected<Error>(detail::node_closed()), true); });
    return id;
}

void AgentProcess::end_stream(StreamId stream) {
    const auto open = streams_.extract(stream);
    if (open) machine_.end_call(open.mapped());
}

TimerId AgentProcess::start_timer(Duration after, Task task) {
    const TimerId id = ++last_id_;
    const Duration wait = std::max(after, Duration{0});
    timers_.emplace(id, Timer{clock() + wait, std::move(task)});
    machine_.appoint(wait, [this, id] { ring(id); });
    return id;
}

void AgentProcess::cancel_timer(TimerId timer) {
    timers_.erase(timer);
}

// Timers go by the machine's own clock, which may lag.
void AgentProcess::ring(TimerId timer) {
    const auto armed = timers_.find(timer);
    if (armed == timers_.end()) return;
    const Duration left = armed->second.due - clock();
    if (left > Duration{0}) return machine_.appoint(left, [this, timer] { ring(timer); });
    machine_.enqueue([this, timer] {
        const auto due = timers_.extract(timer);
        if (due && due.mapped().task) run(due.mapped().task);
    });
}

void AgentProcess::call_external(const std::string& name, const Value& payload, Duration timeout,
                                 Then<Value> then) {
    const auto outside = ground_.outsides.find(name);
    const bool known = outside != ground_.outsides.end();
    if (!known || under_way_ >= detail::externals_max) {
        const Error error = known ? detail::externals_waiting() : detail::external_unknown(name);
        return post([then = std::move(then), error] {
            if (then) then(tl::unexpected<Error>(error));
        });
    }
    ++under_way_;  // I3
    const std::uint64_t number = ++last_id_;
    const TimerId timer = start_timer(timeout, [this, number, name, timeout] {
        end_external(number, tl::unexpected<Error>(detail::external_timed_out(name, timeout)));
    });
    awaited_.emplace(number, detail::AwaitedCall{std::move(then), timer});
    Outside::Reply reply = ask_outside(name, *outside->second, payload);
    machine_.appoint(reply.takes, [this, number, answer = std::move(reply.answer)] {
        --under_way_;
        post([this, number, answer] { end_external(number, answer); });
    });
}

Outside::Reply AgentProcess::ask_outside(const std::string& name, Outside& outside,
                                         const Value& payload) {
    ++ground_.counts.externals;
    ground_.hash.add_bytes(value_bytes(payload));
    Rng rng(draw(ground_.seed, number_of(name), number_), ground_.externals_of[number_]++);  // I1
    Outside::Reply reply = outside.reply(payload, rng);
    if (reply.answer) {
        ground_.hash.add_bytes(value_bytes(*reply.answer));
    } else if (reply.answer.error().name == not_in_cassette) {
        ground_.complaints.push_back({"cassette", name + ": " + reply.answer.error().message});
    }
    return reply;
}

void AgentProcess::end_external(std::uint64_t number, const Result<Value>& answer) {
    const auto awaited = awaited_.extract(number);
    if (!awaited) return;  // it timed out
    cancel_timer(awaited.mapped().timer);
    if (awaited.mapped().then) awaited.mapped().then(answer);
}

void AgentProcess::note(const std::string& name, const Value& value) {
    ground_.hash.add_bytes(view_of(name));
    ground_.hash.add_bytes(value_bytes(value));
    ground_.witness.on_note(machine_.host(), name, value);
}

void AgentProcess::stop() {
    stopped_ = true;
    for (const auto& [stream, call] : streams_) machine_.end_call(call);
    streams_.clear();
}

}  // namespace starling::sim
