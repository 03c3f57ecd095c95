#include "node/io/push_socket.hpp"

#include "base/assert.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>

namespace starling::io {
namespace {

constexpr int watched_events =
    ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CLOSED | ZMQ_EVENT_DISCONNECTED |
    ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
    ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

// Addresses inside a context; unique in the process, so no two monitors meet.
std::string next_monitor_address() {
    static std::atomic<std::uint64_t> count{0};
    return "inproc://monitor-" + std::to_string(++count);
}

std::optional<PushSocket::Event> meaning_of(int event) {
    switch (event) {
        case ZMQ_EVENT_CONNECTED:
            return PushSocket::Event::tcp_connected;
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
            return PushSocket::Event::connected;
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
            return PushSocket::Event::denied;
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
            return PushSocket::Event::stranger;
        case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        case ZMQ_EVENT_DISCONNECTED:
            return PushSocket::Event::lost;
        case ZMQ_EVENT_CLOSED:
            return PushSocket::Event::not_made;
        default:
            return std::nullopt;
    }
}

}  // namespace

PushSocket::PushSocket(Context& context, Poller& poller)
    : context_(context), poller_(poller), socket_(context, ZMQ_PUSH) {}

std::unique_ptr<PushSocket> PushSocket::open(Context& context, Poller& poller, const CurvePair& own,
                                             const CurveKey& server, const Endpoint& to) {
    std::unique_ptr<PushSocket> push(new PushSocket(context, poller));
    if (push->socket_.valid() && push->dial(own, server, to)) return push;
    const int error = errno;
    push.reset();
    errno = error;
    return nullptr;
}

bool PushSocket::dial(const CurvePair& own, const CurveKey& server, const Endpoint& to) {
    using std::chrono::milliseconds;
    socket_.set(ZMQ_LINGER, 0);
    socket_.set(ZMQ_RECONNECT_IVL, -1);
    socket_.set(ZMQ_IMMEDIATE, 1);
    socket_.set(ZMQ_SNDHWM, 64);
    socket_.set(ZMQ_MAXMSGSIZE, wire_bytes_max);
    socket_.set(ZMQ_HANDSHAKE_IVL, 3000);
    socket_.set(ZMQ_TCP_MAXRT, 10'000);
    if (to.family() == AF_INET6) socket_.set(ZMQ_IPV6, 1);
    socket_.set(ZMQ_CURVE_SERVERKEY, server.view());
    socket_.set(ZMQ_CURVE_PUBLICKEY, own.key.view());
    socket_.set(ZMQ_CURVE_SECRETKEY, ByteView(own.secret));

    const std::string address = next_monitor_address();
    if (zmq_socket_monitor(socket_.get(), address.c_str(), watched_events) != 0) return false;
    monitor_ = Socket(context_, ZMQ_PAIR);
    if (!monitor_.valid()) return false;
    monitor_.set(ZMQ_RCVHWM, 0);
    monitor_.set(ZMQ_LINGER, 0);
    if (zmq_connect(monitor_.get(), address.c_str()) != 0) return false;
    return zmq_connect(socket_.get(), ("tcp://" + to.text()).c_str()) == 0;
}

PushSocket::~PushSocket() {
    if (watcher_ != nullptr) {
        watch_room(false);
        poller_.remove(monitor_.fd());  // I2
    }
    if (socket_.valid()) zmq_socket_monitor(socket_.get(), nullptr, 0);  // I1
    monitor_.close();
    socket_.close();
}

void PushSocket::watch(Watcher& watcher) {
    STARLING_ASSERT(watcher_ == nullptr);
    watcher_ = &watcher;
    poller_.add(monitor_.fd(), Interest::readable, watcher);
}

void PushSocket::watch_room(bool on) {
    if (on == watching_room_) return;
    watching_room_ = on;
    if (on) {
        poller_.add(socket_.fd(), Interest::readable, *watcher_);
    } else {
        poller_.remove(socket_.fd());
    }
}

std::optional<PushSocket::Event> PushSocket::next_event() {
    while (true) {
        Message event;
        if (!monitor_.receive(event)) {
            // Only after this does the descriptor fall silent; something may have come meanwhile.
            if ((monitor_.events() & ZMQ_POLLIN) == 0) return std::nullopt;
            continue;
        }
        Message address;
        [[maybe_unused]] const bool second_part = monitor_.receive(address);
        std::uint16_t number = 0;
        if (event.size() < sizeof number) continue;
        std::memcpy(&number, event.data(), sizeof number);
        if (const auto meaning = meaning_of(number)) return meaning;
    }
}

}  // namespace starling::io
