#include "node/io/inlet.hpp"

#include "node/io/address.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace starling::io {
namespace {

// Hidden among the draft options of zmq.h, honoured by the library: without a handler nobody gets
// in.
constexpr int zap_enforce_domain = 93;

int nibble(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    return -1;
}

// Without an allocation, since it runs for every frame.
std::optional<NodeId> node_of(Message& message) {
    const char* text = zmq_msg_gets(message.get(), "User-Id");
    if (text == nullptr || std::strlen(text) != 2 * NodeId::size) return std::nullopt;
    NodeId node;
    for (std::uint8_t& byte : node.bytes) {
        const int high = nibble(*text++);
        const int low = nibble(*text++);
        if (high < 0 || low < 0) return std::nullopt;
        byte = static_cast<std::uint8_t>(high << 4 | low);
    }
    return node;
}

tl::unexpected<Error> cannot_listen(const std::string& address, int error) {
    const bool in_use = error == EADDRINUSE;
    return failure(ErrorCode::failed, in_use ? "address_in_use" : "cannot_listen",
                   "cannot listen on " + address + ": " + std::strerror(error) + " (errno " +
                       std::to_string(error) + ")",
                   in_use ? "stop the process that listens there, or choose another --bind address"
                          : "choose an address of this machine with --bind");
}

std::string last_endpoint(const Socket& socket) {
    std::array<char, 256> text{};
    std::size_t size = text.size();
    if (zmq_getsockopt(socket.get(), ZMQ_LAST_ENDPOINT, text.data(), &size) != 0) return {};
    return std::string(text.data()).substr(std::strlen("tcp://"));
}

}  // namespace

Inlet::Inlet(Context& context, Poller& poller)
    : poller_(poller), handler_(context, allowed_), socket_(context, ZMQ_PULL) {}

Result<std::unique_ptr<Inlet>> Inlet::open(Context& context, Poller& poller, const CurvePair& own,
                                           const std::string& bind) {
    std::unique_ptr<Inlet> inlet(new Inlet(context, poller));
    if (!inlet->socket_.valid()) return cannot_listen(bind, errno);
    auto bound = inlet->bind(own, bind);
    if (!bound) return tl::unexpected<Error>(std::move(bound.error()));
    poller.add(inlet->socket_.fd(), Interest::readable, *inlet);
    inlet->watched_ = true;
    return inlet;
}

Inlet::~Inlet() {
    if (watched_) poller_.remove(socket_.fd());
    socket_.close();  // before the handler shuts the context down
}

Result<void> Inlet::bind(const CurvePair& own, const std::string& address) {
    const auto parsed = parse_address(address);
    if (!parsed) return tl::unexpected<Error>(parsed.error());
    const auto endpoint = lookup(*parsed, Names::ask);
    if (!endpoint) return cannot_listen(address, EADDRNOTAVAIL);

    socket_.set(ZMQ_LINGER, 0);
    socket_.set(ZMQ_RCVHWM, 64);
    socket_.set(ZMQ_MAXMSGSIZE, wire_bytes_max);
    socket_.set(ZMQ_HANDSHAKE_IVL, 3000);
    socket_.set(ZMQ_BACKLOG, 4096);
    socket_.set(ZMQ_TCP_MAXRT, 10'000);
    if (endpoint->family() == AF_INET6) socket_.set(ZMQ_IPV6, 1);
    socket_.set(ZMQ_CURVE_SERVER, 1);
    socket_.set(ZMQ_CURVE_SECRETKEY, ByteView(own.secret));
    socket_.set(ZMQ_ZAP_DOMAIN, view_of(zap_domain));
    socket_.set(zap_enforce_domain, 1);
    if (zmq_bind(socket_.get(), ("tcp://" + endpoint->text()).c_str()) != 0) {
        return cannot_listen(endpoint->text(), errno);
    }
    address_ = last_endpoint(socket_);
    return {};
}

node::Backlog Inlet::receive(std::size_t frames_max, const OnFrame& on_frame) {
    std::size_t count = 0;
    while (count < frames_max) {
        Message message;
        if (socket_.receive(message)) {
            hand_out(message, on_frame);
            ++count;
        } else if ((socket_.events() & ZMQ_POLLIN) == 0) {  // also silences the descriptor
            ready_ = false;
            return node::Backlog::drained;
        }
    }
    ready_ = (socket_.events() & ZMQ_POLLIN) != 0;
    return ready_ ? node::Backlog::left : node::Backlog::drained;
}

void Inlet::hand_out(Message& message, const OnFrame& on_frame) {
    // Our frames have one part; others come from a peer that is not us.
    const bool more = zmq_msg_more(message.get()) != 0;
    const bool part = std::exchange(in_parts_, more) || more;
    const auto from = node_of(message);
    if (part || !from || !allowed_.has(*from)) {  // I2
        ++ignored_;
        return;
    }
    on_frame(*from, message.view());
}

}  // namespace starling::io
