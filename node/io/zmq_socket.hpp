// ZeroMQ's contexts, sockets and messages as values that clean up after themselves.
//
// A Context may be used by every thread; a Socket by one thread at a time, a Message like a string.
#pragma once

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include <starling/error.hpp>

#include <zmq.h>

#include <array>
#include <cstdint>
#include <string>
#include <utility>

namespace starling::io {

// The longest message on the wire: CURVE puts 33 bytes around a frame (name, nonce, code, flags).
inline constexpr auto wire_bytes_max = static_cast<std::int64_t>(limits::frame_bytes + 33);

// The key pair of CURVE.
struct CurvePair {
    using Secret = std::array<std::uint8_t, 32>;

    CurveKey key;
    Secret secret{};

    CurvePair() = default;
    CurvePair(const CurvePair&) = default;
    CurvePair& operator=(const CurvePair&) = default;
    ~CurvePair();  // wipes the secret

    [[nodiscard]] static CurvePair of(const Secret& secret);
};

class Context {
public:
    Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    // Blocks until all sockets are closed.
    ~Context();

    // Calls that block in other threads' sockets end with ETERM.
    void shut_down() { zmq_ctx_shutdown(context_); }

    [[nodiscard]] void* get() const { return context_; }

private:
    void* context_;
};

class Message {
public:
    Message() { zmq_msg_init(&message_); }

    explicit Message(std::size_t size);

    Message(Message&& other) noexcept : Message() { zmq_msg_move(&message_, &other.message_); }

    Message& operator=(Message&& other) noexcept {
        zmq_msg_move(&message_, &other.message_);
        return *this;
    }

    ~Message() { zmq_msg_close(&message_); }

    [[nodiscard]] std::size_t size() const { return zmq_msg_size(&message_); }

    [[nodiscard]] std::uint8_t* data() {
        return static_cast<std::uint8_t*>(zmq_msg_data(&message_));
    }

    [[nodiscard]] ByteView view() { return {data(), size()}; }

    [[nodiscard]] zmq_msg_t* get() { return &message_; }

private:
    zmq_msg_t message_;
};

class Socket {
public:
    Socket() = default;

    Socket(const Context& context, int type) : socket_(zmq_socket(context.get(), type)) {}

    Socket(Socket&& other) noexcept : socket_(std::exchange(other.socket_, nullptr)) {}

    Socket& operator=(Socket&& other) noexcept {
        std::swap(socket_, other.socket_);
        return *this;
    }

    ~Socket() { close(); }

    [[nodiscard]] bool valid() const { return socket_ != nullptr; }

    [[nodiscard]] void* get() const { return socket_; }

    void close();

    // The options that we set exist in every version we run on: a refusal is a bug.
    void set(int option, int value) const;
    void set(int option, std::int64_t value) const;
    void set(int option, ByteView value) const;

    [[nodiscard]] int fd() const;

    // ZMQ_POLLIN and ZMQ_POLLOUT as they are now.  This also handles the socket's pending commands,
    // after which its descriptor falls silent.
    [[nodiscard]] int events() const;

    // True when the message was handed over or taken; false means errno says why not.
    [[nodiscard]] bool send(Message& message) const {
        return zmq_msg_send(message.get(), socket_, ZMQ_DONTWAIT) >= 0;
    }

    [[nodiscard]] bool receive(Message& message) const {
        return zmq_msg_recv(message.get(), socket_, ZMQ_DONTWAIT) >= 0;
    }

private:
    void* socket_ = nullptr;
};

}  // namespace starling::io
