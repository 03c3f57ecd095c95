// The answer to a call that is under way, and the end of a subscription.
//
//   Pending<Status> pending = node.status();     the call is on its way
//   Result<Status> status = pending.wait(1s);    or pending.then(handler), run by Node::poll()
//
// Thread safe for one thread at a time.  Dropping a Pending gives up the answer, not the call.
#pragma once

#include <starling/error.hpp>
#include <starling/export.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace starling {

namespace detail {
class Call;
class Subscription;
}  // namespace detail

template <class T>
class STARLING_EXPORT Pending {
public:
    using Handler = std::function<void(Result<T>)>;

    explicit Pending(std::shared_ptr<detail::Call> call);
    Pending(Pending&&) noexcept;
    Pending& operator=(Pending&&) noexcept;
    ~Pending();

    // Waits for the answer.  timed_out: none came yet; wait again, or give up: a call that changes
    // something MAY have its effect.  would_deadlock: called inside a handler.
    [[nodiscard]] Result<T> wait(std::chrono::milliseconds timeout = std::chrono::seconds(5));

    // Whether wait() would return at once.
    [[nodiscard]] bool ready() const;

    // Hands the answer to `handler`, inside Node::poll() or Node::run(), once.
    void then(Handler handler);

private:
    std::shared_ptr<detail::Call> call_;
};

// Keeps a subscription going; it ends with this object.  Its items come to the handler it was made
// with, inside Node::poll() or Node::run(), or, made without one, out of Node::next_event().
class STARLING_EXPORT Watch {
public:
    explicit Watch(std::shared_ptr<detail::Subscription> subscription);
    Watch(Watch&&) noexcept;
    Watch& operator=(Watch&&) noexcept;
    ~Watch();

    // Which NodeEvent::watch its items carry.
    [[nodiscard]] std::uint64_t id() const;

private:
    std::shared_ptr<detail::Subscription> subscription_;
};

}  // namespace starling
