// A stream of the node on its way to the program: what a Watch holds.
//
//   flowing ──10,000 undelivered──> lagging ──`lagged` delivered──> flowing, from `current` on
//
// Invariants:
//   I1  At most limits::events_undelivered items of one subscription wait.
//   I2  Nothing is delivered after end().
//
// Thread safe.
#pragma once

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "node/io/inbox.hpp"
#include <starling/error.hpp>
#include <starling/node.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace starling::detail {

// How a subscription reaches the node; both do nothing once the node is closed.
struct Line {
    using Sink = std::function<void(ByteView body, bool last)>;

    std::function<CallId(Sink sink)> open;  // zero when that failed
    std::function<void(CallId call)> end;
};

class Subscription : public std::enable_shared_from_this<Subscription> {
public:
    // Gives the bytes of an item to the program, or makes an event of them; nothing: it is
    // malformed, or needs no event.  No bytes: the event `lagged`.
    using Read = std::function<std::optional<NodeEvent>(ByteView body)>;
    using Handler = std::function<void(const NodeEvent& event)>;

    Subscription(std::uint64_t number, std::shared_ptr<Inbox> inbox, Line line, Read read,
                 Handler handler);

    // Begins the stream.  Not in the constructor: items hold the subscription.
    [[nodiscard]] bool open();
    void end();

    [[nodiscard]] std::uint64_t number() const { return number_; }

private:
    void take(std::uint64_t round, ByteView body, bool last);
    void put(std::uint64_t round, Bytes body);
    [[nodiscard]] std::optional<NodeEvent> arrive(std::uint64_t round, const Bytes& body);
    [[nodiscard]] std::optional<NodeEvent> lag();

    const std::uint64_t number_;
    const std::shared_ptr<Inbox> inbox_;
    const Line line_;
    const Read read_;
    const Handler handler_;

    std::mutex lock_;
    CallId call_;
    std::uint64_t round_ = 0;  // items of earlier rounds are dropped
    std::size_t waiting_ = 0;
    bool ended_ = false;
};

}  // namespace starling::detail
