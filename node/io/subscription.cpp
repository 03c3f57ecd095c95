#include "node/io/subscription.hpp"

#include "base/limits.hpp"
#include "node/io/pending.hpp"

#include <utility>

namespace starling {
namespace detail {

Subscription::Subscription(std::uint64_t number, std::shared_ptr<Inbox> inbox, Line line, Read read,
                           Handler handler)
    : number_(number),
      inbox_(std::move(inbox)),
      line_(std::move(line)),
      read_(std::move(read)),
      handler_(std::move(handler)) {}

bool Subscription::open() {
    std::uint64_t round = 0;
    {
        const std::scoped_lock held(lock_);
        if (ended_) return false;
        round = ++round_;
    }
    // Items may come before open() returns: the lock is free here.
    const CallId call = line_.open([self = weak_from_this(), round](ByteView body, bool last) {
        if (const auto kept = self.lock()) kept->take(round, body, last);
    });
    {
        const std::scoped_lock held(lock_);
        // So many items may have come meanwhile that they lag already.
        const bool current = !ended_ && round == round_;
        if (current) call_ = call;
        if (current || call.value == 0) return call.value != 0;
    }
    line_.end(call);
    return true;
}

void Subscription::end() {
    CallId call;
    {
        const std::scoped_lock held(lock_);
        ended_ = true;
        ++round_;
        call = std::exchange(call_, {});
    }
    if (call.value != 0) line_.end(call);
}

// On the driver's thread.
void Subscription::take(std::uint64_t round, ByteView body, bool) {
    if (body.empty()) return;  // the node is closed: nothing follows
    CallId call;
    {
        const std::scoped_lock held(lock_);
        if (round != round_) return;
        if (++waiting_ <= limits::events_undelivered) return put(round, copy_of(body));
        ++round_;  // I1: what waits is dropped when its turn comes
        ++waiting_;
        put(round_, {});
        call = std::exchange(call_, {});
    }
    if (call.value != 0) line_.end(call);
}

void Subscription::put(std::uint64_t round, Bytes body) {
    auto arrived = [self = shared_from_this(), round, body = std::move(body)] {
        return self->arrive(round, body);
    };
    if (!handler_) return inbox_->deliver(std::move(arrived));
    inbox_->post([self = shared_from_this(), arrived = std::move(arrived)] {
        if (const auto event = arrived()) self->handler_(*event);
    });
}

// On the program's thread.  An empty body says that the reader was too slow.
std::optional<NodeEvent> Subscription::arrive(std::uint64_t round, const Bytes& body) {
    {
        const std::scoped_lock held(lock_);
        --waiting_;
        if (ended_ || round != round_) return std::nullopt;
    }
    if (body.empty()) return lag();
    auto event = read_(body);
    if (event) event->watch = number_;
    return event;
}

std::optional<NodeEvent> Subscription::lag() {
    static_cast<void>(open());
    auto event = read_({});
    if (event) event->watch = number_;
    return event;
}

}  // namespace detail

Watch::Watch(std::shared_ptr<detail::Subscription> subscription)
    : subscription_(std::move(subscription)) {}

Watch::Watch(Watch&&) noexcept = default;

Watch& Watch::operator=(Watch&& other) noexcept {
    std::swap(subscription_, other.subscription_);
    return *this;
}

Watch::~Watch() {
    if (subscription_) subscription_->end();
}

std::uint64_t Watch::id() const {
    return subscription_->number();
}

}  // namespace starling
