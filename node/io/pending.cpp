#include "node/io/pending.hpp"

#include <starling/node.hpp>

#include <utility>

namespace starling {
namespace detail {
namespace {

Error timed_out(std::chrono::milliseconds timeout, Effect effect) {
    return Error{ErrorCode::unknown, "timed_out",
                 "the node did not answer within " + std::to_string(timeout.count()) + " ms",
                 "wait again: the answer may still come",
                 effect == Effect::none ? Changed::no : Changed::unknown};
}

Error would_deadlock() {
    return Error{ErrorCode::would_deadlock, "would_deadlock", "waiting inside a handler",
                 "return from the handler first, or use then()", Changed::no};
}

}  // namespace

void Call::settle(Result<Bytes> reply) {
    const std::scoped_lock held(lock_);
    if (reply_) return;
    reply_ = std::move(reply);
    if (handler_) post();
    changed_.notify_all();
}

void Call::answer(ByteView body) {
    if (body.empty()) return fail(node_closed());
    settle(copy_of(body));
}

void Call::fail(Error error) {
    settle(tl::unexpected<Error>(std::move(error)));
}

bool Call::answered() const {
    const std::scoped_lock held(lock_);
    return reply_.has_value();
}

Result<Bytes> Call::wait(std::chrono::milliseconds timeout) {
    if (inside_handler()) return tl::unexpected<Error>(would_deadlock());
    std::unique_lock held(lock_);
    changed_.wait_for(held, timeout, [&] { return reply_.has_value(); });
    if (!reply_) return tl::unexpected<Error>(timed_out(timeout, effect_));
    return *reply_;
}

void Call::then(Handler handler) {
    const std::scoped_lock held(lock_);
    handler_ = std::move(handler);
    if (reply_) post();
}

void Call::post() {
    inbox_->post([handler = std::exchange(handler_, nullptr), reply = *reply_] { handler(reply); });
}

}  // namespace detail

template <class T>
Pending<T>::Pending(std::shared_ptr<detail::Call> call) : call_(std::move(call)) {}

template <class T>
Pending<T>::Pending(Pending&&) noexcept = default;
template <class T>
Pending<T>& Pending<T>::operator=(Pending&&) noexcept = default;
template <class T>
Pending<T>::~Pending() = default;

template <class T>
bool Pending<T>::ready() const {
    return call_->answered();
}

template <class T>
Result<T> Pending<T>::wait(std::chrono::milliseconds timeout) {
    const auto reply = call_->wait(timeout);
    if (!reply) return tl::unexpected<Error>(reply.error());
    return static_cast<const detail::CallFor<T>&>(*call_).read()(*reply);
}

template <class T>
void Pending<T>::then(Handler handler) {
    const auto read = static_cast<const detail::CallFor<T>&>(*call_).read();
    call_->then([read, handler = std::move(handler)](const Result<Bytes>& reply) {
        if (reply)
            handler(read(*reply));
        else
            handler(tl::unexpected<Error>(reply.error()));
    });
}

template class Pending<Status>;
template class Pending<Metrics>;
template class Pending<MemberPage>;
template class Pending<Unit>;
template class Pending<std::string>;
template class Pending<Written>;
template class Pending<EntryPage>;
template class Pending<RegisterState>;
template class Pending<Lease>;
template class Pending<Decision>;
template class Pending<TaskInfo>;
template class Pending<TaskPage>;
template class Pending<TaskReport>;

}  // namespace starling
