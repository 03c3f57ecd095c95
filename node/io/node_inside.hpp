// What a public Node is made of: the driver with everything that the program's side of it needs.
//
//   Node::get() ──ask──> driver ──answer──> Call in a Pending       subscribe ──> Watch
//
// Thread safe.
#pragma once

#include "node/calls.hpp"
#include "node/io/clocks.hpp"
#include "node/io/driver.hpp"
#include "node/io/inbox.hpp"
#include "node/io/pending.hpp"
#include "node/io/subscription.hpp"
#include "node/questions.hpp"
#include <starling/node.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace starling {

namespace detail {

// Hands events of one kind to a handler of the program; empty when there is none.
template <class Event>
[[nodiscard]] Subscription::Handler deliver_to(std::function<void(const Event&)> handler) {
    if (!handler) return {};
    return [handler = std::move(handler)](const NodeEvent& event) {
        handler(std::get<Event>(event.what));
    };
}

// A call that failed before it was made.
template <class T>
[[nodiscard]] Pending<T> failed_call(const std::shared_ptr<Inbox>& inbox, Error error) {
    auto call = std::make_shared<CallFor<T>>(inbox, Effect::none, [](ByteView) -> Result<T> {
        return tl::unexpected<Error>(node_closed());
    });
    call->fail(std::move(error));
    return Pending<T>(std::move(call));
}

}  // namespace detail

class Node::Inside : public std::enable_shared_from_this<Node::Inside> {
public:
    explicit Inside(std::unique_ptr<io::Driver> driver)
        : driver_(std::move(driver)),
          inbox_(std::make_shared<detail::Inbox>()),
          id_(driver_->id().hex()) {}

    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

    ~Inside() { static_cast<void>(close()); }

    // A call whose answer is read when the program takes it: a lease has run on until then.
    template <class T>
    [[nodiscard]] std::shared_ptr<detail::CallFor<T>> call_for(
        const detail::Question<T>& question) const {
        return std::make_shared<detail::CallFor<T>>(
            inbox_, question.effect, [read = question.read](ByteView body) {
                return read(body, io::read_clocks().boot_time);
            });
    }

    template <class T>
    Pending<T> ask(detail::Asked<T> asked) {
        if (!asked) return fail<T>(std::move(asked.error()));
        auto call = call_for(*asked);
        const CallId id = driver_->call(std::move(asked->request),
                                        [call](ByteView body, bool) { call->answer(body); });
        if (id.value == 0) call->fail(refused());
        return Pending<T>(std::move(call));
    }

    template <class T, class Request>
    Pending<T> ask(const Request& request, detail::Effect effect,
                   typename detail::Question<T>::Read read) {
        return ask<T>(detail::Question<T>{node::request_bytes(request), effect, std::move(read)});
    }

    template <class T>
    [[nodiscard]] Pending<T> fail(Error error) const {
        return detail::failed_call<T>(inbox_, std::move(error));
    }

    // On the driver's thread, when an item arrives.
    using Hear = std::function<void(ByteView item)>;

    // Without a handler its items come out of Node::next_event().
    Result<Watch> subscribe(Bytes request, detail::Subscription::Read read,
                            detail::Subscription::Handler handler, Hear hear = {}) {
        auto subscription = std::make_shared<detail::Subscription>(
            next_watch_++, inbox_, line_of(std::move(request), std::move(hear)), std::move(read),
            std::move(handler));
        if (!subscription->open()) return tl::unexpected<Error>(refused());
        return Watch(std::move(subscription));
    }

    Result<void> close();

    [[nodiscard]] io::Driver& driver() const { return *driver_; }

    [[nodiscard]] detail::Inbox& inbox() const { return *inbox_; }

    [[nodiscard]] const std::shared_ptr<detail::Inbox>& shared_inbox() const { return inbox_; }

    [[nodiscard]] const std::string& id() const { return id_; }

    // Why the driver took no call.
    [[nodiscard]] Error refused() const {
        if (driver_->closed() || driver_->failed()) return detail::node_closed();
        return Error{ErrorCode::overloaded, "calls_waiting", "too many calls wait for this node",
                     "wait for answers before asking more", Changed::no};
    }

private:
    // Weak, so that a subscription does not keep the node open.
    detail::Line line_of(Bytes request, Hear hear) {
        return {[self = weak_from_this(), request = std::move(request),
                 hear = std::move(hear)](detail::Line::Sink sink) {
                    const auto inside = self.lock();
                    if (!inside) return CallId{};
                    if (!hear) return inside->driver_->call(request, std::move(sink));
                    return inside->driver_->call(
                        request, [hear, sink = std::move(sink)](ByteView body, bool last) {
                            if (!body.empty()) hear(body);
                            sink(body, last);
                        });
                },
                [self = weak_from_this()](CallId call) {
                    if (const auto inside = self.lock()) inside->driver_->end_call(call);
                }};
    }

    std::unique_ptr<io::Driver> driver_;
    std::shared_ptr<detail::Inbox> inbox_;
    std::string id_;
    std::atomic<std::uint64_t> next_watch_{1};
    std::atomic<bool> closing_{false};
};

}  // namespace starling
