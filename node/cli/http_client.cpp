#include "node/cli/http_client.hpp"

#include "node/cli/descriptor.hpp"
#include "node/cli/http_message.hpp"
#include "node/cli/http_server.hpp"
#include "node/cli/json.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>

namespace starling::cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct Deadline {
    std::optional<Clock::time_point> at;  // nothing: for ever

    [[nodiscard]] int remaining_ms() const {
        if (!at) return -1;
        const auto left = std::chrono::ceil<milliseconds>(*at - Clock::now());
        return static_cast<int>(std::max<std::int64_t>(0, left.count()));
    }
};

Error timed_out(const std::string& path, milliseconds timeout) {
    return Error{
        ErrorCode::unknown, "timed_out",
        fmt::format("the node at unix:{} did not answer within {} ms", path, timeout.count()),
        "ask again with --timeout 30s; is its process stopped?", Changed::unknown};
}

enum class Ready : std::uint8_t { yes, timed_out, stopped };

Ready wait_for(int fd, short events, const Deadline& deadline) {
    pollfd polled{fd, events, 0};
    int count = 0;
    do {
        count = ::poll(&polled, 1, deadline.remaining_ms());
    } while (count < 0 && errno == EINTR);
    return count > 0 ? Ready::yes : Ready::timed_out;
}

// One connection with its request sent.
class Talk {
public:
    Talk(const std::string& path, milliseconds timeout) : path_(path), timeout_(timeout) {
        deadline_.at = Clock::now() + timeout;
    }

    std::optional<Error> send(std::string_view request) {
        auto fd = connect_unix(path_);
        if (!fd) return fd.error();
        fd_ = std::move(*fd);
        while (!request.empty()) {
            if (wait_for(fd_.get(), POLLOUT, deadline_) == Ready::timed_out) {
                return timed_out(path_, timeout_);
            }
            const auto count = ::send(fd_.get(), request.data(), request.size(), MSG_NOSIGNAL);
            if (count < 0 && errno != EAGAIN) return connection_lost(path_);
            request.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        }
        return std::nullopt;
    }

    void wait_for_ever() { deadline_.at.reset(); }

    // Until something came, the deadline passed, or `stop` is readable.
    Ready wait_for_either(int stop) {
        std::array<pollfd, 2> polled{{{fd_.get(), POLLIN, 0}, {stop, POLLIN, 0}}};
        while (::poll(polled.data(), polled.size(), deadline_.remaining_ms()) < 0 &&
               errno == EINTR) {
        }
        return polled[1].revents != 0 ? Ready::stopped : Ready::yes;
    }

    // Reads once: more of the answer, its end, or an error.
    Result<Reading> receive(ResponseReader& reader) {
        if (wait_for(fd_.get(), POLLIN, deadline_) == Ready::timed_out) {
            return tl::unexpected(timed_out(path_, timeout_));
        }
        std::array<char, http_read_bytes> buffer{};
        const auto count = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return Reading::more;
        if (count > 0) input_.append(buffer.data(), static_cast<std::size_t>(count));
        const Reading reading = count > 0 ? reader.feed(input_) : reader.end();
        if (reading == Reading::more || reading == Reading::complete) return reading;
        if (count <= 0) return tl::unexpected(connection_lost(path_));
        return failure(ErrorCode::failed, "answer_malformed",
                       "what answers at unix:" + path_ + " does not speak HTTP/1.1");
    }

private:
    std::string path_;
    milliseconds timeout_;
    Deadline deadline_;
    Descriptor fd_;
    std::string input_;
};

Result<Value> document_of_body(unsigned status, const std::string& body) {
    constexpr unsigned first_error = 300;
    if (status >= first_error) return tl::unexpected(error_of_problem(body));
    auto document = json_value(body);
    if (document) return document;
    return failure(ErrorCode::failed, "answer_malformed",
                   "the answer is no JSON: " + document.error().message);
}

// Takes whole events out of the text of a stream; false when `take` had enough.
bool take_events(std::string& text, const HttpClient::Take& take) {
    constexpr std::string_view name_field = "event: ";
    constexpr std::string_view data_field = "data: ";
    for (std::size_t end = text.find("\n\n"); end != std::string::npos; end = text.find("\n\n")) {
        const std::string event = text.substr(0, end + 1);
        text.erase(0, end + 2);
        const std::size_t name_end = event.find('\n');
        const std::size_t data = event.find(data_field);
        if (!event.starts_with(name_field) || data == std::string::npos) continue;
        const auto document = json_value(std::string_view(event).substr(
            data + data_field.size(), event.find('\n', data) - data - data_field.size()));
        const auto name =
            std::string_view(event).substr(name_field.size(), name_end - name_field.size());
        if (document && !take(name, *document)) return false;
    }
    return true;
}

}  // namespace

Result<HttpClient::Answer> HttpClient::exchange(const std::string& request) const {
    Talk talk(path_, timeout_);
    if (auto error = talk.send(request)) return tl::unexpected(*error);
    ResponseReader reader;
    Reading reading = Reading::more;
    while (reading == Reading::more) {
        const auto received = talk.receive(reader);
        if (!received) return tl::unexpected(received.error());
        reading = *received;
    }
    return Answer{reader.status(), reader.take_body()};
}

Result<Value> HttpClient::document(const std::string& request) const {
    auto answer = exchange(request);
    if (!answer) return tl::unexpected(answer.error());
    return document_of_body(answer->status, answer->body);
}

Result<Value> HttpClient::get(std::string_view target) const {
    return document(http_request_text("GET", target, {}));
}

Result<Value> HttpClient::post(std::string_view target, const Value& body) const {
    return document(http_request_text("POST", target, json_text(body)));
}

Result<Value> HttpClient::remove(std::string_view target, const Value& body) const {
    return document(http_request_text("DELETE", target, json_text(body)));
}

Result<unsigned> HttpClient::probe(std::string_view target) const {
    const auto answer = exchange(http_request_text("GET", target, {}));
    if (!answer) return tl::unexpected(answer.error());
    return answer->status;
}

Result<void> HttpClient::stream(std::string_view target, const Take& take, int stop) const {
    Talk talk(path_, timeout_);
    if (auto error = talk.send(http_request_text("GET", target, {}))) return tl::unexpected(*error);
    ResponseReader reader;
    std::string text;
    while (true) {
        if (talk.wait_for_either(stop) == Ready::stopped) return {};
        const auto received = talk.receive(reader);
        if (!received) return tl::unexpected(received.error());
        if (!reader.has_head()) continue;
        talk.wait_for_ever();
        text += reader.take_body();
        const bool done = *received == Reading::complete;
        if (reader.status() != 200 && done) return tl::unexpected(error_of_problem(text));
        if (reader.status() == 200 && !take_events(text, take)) return {};
        if (done) return {};
    }
}

}  // namespace starling::cli
