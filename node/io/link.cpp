#include "node/io/link.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace starling::io {
namespace {

// A connection that ends after so much of the handshake's time (3 s) was never answered.
constexpr Duration handshake_silent = std::chrono::milliseconds{2900};

}  // namespace

Link::Link(Poller& poller, const NodeId& peer, LinkId id, const CurveKey& curve, BootTime now)
    : poller_(poller), peer_(peer), id_(id), curve_(curve), deadline_(now + limits::dial_timeout) {}

std::optional<BootTime> Link::deadline() const {
    if (is_connected()) return std::nullopt;
    return deadline_;
}

void Link::connect(std::unique_ptr<PushSocket> socket, const Endpoint& to) {
    to_ = to;
    socket_ = std::move(socket);
    socket_->watch(*this);
    state_ = State::dialling;
    stirred_ = true;
}

std::optional<Link::End> Link::step(Moment now, bool& connected) {
    if (state_ == State::asking) return step_asking(now);
    if (std::exchange(stirred_, false) && socket_) {
        while (socket_) {
            const auto event = socket_->next_event();
            if (!event) break;
            if (const auto end = on_event(*event, now, connected)) return end;
        }
    }
    if (!is_connected() && now.boot_time >= deadline_) return End{node::LinkNews::timed_out, 0};
    return std::nullopt;
}

std::optional<Link::End> Link::on_event(PushSocket::Event event, Moment now, bool& connected) {
    if (is_connected()) return End{node::LinkNews::lost, 0};
    switch (event) {
        case PushSocket::Event::tcp_connected:
            tcp_connected_ = now.boot_time;
            return std::nullopt;
        case PushSocket::Event::connected:
            state_ = State::connected;
            connected = true;
            return std::nullopt;
        case PushSocket::Event::not_made:
            ask_why(now);
            return std::nullopt;
        case PushSocket::Event::denied:
            return End{node::LinkNews::denied, EACCES};
        case PushSocket::Event::stranger:
            return End{node::LinkNews::unreachable, EPROTO};
        case PushSocket::Event::lost:
            break;
    }
    const bool silent = now.boot_time - tcp_connected_ >= handshake_silent;
    return End{silent ? node::LinkNews::timed_out : node::LinkNews::lost, 0};
}

void Link::ask_why(Moment now) {
    socket_.reset();
    state_ = State::asking;
    deadline_ = std::min(deadline_, now.boot_time + limits::probe_timeout);
    probe_ = std::make_unique<Probe>(poller_, to_, deadline_);
}

std::optional<Link::End> Link::step_asking(Moment now) {
    const auto outcome = probe_->outcome(now.boot_time);
    if (!outcome) return std::nullopt;
    // Somebody listens by now: as good as a connection that ended.
    if (outcome->news == node::LinkNews::probe_accepted) return End{node::LinkNews::lost, 0};
    return End{outcome->news, outcome->detail};
}

bool Link::greet(QueuedFrame& hello) {
    if (state_ != State::connected) return false;
    state_ = State::open;
    queue_.push_front(std::move(hello));
    return true;
}

std::size_t Link::flush() {
    if (state_ != State::open) return 0;
    std::size_t count = 0;
    while (QueuedFrame* frame = queue_.front()) {
        if (socket_->send(frame->message)) {
            queue_.pop();
            ++count;
        } else {
            socket_->watch_room(true);
            if (!socket_->has_room()) return count;  // asked in the same turn: no wake-up is lost
        }
    }
    socket_->watch_room(false);
    return count;
}

bool Link::send_at_once(QueuedFrame& frame) {
    return state_ == State::open && queue_.empty() && socket_->send(frame.message);
}

}  // namespace starling::io
