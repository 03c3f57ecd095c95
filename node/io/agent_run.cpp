#include "node/io/agent_run.hpp"

#include "node/io/clocks.hpp"
#include "node/io/thread.hpp"

#include <sodium.h>

#include <algorithm>

namespace starling::detail {
namespace {

using namespace std::chrono_literals;

constexpr Duration looks_again = 1s;  // whether the node was closed
constexpr Duration ready_again = 10ms;

std::uint64_t system_seed() {
    std::uint64_t seed = 0;
    randombytes_buf(&seed, sizeof seed);
    return seed;
}

}  // namespace

AgentRun::AgentRun(Node& node, const RunOptions& options)
    : node_(node),
      inside_(node.inside_),
      id_(inside_->driver().id()),
      options_(options),
      random_(system_seed()),
      alive_(std::make_shared<const bool>(true)) {}

AgentRun::~AgentRun() {
    alive_.reset();
    streams_.clear();
    for (auto& [number, thread] : threads_) thread.join();  // I3
}

Result<void> AgentRun::run(Agent& agent) {
    if (inside_handler()) {
        return failure(ErrorCode::would_deadlock, "would_deadlock",
                       "an agent runs inside a handler", "run it from the program itself");
    }
    Ctx ctx(*this, agent);
    while (!is_over() && !node_.ready()) {
        inside_->inbox().run(std::chrono::ceil<std::chrono::milliseconds>(ready_again));
    }
    post([&] { agent.on_start(ctx); });
    while (!is_over()) {
        fire_timers();
        inside_->inbox().run(std::chrono::ceil<std::chrono::milliseconds>(idle_for()));
    }
    stop();
    if (thrown_) std::rethrow_exception(thrown_);
    if (inside_->driver().closed() || inside_->driver().failed()) {
        return tl::unexpected<Error>(node_closed());
    }
    return {};
}

bool AgentRun::is_over() const {
    return stopped_ || inside_->inbox().stopped() || !node_.healthy();
}

// I1: what an ended agent was to be told, nobody is.
AgentPlace::Task AgentRun::guarded(Task task) {
    return [this, alive = std::weak_ptr(alive_), task = std::move(task)] {
        if (!alive.expired()) carry_out(task);
    };
}

void AgentRun::carry_out(const Task& task) {
    if (stopped_) return;
    try {
        task();
    } catch (...) {  // the inbox goes on; run() throws it again
        thrown_ = std::current_exception();
        stopped_ = true;
    }
}

void AgentRun::post(Task task) {
    inside_->inbox().post(guarded(std::move(task)));
}

void AgentRun::call(Bytes request, Answered answered) {
    const std::uint64_t number = ++last_id_;
    const auto sink = [this, number, alive = std::weak_ptr(alive_),
                       inbox = inside_->shared_inbox()](ByteView body, bool last) {
        const auto reply = body.empty() ? Result<Bytes>(tl::unexpected<Error>(node_closed()))
                                        : Result<Bytes>(copy_of(body));
        inbox->post([this, number, alive, reply, is_last = last || body.empty()] {
            if (!alive.expired()) carry_out([&] { take(number, reply, is_last); });
        });
    };
    calls_.emplace(number, std::move(answered));
    if (inside_->driver().call(std::move(request), sink).value != 0) return;
    post([this, number, error = inside_->refused()] {
        take(number, tl::unexpected<Error>(error), true);
    });
}

void AgentRun::take(std::uint64_t number, const Result<Bytes>& body, bool last) {
    const auto call = calls_.find(number);
    if (call == calls_.end()) return;
    const Answered answered = call->second;
    if (last) calls_.erase(call);
    answered(body, last);
}

StreamId AgentRun::open_stream(Bytes request, Answered item) {
    const StreamId id = ++last_id_;
    auto read = [this, item](ByteView body) -> std::optional<NodeEvent> {
        carry_out([&] { item(copy_of(body), false); });
        return std::nullopt;  // delivered
    };
    auto opened = inside_->subscribe(std::move(request), std::move(read), [](const NodeEvent&) {});
    if (opened) {
        streams_.emplace(id, std::move(*opened));
        return id;
    }
    post([item = std::move(item), error = opened.error()] {
        item(tl::unexpected<Error>(error), true);
    });
    return id;
}

void AgentRun::end_stream(StreamId stream) {
    streams_.erase(stream);
}

TimerId AgentRun::start_timer(Duration after, Task task) {
    const TimerId id = ++last_id_;
    timers_.emplace(id, std::move(task));
    due_.emplace(clock() + std::max(after, Duration{0}), id);
    return id;
}

// Its time is left in due_ and finds nothing.
void AgentRun::cancel_timer(TimerId timer) {
    timers_.erase(timer);
}

void AgentRun::fire_timers() {
    const BootTime now = clock();
    while (!due_.empty() && due_.begin()->first <= now) {
        const TimerId timer = due_.extract(due_.begin()).value().second;
        post([this, timer] {
            const auto task = timers_.extract(timer);
            if (task && task.mapped()) task.mapped()();
        });
    }
}

Duration AgentRun::idle_for() const {
    if (due_.empty()) return looks_again;
    return std::clamp<Duration>(due_.begin()->first - clock(), 0s, looks_again);
}

void AgentRun::call_external(const std::string& name, const Value& payload, Duration timeout,
                             Then<Value> then) {
    const auto external = options_.externals.find(name);
    const bool known = external != options_.externals.end() && external->second;
    if (!known || threads_.size() >= externals_max) {
        const Error error = known ? externals_waiting() : external_unknown(name);
        return post([then = std::move(then), error] {
            if (then) then(tl::unexpected<Error>(error));
        });
    }
    const std::uint64_t number = ++last_id_;
    const TimerId timer = start_timer(timeout, [this, number, name, timeout] {
        end_external(number, tl::unexpected<Error>(external_timed_out(name, timeout)));
    });
    awaited_.emplace(number, AwaitedCall{std::move(then), timer});
    const auto work = [this, number, payload, answer = external->second,
                       alive = std::weak_ptr(alive_), inbox = inside_->shared_inbox()] {
        const Result<Value> result = answer_of(answer, payload);
        inbox->post([this, alive, number, result] {
            if (alive.expired()) return;
            join(number);
            carry_out([&] { end_external(number, result); });
        });
    };
    threads_.emplace(number, io::start_thread("external", work));
}

void AgentRun::end_external(std::uint64_t number, const Result<Value>& answer) {
    const auto awaited = awaited_.extract(number);
    if (!awaited) return;  // it timed out
    cancel_timer(awaited.mapped().timer);
    if (awaited.mapped().then) awaited.mapped().then(answer);
}

// Its thread has posted the result, which is the last thing it does.
void AgentRun::join(std::uint64_t number) {
    if (auto thread = threads_.extract(number)) thread.mapped().join();
}

void AgentRun::note(const std::string& name, const Value& value) {
    if (options_.on_note) options_.on_note(name, value);
}

void AgentRun::stop() {
    stopped_ = true;
}

BootTime AgentRun::clock() const {
    return io::read_clocks().boot_time;
}

}  // namespace starling::detail

namespace starling {

Result<void> run(Node& node, Agent& agent, const RunOptions& options) {
    return detail::AgentRun(node, options).run(agent);
}

}  // namespace starling
