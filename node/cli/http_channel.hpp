// HTTP/1.1 without waiting: connections that a poll() loop turns, for programs that talk to many
// nodes at once.
//
//   HttpChannel   idle ──begin──> sending ──> receiving ──answered──> idle (kept alive)
//   EventStream   closed ──open──> opening ──200──> streaming ──ended──> closed
//
// Invariants:
//   I1  Every exchange that began is answered once: with a reply, or with why there is none.
//   I2  A callback runs after its connection is ready for the next use: it may use it at once.
//
// Not thread safe: one loop owns them.
#pragma once

#include "node/cli/descriptor.hpp"
#include "node/cli/http_message.hpp"
#include <starling/error.hpp>
#include <starling/value.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace starling::cli {

struct HttpReply {
    unsigned status = 0;
    std::string body{};
};

// The document of a 2xx reply, or the error that the node sent.
[[nodiscard]] Result<Value> document_of(const Result<HttpReply>& reply);

// Something with a descriptor that a poll() loop looks after.
class Pollable {
public:
    Pollable() = default;
    Pollable(const Pollable&) = delete;
    Pollable& operator=(const Pollable&) = delete;
    virtual ~Pollable() = default;

    [[nodiscard]] virtual int fd() const = 0;        // -1: nothing to look after now
    [[nodiscard]] virtual short events() const = 0;  // for poll()
    virtual void on_ready() = 0;
};

// Turns a poll() once over what these have to say.
void poll_once(const std::vector<Pollable*>& all, std::chrono::milliseconds timeout);

// Bytes to and from a Unix socket.
class Wire {
public:
    enum class State : std::uint8_t { open, lost };

    [[nodiscard]] Result<void> connect(const std::string& path);

    void close() { *this = Wire{}; }

    [[nodiscard]] bool is_open() const { return fd_.is_open(); }

    [[nodiscard]] int fd() const { return fd_.get(); }

    [[nodiscard]] bool has_output() const { return sent_ < output_.size(); }

    void put(std::string_view bytes) { output_ += bytes; }

    [[nodiscard]] State flush();
    [[nodiscard]] State fill();  // all there is, into input()

    [[nodiscard]] std::string& input() { return input_; }

private:
    Descriptor fd_;
    std::string output_;
    std::size_t sent_ = 0;
    std::string input_;
};

class HttpChannel : public Pollable {
public:
    using Clock = std::chrono::steady_clock;
    using Answered = std::function<void(const Result<HttpReply>& reply)>;

    explicit HttpChannel(std::string path) : path_(std::move(path)) {}

    [[nodiscard]] bool is_idle() const { return !answered_; }

    // REQUIRES: is_idle().
    void begin(std::string_view request, Answered answered, Clock::time_point deadline);

    // The exchange, if there is one, ends without an answer; the connection closes.
    void abandon();
    void expire(Clock::time_point now);

    [[nodiscard]] int fd() const override { return wire_.fd(); }

    [[nodiscard]] short events() const override;
    void on_ready() override;

private:
    void fail(const Error& error);
    void read();

    std::string path_;
    Wire wire_;
    std::unique_ptr<ResponseReader> reader_;
    Answered answered_;
    Clock::time_point deadline_{};
};

class EventStream : public Pollable {
public:
    using Take = std::function<void(std::string_view event, const Value& document)>;
    using Ended = std::function<void(const Error& why)>;

    EventStream(std::string path, std::string target, Take take, Ended ended)
        : path_(std::move(path)),
          target_(std::move(target)),
          take_(std::move(take)),
          ended_(std::move(ended)) {}

    // `ended` may be called before this returns.
    void open();

    // Without a call of `ended`.
    void close();

    [[nodiscard]] bool is_open() const { return wire_.is_open(); }

    [[nodiscard]] int fd() const override { return wire_.fd(); }

    [[nodiscard]] short events() const override;
    void on_ready() override;

private:
    void fail(const Error& error);
    void take_events();

    std::string path_;
    std::string target_;
    Take take_;
    Ended ended_;
    Wire wire_;
    std::unique_ptr<ResponseReader> reader_;
    std::string text_;
};

}  // namespace starling::cli
