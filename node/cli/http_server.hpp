// HTTP/1.1 over one Unix socket: a loop that a thread turns, and handlers called in that thread.
//
//   accept ──> reading ──request──> handling ──reply──> writing ──> reading (kept alive) | closed
//                                      └──begin_stream──> streaming ──> closed
//
// Invariants:
//   I1  At most 256 connections; one more is answered with 503 and closed.
//   I2  At most 1 MiB, or one event, waits for a reader of a stream; past that it gets the event
//       `lagged` and the end.
//   I3  A request is handled after the one before it on its connection was answered.
//   I4  A connection that stalls is closed: 10 s for a request, 60 s idle, 30 s for handling or
//       writing.
//
// Not thread safe: one thread turns it and replies.
#pragma once

#include "node/cli/descriptor.hpp"
#include "node/cli/http_message.hpp"
#include <starling/error.hpp>
#include <starling/value.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

struct pollfd;

namespace starling::cli {

inline constexpr std::size_t http_connections = 256;
inline constexpr std::size_t http_queued_bytes = 1024 * 1024;
inline constexpr std::size_t http_room_below = http_queued_bytes / 4;  // has_room() of a stream

class HttpServer;

// One request on its way to an answer.  Copyable; answering after the client is gone does nothing.
class Exchange {
public:
    Exchange(HttpServer& server, std::uint64_t connection)
        : server_(&server), connection_(connection) {}

    void reply(const HttpResponse& response) const;
    void reply(const Value& document, unsigned status = 200) const;
    void fail(const Error& error) const;  // as application/problem+json

    // This answer may take as long as the client waits for it.
    void be_patient() const;

    // Begins a stream of events; `ended` is called once, when the client is gone or too slow.
    void begin_stream(std::function<void()> ended) const;
    void push(std::string_view event, std::string_view text) const;

    // Little waits for the reader of the stream: whoever has a choice pushes only then.
    [[nodiscard]] bool has_room() const;
    // Calls this once when there is room again, if the client is still there.
    void when_drained(std::function<void()> then) const;
    // What waits is still sent.
    void end_stream() const;

    [[nodiscard]] bool is_open() const;

private:
    HttpServer* server_;
    std::uint64_t connection_;
};

// How long a connection may stand still.
struct HttpPatience {
    std::chrono::milliseconds request = std::chrono::seconds{10};  // from its first byte on
    std::chrono::milliseconds idle = std::chrono::seconds{60};     // between two requests
    std::chrono::milliseconds stalled = std::chrono::seconds{30};  // in handling, or in writing
};

class HttpServer {
public:
    using Handler = std::function<void(const HttpRequest& request, const Exchange& exchange)>;

    [[nodiscard]] static Result<HttpServer> listen(const std::string& path, Handler handler,
                                                   const HttpPatience& patience = {});

    HttpServer(HttpServer&&) noexcept = default;
    HttpServer& operator=(HttpServer&&) = delete;
    ~HttpServer();  // closes everything and removes the socket

    // Calls `ready` in turn() whenever `fd`, which outlives the server, is readable.
    void watch(int fd, std::function<void()> ready);

    // Serves what is there, waiting up to `timeout` for something.
    void turn(std::chrono::milliseconds timeout);

    [[nodiscard]] const std::string& path() const { return path_; }

    [[nodiscard]] std::size_t connections() const { return clients_.size(); }

private:
    friend class Exchange;
    using Clock = std::chrono::steady_clock;
    enum class State : std::uint8_t { reading, handling, streaming, last_words };

    struct Client {
        Descriptor fd;
        RequestReader reader{};
        std::string input{};
        std::string output{};
        State state = State::reading;
        bool keep_alive = true;
        bool patient = false;     // the answer has no deadline
        bool in_request = false;  // its first bytes came
        bool gone = false;
        Clock::time_point since{};  // of the first byte of a request, or of the last progress
        std::function<void()> ended{};
        std::function<void()> drained{};
    };

    HttpServer(std::string path, Descriptor listener, Handler handler,
               const HttpPatience& patience);

    void accept_all();
    void serve(std::uint64_t id, Client& client, short events);
    void read_from(std::uint64_t id, Client& client);
    void read_request(std::uint64_t id, Client& client);
    void read_waiting();
    void refuse(Client& client, Reading why);
    void write_to(Client& client);
    void send(Client& client, const HttpResponse& response);
    void push(Client& client, std::string_view event, std::string_view text);
    [[nodiscard]] bool is_stalled(const Client& client, Clock::time_point now) const;
    void drop_stalled();
    void drop_gone();
    [[nodiscard]] Client* client(std::uint64_t id);
    [[nodiscard]] static bool may_read(const Client& client);
    [[nodiscard]] std::vector<pollfd> polled() const;

    std::string path_;
    Descriptor listener_;
    Handler handler_;
    HttpPatience patience_;
    std::map<std::uint64_t, Client> clients_;  // by a number that is never used again
    std::uint64_t next_ = 1;
    std::vector<std::pair<int, std::function<void()>>> watched_;
};

// An error as application/problem+json, with the HTTP status that fits.
[[nodiscard]] HttpResponse problem(const Error& error);

// The error of a body made by problem(); answer_malformed for anything else.
[[nodiscard]] Error error_of_problem(std::string_view body);

}  // namespace starling::cli
