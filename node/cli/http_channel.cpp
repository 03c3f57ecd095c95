#include "node/cli/http_channel.hpp"

#include "node/cli/http_server.hpp"
#include "node/cli/json.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

namespace starling::cli {
namespace {

constexpr unsigned first_error = 300;

Error late(const std::string& path) {
    return Error{ErrorCode::unknown, "timed_out",
                 "the node at unix:" + path + " did not answer in time",
                 "starling --node unix:" + path + " status", Changed::unknown};
}

Error malformed_answer(const std::string& path) {
    return Error{ErrorCode::failed, "answer_malformed",
                 "what answers at unix:" + path + " does not speak HTTP/1.1", "", Changed::unknown};
}

// The text of a field of one server-sent event, its lines joined.
std::string field_of(std::string_view event, std::string_view field) {
    std::string text;
    while (!event.empty()) {
        const std::size_t end = event.find('\n');
        const std::string_view line = event.substr(0, end);
        if (line.starts_with(field))
            text += (text.empty() ? "" : "\n") + std::string(line.substr(field.size()));
        event.remove_prefix(end == std::string_view::npos ? event.size() : end + 1);
    }
    return text;
}

}  // namespace

Result<Value> document_of(const Result<HttpReply>& reply) {
    if (!reply) return tl::unexpected(reply.error());
    if (reply->status >= first_error) return tl::unexpected(error_of_problem(reply->body));
    return json_value(reply->body);
}

void poll_once(const std::vector<Pollable*>& all, std::chrono::milliseconds timeout) {
    std::vector<pollfd> polled;
    std::vector<Pollable*> owners;
    for (Pollable* each : all) {
        if (each->fd() < 0) continue;
        polled.push_back({each->fd(), each->events(), 0});
        owners.push_back(each);
    }
    if (::poll(polled.data(), polled.size(), static_cast<int>(timeout.count())) <= 0) return;
    for (std::size_t i = 0; i < polled.size(); ++i) {
        const bool same = owners[i]->fd() == polled[i].fd;  // a callback may have closed it
        if (polled[i].revents != 0 && same) owners[i]->on_ready();
    }
}

Result<void> Wire::connect(const std::string& path) {
    close();
    auto fd = connect_unix(path);
    if (!fd) return tl::unexpected(fd.error());
    fd_ = std::move(*fd);
    return {};
}

Wire::State Wire::flush() {
    while (has_output()) {
        const auto count =
            ::send(fd_.get(), output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL);
        if (count < 0) return errno == EAGAIN || errno == EINTR ? State::open : State::lost;
        sent_ += static_cast<std::size_t>(count);
    }
    output_.clear();
    sent_ = 0;
    return State::open;
}

Wire::State Wire::fill() {
    std::array<char, http_read_bytes> buffer;
    while (true) {
        const auto count = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
        if (count == 0) return State::lost;
        if (count < 0) return errno == EAGAIN || errno == EINTR ? State::open : State::lost;
        input_.append(buffer.data(), static_cast<std::size_t>(count));
        if (static_cast<std::size_t>(count) < buffer.size()) return State::open;
    }
}

void HttpChannel::begin(std::string_view request, Answered answered, Clock::time_point deadline) {
    answered_ = std::move(answered);
    deadline_ = deadline;
    reader_ = std::make_unique<ResponseReader>();
    if (!wire_.is_open()) {
        const auto connected = wire_.connect(path_);
        if (!connected) return fail(connected.error());
    }
    wire_.put(request);
    if (wire_.flush() == Wire::State::lost) fail(connection_lost(path_));
}

void HttpChannel::abandon() {
    if (!is_idle()) return fail(connection_lost(path_));
    wire_.close();
}

void HttpChannel::expire(Clock::time_point now) {
    if (!is_idle() && now >= deadline_) fail(late(path_));
}

short HttpChannel::events() const {
    return static_cast<short>(wire_.has_output() ? POLLIN | POLLOUT : POLLIN);
}

void HttpChannel::on_ready() {
    if (wire_.flush() == Wire::State::lost) return fail(connection_lost(path_));
    read();
}

void HttpChannel::fail(const Error& error) {
    wire_.close();
    if (const auto answered = std::exchange(answered_, nullptr)) answered(tl::unexpected(error));
}

void HttpChannel::read() {
    const Wire::State state = wire_.fill();
    if (is_idle()) {
        if (state == Wire::State::lost || !wire_.input().empty()) wire_.close();
        return;
    }
    Reading reading = wire_.input().empty() ? Reading::more : reader_->feed(wire_.input());
    if (reading == Reading::more && state == Wire::State::lost) reading = reader_->end();
    if (reading == Reading::more) return;
    if (reading != Reading::complete) {
        return fail(state == Wire::State::lost ? connection_lost(path_) : malformed_answer(path_));
    }
    if (state == Wire::State::lost) wire_.close();
    const HttpReply reply{reader_->status(), reader_->take_body()};
    const auto answered = std::exchange(answered_, nullptr);
    answered(reply);
}

void EventStream::open() {
    text_.clear();
    reader_ = std::make_unique<ResponseReader>();
    const auto connected = wire_.connect(path_);
    if (!connected) return fail(connected.error());
    wire_.put(http_request_text("GET", target_, {}));
    if (wire_.flush() == Wire::State::lost) fail(connection_lost(path_));
}

void EventStream::close() {
    wire_.close();
}

short EventStream::events() const {
    return static_cast<short>(wire_.has_output() ? POLLIN | POLLOUT : POLLIN);
}

void EventStream::fail(const Error& error) {
    wire_.close();
    ended_(error);
}

void EventStream::on_ready() {
    if (wire_.flush() == Wire::State::lost) return fail(connection_lost(path_));
    const Wire::State state = wire_.fill();
    if (!wire_.input().empty()) {
        const Reading reading = reader_->feed(wire_.input());
        if (reading != Reading::more && reading != Reading::complete)
            return fail(malformed_answer(path_));
    }
    if (reader_->has_head()) text_ += reader_->take_body();
    if (reader_->has_head() && reader_->status() == 200) take_events();
    if (state == Wire::State::open || !wire_.is_open()) return;
    const bool refused = reader_->has_head() && reader_->status() >= first_error;
    fail(refused ? error_of_problem(text_) : connection_lost(path_));
}

void EventStream::take_events() {
    std::size_t begin = 0;
    for (std::size_t end = text_.find("\n\n"); end != std::string::npos && wire_.is_open();
         end = text_.find("\n\n", begin)) {
        const std::string_view event = std::string_view(text_).substr(begin, end + 1 - begin);
        begin = end + 2;
        const auto document = json_value(field_of(event, "data: "));
        if (document) take_(field_of(event, "event: "), *document);
    }
    text_.erase(0, begin);
}

}  // namespace starling::cli
