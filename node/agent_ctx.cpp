#include "base/rng.hpp"
#include "node/agent_place.hpp"
#include "node/calls_state.hpp"
#include "node/calls_task.hpp"
#include "node/public_values.hpp"
#include "node/questions.hpp"

#include <exception>
#include <memory>
#include <utility>

namespace starling {
namespace detail {
namespace {

// Asks a question, or tells later why it cannot be asked.
template <class T>
void ask(AgentPlace& place, Asked<T> asked, Then<T> then) {
    if (!asked) {
        if (!then) return;
        const Error error = asked.error();
        return place.post([then = std::move(then), error] { then(tl::unexpected<Error>(error)); });
    }
    auto read = std::move(asked->read);
    place.call(std::move(asked->request), [&place, read = std::move(read), then = std::move(then)](
                                              const Result<Bytes>& body, bool /*last*/) {
        if (!then) return;
        then(body ? read(*body, place.clock()) : tl::unexpected<Error>(body.error()));
    });
}

Assignment assignment_of(const node::AssignmentRecord& record) {
    return {{record.task.hex(), text_of(record.epoch)},
            record.skill,
            unpacked(record.payload),
            record.key,
            record.trace,
            record.attempt,
            record.remaining,
            record.run_limit};
}

}  // namespace

Error external_unknown(const std::string& name) {
    return {ErrorCode::not_found, "external_unknown", "nothing answers external calls to " + name,
            "give the host of the agent an External of this name", Changed::no};
}

Error externals_waiting() {
    return {ErrorCode::overloaded, "externals_waiting",
            "the agent has " + std::to_string(externals_max) + " external calls under way",
            "wait for results before calling more", Changed::no};
}

Error external_timed_out(const std::string& name, Duration timeout) {
    return {ErrorCode::unknown, "timed_out",
            name + " did not answer within " + std::to_string(count_ms(timeout)) + " ms",
            "call it again if twice does no harm", Changed::unknown};
}

Result<Value> answer_of(const External& external, const Value& payload) {
    const auto threw = [](const std::string& what) {
        return failure(ErrorCode::failed, "external_threw", "the External threw " + what,
                       "have it give an Error instead", Changed::unknown);
    };
    try {
        Result<Value> answer = external(payload);
        if (!answer) return answer;
        const auto bytes = packed(*answer);
        if (!bytes) return tl::unexpected<Error>(bytes.error());
        return answer;
    } catch (const std::exception& exception) {
        return threw(exception.what());
    } catch (...) {
        return threw("something that is no std::exception");
    }
}

}  // namespace detail

std::uint64_t Random::next() {
    return draw(seed_, stream_, drawn_++);
}

std::uint64_t Random::below(std::uint64_t bound) {
    if (bound == 0) return 0;
    const std::uint64_t skewed = (0 - bound) % bound;  // so many numbers would come too often
    std::uint64_t number = next();
    while (number < skewed) number = next();
    return number % bound;
}

std::chrono::nanoseconds Random::between(std::chrono::nanoseconds low,
                                         std::chrono::nanoseconds high) {
    if (high <= low) return low;
    const auto span = static_cast<std::uint64_t>((high - low).count());
    return low + std::chrono::nanoseconds(static_cast<std::int64_t>(below(span + 1)));
}

bool Random::chance(std::uint64_t parts, std::uint64_t whole) {
    return below(whole) < parts;
}

Ctx::Time Ctx::since_boot() const {
    return place_.clock().time_since_epoch();
}

Random& Ctx::random() {
    return place_.random();
}

const std::string& Ctx::node() const {
    return place_.node_text();
}

// ---------------------------------------------------------------- state

void Ctx::write(const std::vector<WriteStep>& steps, const WriteOptions& options,
                Then<Written> then) {
    detail::ask(place_, detail::write_question(steps, options), std::move(then));
}

void Ctx::put(const std::string& key, const Value& value, Then<Written> then) {
    write({WriteStep::set(key, value)}, {}, std::move(then));
}

void Ctx::del(const std::string& key, Then<Written> then) {
    write({WriteStep::del(key)}, {}, std::move(then));
}

void Ctx::add(const std::string& key, std::int64_t amount, Then<Written> then) {
    write({WriteStep::add(key, amount)}, {}, std::move(then));
}

void Ctx::insert(const std::string& key, const Value& element, Then<Written> then) {
    write({WriteStep::insert(key, element)}, {}, std::move(then));
}

void Ctx::remove(const std::string& key, const Value& element, Then<Written> then) {
    write({WriteStep::remove(key, element)}, {}, std::move(then));
}

void Ctx::get(const std::string& key, Then<EntryPage> then) {
    detail::ask(place_, detail::get_question(key, std::nullopt), std::move(then));
}

void Ctx::list(const std::string& prefix, Then<EntryPage> then, const std::string& after,
               std::uint32_t max) {
    detail::ask(place_, detail::list_question(prefix, after, max), std::move(then));
}

StreamId Ctx::watch(const std::string& prefix) {
    return place_.open_stream(node::request_bytes(node::WatchAsk{prefix}),
                              [this](const Result<Bytes>& body, bool) {
                                  if (!body) return agent_.on_error(*this, body.error());
                                  const auto change = detail::state_change_of(*body);
                                  if (change) agent_.on_change(*this, *change);
                              });
}

StreamId Ctx::watch_members() {
    return place_.open_stream(node::request_bytes(node::MemberEventsAsk{}),
                              [this](const Result<Bytes>& body, bool) {
                                  if (!body) return agent_.on_error(*this, body.error());
                                  const auto event = detail::member_event_of(*body, place_.node());
                                  if (event) agent_.on_member(*this, *event);
                              });
}

void Ctx::end(StreamId stream) {
    place_.end_stream(stream);
}

// ---------------------------------------------------------------- agreement

void Ctx::register_get(const std::string& name, Then<RegisterState> then, Time timeout) {
    detail::ask(place_, detail::register_get_question(name, timeout), std::move(then));
}

void Ctx::register_cas(const std::string& name, const std::optional<Value>& value,
                       const CasOptions& options, Then<RegisterState> then) {
    detail::ask(place_, detail::register_cas_question(name, value, options), std::move(then));
}

void Ctx::register_settle(const std::string& name, const std::string& operation,
                          Then<RegisterState> then, Time timeout) {
    detail::ask(place_, detail::register_settle_question(name, operation, timeout),
                std::move(then));
}

void Ctx::lease_acquire(const std::string& name, const std::string& holder, Time term,
                        Then<Lease> then, Time timeout) {
    detail::ask(place_, detail::lease_acquire_question(name, holder, term, timeout),
                std::move(then));
}

void Ctx::lease_renew(const std::string& name, std::uint64_t fence, Time term, Then<Lease> then,
                      Time timeout) {
    detail::ask(place_, detail::lease_renew_question(name, fence, term, timeout), std::move(then));
}

void Ctx::lease_release(const std::string& name, std::uint64_t fence, Then<Lease> then,
                        Time timeout) {
    detail::ask(place_, detail::lease_release_question(name, fence, timeout), std::move(then));
}

void Ctx::lease_show(const std::string& name, Then<Lease> then, Time timeout) {
    detail::ask(place_, detail::lease_show_question(name, timeout), std::move(then));
}

void Ctx::propose(const Proposal& proposal, Then<Decision> then, Time timeout) {
    detail::ask(place_, detail::propose_question(proposal, timeout), std::move(then));
}

void Ctx::vote(const std::string& name, const Ballot& ballot, Then<Decision> then, Time timeout) {
    detail::ask(place_, detail::vote_question(name, ballot, timeout), std::move(then));
}

void Ctx::decision(const std::string& name, Until until, Then<Decision> then, Time timeout) {
    detail::ask(place_, detail::decision_question(name, timeout, until), std::move(then));
}

// ---------------------------------------------------------------- work

void Ctx::offer(const TaskOffer& task, Then<TaskInfo> acknowledged, Then<TaskInfo> finished) {
    const auto awaited = finished ? detail::Awaited::finished : detail::Awaited::acknowledged;
    auto asked = detail::offer_question(task, awaited);
    if (!finished) return detail::ask(place_, std::move(asked), std::move(acknowledged));
    if (!asked) {
        detail::ask(place_, asked, std::move(acknowledged));
        return detail::ask(place_, std::move(asked), std::move(finished));
    }
    // Two answers; an error is the only one, and then both are told.
    auto first = std::make_shared<bool>(true);
    place_.call(std::move(asked->request),
                [this, first, read = asked->read, acknowledged = std::move(acknowledged),
                 finished = std::move(finished)](const Result<Bytes>& body, bool last) {
                    const auto info = body ? read(*body, place_.clock())
                                           : Result<TaskInfo>(tl::unexpected<Error>(body.error()));
                    if (std::exchange(*first, false) && acknowledged) acknowledged(info);
                    if (last) finished(info);
                });
}

StreamId Ctx::serve(const ServeOptions& options) {
    const auto request = detail::serve_request(options);
    if (!request) {
        place_.post([this, error = request.error()] { agent_.on_error(*this, error); });
        return 0;
    }
    return place_.open_stream(node::request_bytes(*request), [this](const Result<Bytes>& body,
                                                                    bool) {
        if (!body) return agent_.on_error(*this, body.error());
        if (body->empty()) return;  // offered again to others, or to this agent
        Decoder decoder;
        const auto record = node::answer_from<node::AssignmentRecord>(decoder, *body);
        if (!record) return agent_.on_error(*this, record.error());
        if (record->stop == TaskStop::none) {
            return agent_.on_task(*this, detail::assignment_of(*record));
        }
        agent_.on_stop(*this, {record->task.hex(), detail::text_of(record->epoch)}, record->stop);
    });
}

void Ctx::finish(const Award& award, const Value& result, Then<TaskReport> then) {
    detail::ask(place_, detail::finish_question(award, result), std::move(then));
}

void Ctx::fail(const Award& award, const std::string& reason, bool retry, Then<TaskReport> then) {
    detail::ask(place_, detail::fail_question(award, reason, retry), std::move(then));
}

void Ctx::progress(const Award& award, const std::string& note, Then<TaskReport> then) {
    detail::ask(place_, detail::progress_question(award, note), std::move(then));
}

void Ctx::task(const std::string& id, Then<TaskInfo> then) {
    detail::ask(place_, detail::task_question(id), std::move(then));
}

void Ctx::cancel(const std::string& id, const std::string& reason, Then<TaskInfo> then) {
    detail::ask(place_, detail::cancel_question(id, reason), std::move(then));
}

// ---------------------------------------------------------------- time and the world outside

TimerId Ctx::after(Time time, std::function<void()> then) {
    return place_.start_timer(time, std::move(then));
}

void Ctx::cancel_timer(TimerId timer) {
    place_.cancel_timer(timer);
}

void Ctx::call(const std::string& name, const Value& payload, Time timeout, Then<Value> then) {
    const auto bytes = detail::packed(payload);
    if (bytes) return place_.call_external(name, payload, timeout, std::move(then));
    if (!then) return;
    place_.post(
        [then = std::move(then), error = bytes.error()] { then(tl::unexpected<Error>(error)); });
}

void Ctx::note(const std::string& name, const Value& value) {
    place_.note(name, value);
}

void Ctx::stop() {
    place_.stop();
}

}  // namespace starling
