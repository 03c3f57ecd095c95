#include "node/io/zmq_socket.hpp"

#include "base/assert.hpp"

#include <sodium.h>

namespace starling::io {
namespace {

constexpr int sockets_max = 65'000;

}  // namespace

CurvePair::~CurvePair() {
    sodium_memzero(secret.data(), secret.size());
}

CurvePair CurvePair::of(const Secret& secret) {
    CurvePair pair;
    pair.secret = secret;
    STARLING_ASSERT(crypto_scalarmult_base(pair.key.bytes.data(), secret.data()) == 0);
    return pair;
}

Context::Context() : context_(zmq_ctx_new()) {
    STARLING_ASSERT(context_ != nullptr);
    zmq_ctx_set(context_, ZMQ_IO_THREADS, 1);
    zmq_ctx_set(context_, ZMQ_MAX_SOCKETS, sockets_max);
    zmq_ctx_set(context_, ZMQ_IPV6, 0);
}

Context::~Context() {
    while (zmq_ctx_term(context_) != 0 && errno == EINTR) {
    }
}

Message::Message(std::size_t size) {
    STARLING_ASSERT(zmq_msg_init_size(&message_, size) == 0);
}

void Socket::close() {
    if (socket_ != nullptr) zmq_close(std::exchange(socket_, nullptr));
}

void Socket::set(int option, int value) const {
    STARLING_ASSERT(zmq_setsockopt(socket_, option, &value, sizeof value) == 0);
}

void Socket::set(int option, std::int64_t value) const {
    STARLING_ASSERT(zmq_setsockopt(socket_, option, &value, sizeof value) == 0);
}

void Socket::set(int option, ByteView value) const {
    STARLING_ASSERT(zmq_setsockopt(socket_, option, value.data(), value.size()) == 0);
}

int Socket::fd() const {
    int fd = -1;
    std::size_t size = sizeof fd;
    STARLING_ASSERT(zmq_getsockopt(socket_, ZMQ_FD, &fd, &size) == 0);
    return fd;
}

int Socket::events() const {
    int events = 0;
    std::size_t size = sizeof events;
    if (zmq_getsockopt(socket_, ZMQ_EVENTS, &events, &size) != 0) return 0;
    return events;
}

}  // namespace starling::io
