// HTTP/1.1 messages, read from bytes and written as bytes; no sockets here.
//
//   bytes ──feed──> RequestReader ──complete──> HttpRequest ──handler──> HttpResponse
//   ──http_text──> bytes
//
// Invariants:
//   I1  A reader never holds more than its limits: 16 KiB of headers, 1 MiB of a request's body.
//   I2  Hostile bytes end in a Reading that says why; nothing of such a message is handed out.
//
// Not thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace starling::cli {

inline constexpr std::size_t http_header_bytes = 16 * 1024;
inline constexpr std::size_t http_body_bytes = 1024 * 1024;
inline constexpr std::size_t http_answer_bytes = 64 * 1024 * 1024;  // read by a client
inline constexpr std::size_t http_read_bytes = 64 * 1024;           // at once, by a client

inline constexpr unsigned http_ok = 200;
inline constexpr unsigned http_precondition_failed = 412;

struct HttpRequest {
    std::string method = "GET";
    std::string path;                                         // percent-decoded, without the query
    std::map<std::string, std::string, std::less<>> query{};  // percent-decoded
    std::string body{};
    bool from_web_page = false;  // has an Origin header
    bool keep_alive = true;
};

struct HttpResponse {
    unsigned status = 200;
    std::string type = "application/json";
    std::string body{};
    std::vector<std::pair<std::string, std::string>> headers{};
};

enum class Connection : std::uint8_t { keep, close };

[[nodiscard]] std::string http_text(const HttpResponse& response, Connection connection);

// The head of an endless text/event-stream.
[[nodiscard]] std::string http_stream_head();

// One server-sent event.
[[nodiscard]] std::string http_event(std::string_view name, std::string_view text);

// A request of ours; `target` is a path with an encoded query.
[[nodiscard]] std::string http_request_text(std::string_view method, std::string_view target,
                                            std::string_view body);

[[nodiscard]] std::string percent_encoded(std::string_view text);

enum class Reading : std::uint8_t { more, complete, malformed, headers_too_large, body_too_large };

class RequestReader {
public:
    RequestReader();
    RequestReader(RequestReader&&) noexcept;
    RequestReader& operator=(RequestReader&&) noexcept;
    ~RequestReader();

    // Takes what it can from the front of `input`; bytes behind a complete request stay.
    [[nodiscard]] Reading feed(std::string& input);

    // The complete request; the reader begins anew.
    [[nodiscard]] HttpRequest take();

private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
};

class ResponseReader {
public:
    ResponseReader();
    ~ResponseReader();
    ResponseReader(const ResponseReader&) = delete;
    ResponseReader& operator=(const ResponseReader&) = delete;

    [[nodiscard]] Reading feed(std::string& input);

    // The connection ended: `complete` when that ends the message.
    [[nodiscard]] Reading end();

    [[nodiscard]] bool has_head() const;
    [[nodiscard]] unsigned status() const;  // 0 before the head
    [[nodiscard]] std::string take_body();  // what came since the last call

private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
};

}  // namespace starling::cli
