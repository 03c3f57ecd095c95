#include "node/cli/http_server.hpp"

#include "node/cli/json.hpp"
#include "node/cli/terminal.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace starling::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t request_read_bytes = 16 * 1024;

Error http_error(ErrorCode code, std::string name, std::string message) {
    return Error{code, std::move(name), std::move(message), "", Changed::no};
}

Error error_of(Reading why) {
    if (why == Reading::body_too_large) {
        return http_error(ErrorCode::invalid, "body_too_large", "the body is larger than 1 MiB");
    }
    if (why == Reading::headers_too_large) {
        return http_error(ErrorCode::invalid, "http_malformed",
                          "the headers are larger than 16 KiB");
    }
    return http_error(ErrorCode::invalid, "http_malformed", "this is no HTTP/1.1 request");
}

unsigned status_of(const Error& error) {
    if (error.name == "route_unknown") return 404;
    if (error.name == "method_not_allowed") return 405;
    if (error.name == "body_too_large") return 413;
    if (error.name == "origin_refused") return 403;
    if (error.name == "timed_out") return 504;
    switch (error.code) {
        case ErrorCode::invalid:
            return 400;
        case ErrorCode::not_found:
            return 404;
        case ErrorCode::conflict:
            return 412;
        case ErrorCode::no_quorum:
        case ErrorCode::overloaded:
            return 503;
        case ErrorCode::unknown:
            return 504;
        case ErrorCode::would_deadlock:
        case ErrorCode::failed:
            return 500;
    }
    return 500;
}

// Bytes that came, or nothing left; false once the connection is over.
bool receive(int fd, std::string& input) {
    std::array<char, request_read_bytes> buffer{};
    const auto count = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (count > 0) input.append(buffer.data(), static_cast<std::size_t>(count));
    return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

}  // namespace

HttpResponse problem(const Error& error) {
    return {status_of(error), "application/problem+json", json_text(document_of(error)), {}};
}

Error error_of_problem(std::string_view body) {
    const auto document = json_value(body);
    if (!document || text_at(*document, "name").empty()) {
        return http_error(ErrorCode::failed, "answer_malformed",
                          "the answer is no answer of a node");
    }
    Error error{ErrorCode::failed, text_at(*document, "name"), text_at(*document, "message"),
                text_at(*document, "hint"), Changed::no};
    const std::string changed = text_at(*document, "changed");
    if (changed == "yes") error.changed = Changed::yes;
    if (changed == "unknown") error.changed = Changed::unknown;
    return error;
}

Result<HttpServer> HttpServer::listen(const std::string& path, Handler handler,
                                      const HttpPatience& patience) {
    auto listener = listen_unix(path);
    if (!listener) return tl::unexpected(listener.error());
    return HttpServer(path, std::move(*listener), std::move(handler), patience);
}

HttpServer::HttpServer(std::string path, Descriptor listener, Handler handler,
                       const HttpPatience& patience)
    : path_(std::move(path)),
      listener_(std::move(listener)),
      handler_(std::move(handler)),
      patience_(patience) {}

HttpServer::~HttpServer() {
    if (listener_.is_open()) ::unlink(path_.c_str());
}

void HttpServer::watch(int fd, std::function<void()> ready) {
    watched_.emplace_back(fd, std::move(ready));
}

HttpServer::Client* HttpServer::client(std::uint64_t id) {
    const auto found = clients_.find(id);
    return found == clients_.end() || found->second.gone ? nullptr : &found->second;
}

// A client that does not take its answers is not read from either: its output stays bounded.
bool HttpServer::may_read(const Client& client) {
    return client.state == State::streaming ||
           (client.state == State::reading && client.output.empty());
}

// The listener, what is watched, then the clients in the order of the map.
std::vector<pollfd> HttpServer::polled() const {
    std::vector<pollfd> fds{{listener_.get(), POLLIN, 0}};
    for (const auto& [fd, ready] : watched_) fds.push_back({fd, POLLIN, 0});
    for (const auto& [id, client] : clients_) {
        const int events = (may_read(client) ? POLLIN : 0) | (client.output.empty() ? 0 : POLLOUT);
        fds.push_back({client.fd.get(), static_cast<short>(events), 0});
    }
    return fds;
}

void HttpServer::turn(std::chrono::milliseconds timeout) {
    read_waiting();
    std::vector<pollfd> fds = polled();
    constexpr std::chrono::milliseconds sweep = 1s;
    const bool more = std::ranges::any_of(clients_, [](const auto& each) {
        return may_read(each.second) && !each.second.in_request && !each.second.input.empty();
    });
    const auto wait = more ? 0ms : clients_.empty() ? timeout : std::min(timeout, sweep);
    if (::poll(fds.data(), fds.size(), static_cast<int>(wait.count())) > 0) {
        auto fd = fds.begin() + 1 + static_cast<std::ptrdiff_t>(watched_.size());
        for (auto& [id, client] : clients_) serve(id, client, (fd++)->revents);
        for (std::size_t i = 0; i < watched_.size(); ++i) {
            if (fds[i + 1].revents != 0) watched_[i].second();
        }
        if (fds.front().revents != 0) accept_all();
    }
    drop_stalled();
    drop_gone();
}

void HttpServer::accept_all() {
    constexpr int accepts_per_turn = 64;
    for (int i = 0; i < accepts_per_turn; ++i) {
        Descriptor fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!fd.is_open()) return;
        Client client{std::move(fd)};
        client.since = Clock::now();
        Client& kept = clients_.emplace(next_++, std::move(client)).first->second;
        if (clients_.size() <= http_connections) continue;
        kept.keep_alive = false;  // I1
        send(kept, problem(http_error(ErrorCode::overloaded, "too_many_connections",
                                      "256 connections are open already")));
        write_to(kept);
        kept.gone = true;
    }
}

void HttpServer::serve(std::uint64_t id, Client& client, short events) {
    if (client.gone || events == 0) return;
    if ((events & POLLOUT) != 0) write_to(client);
    if ((events & POLLIN) != 0) return read_from(id, client);
    if ((events & (POLLHUP | POLLERR)) != 0) client.gone = true;
}

void HttpServer::read_from(std::uint64_t id, Client& client) {
    std::string ignored;  // a streaming client has nothing more to say
    const bool streaming = client.state == State::streaming;
    if (!receive(client.fd.get(), streaming ? ignored : client.input)) {
        client.gone = true;
        return;
    }
    if (!streaming) read_request(id, client);
}

// Requests that came together with the one before them.
void HttpServer::read_waiting() {
    for (auto& [id, client] : clients_) {
        const bool waits = !client.gone && client.state == State::reading && !client.in_request;
        if (waits && may_read(client) && !client.input.empty()) read_request(id, client);
    }
}

void HttpServer::read_request(std::uint64_t id, Client& client) {
    if (!client.in_request) client.since = Clock::now();
    client.in_request = true;
    const Reading reading = client.reader.feed(client.input);
    if (reading == Reading::more) return;
    client.in_request = false;
    client.since = Clock::now();
    if (reading != Reading::complete) return refuse(client, reading);
    const HttpRequest request = client.reader.take();
    client.state = State::handling;
    client.patient = false;
    client.keep_alive = request.keep_alive;
    const Exchange exchange(*this, id);
    if (!request.from_web_page) return handler_(request, exchange);
    exchange.fail(http_error(ErrorCode::invalid, "origin_refused",
                             "a request of a web page (it has an Origin header)"));
}

void HttpServer::refuse(Client& client, Reading why) {
    client.keep_alive = false;
    send(client, problem(error_of(why)));
}

void HttpServer::send(Client& client, const HttpResponse& response) {
    const auto connection = client.keep_alive ? Connection::keep : Connection::close;
    client.output += http_text(response, connection);
    client.state = client.keep_alive ? State::reading : State::last_words;
    client.since = Clock::now();
}

void HttpServer::push(Client& client, std::string_view event, std::string_view text) {
    if (client.state != State::streaming) return;
    if (client.output.empty()) client.since = Clock::now();  // it was quiet, not stalled
    if (client.output.empty() || client.output.size() + text.size() <= http_queued_bytes) {
        client.output += http_event(event, text);
        return;
    }
    client.output += http_event("lagged", "{}");  // I2
    client.state = State::last_words;
}

void HttpServer::write_to(Client& client) {
    if (client.output.empty()) return;
    const auto count =
        ::send(client.fd.get(), client.output.data(), client.output.size(), MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN && errno != EINTR) client.gone = true;
    if (count <= 0) return;
    client.output.erase(0, static_cast<std::size_t>(count));
    client.since = Clock::now();
    if (client.output.empty() && client.state == State::last_words) client.gone = true;
    if (client.drained && client.output.size() < http_room_below) {
        std::exchange(client.drained, {})();
    }
}

bool HttpServer::is_stalled(const Client& client, Clock::time_point now) const {
    const auto stands = now - client.since;
    switch (client.state) {
        case State::reading:
            return stands > (client.in_request ? patience_.request : patience_.idle);
        case State::handling:
            return !client.patient && stands > patience_.stalled;
        case State::streaming:
            return !client.output.empty() && stands > patience_.stalled;
        case State::last_words:
            return stands > patience_.stalled;
    }
    return false;
}

void HttpServer::drop_stalled() {
    const auto now = Clock::now();
    for (auto& [id, client] : clients_) {
        if (client.gone || !is_stalled(client, now)) continue;
        if (client.state == State::handling) {
            send(client, problem(http_error(ErrorCode::unknown, "timed_out",
                                            "the node did not answer within 30 s")));
            continue;
        }
        client.gone = true;
    }
}

void HttpServer::drop_gone() {
    for (auto each = clients_.begin(); each != clients_.end();) {
        if (!each->second.gone && each->second.state == State::last_words && each->second.ended) {
            std::exchange(each->second.ended, {})();
        }
        if (!each->second.gone) {
            ++each;
            continue;
        }
        const auto ended = std::move(each->second.ended);
        each = clients_.erase(each);
        if (ended) ended();
    }
}

void Exchange::reply(const HttpResponse& response) const {
    auto* client = server_->client(connection_);
    if (client == nullptr || client->state != HttpServer::State::handling) return;
    server_->send(*client, response);
    server_->write_to(*client);
}

void Exchange::reply(const Value& document, unsigned status) const {
    reply(HttpResponse{status, "application/json", json_text(document), {}});
}

void Exchange::fail(const Error& error) const {
    reply(problem(error));
}

void Exchange::be_patient() const {
    if (auto* client = server_->client(connection_)) client->patient = true;
}

void Exchange::begin_stream(std::function<void()> ended) const {
    auto* client = server_->client(connection_);
    if (client == nullptr || client->state != HttpServer::State::handling) return ended();
    client->state = HttpServer::State::streaming;
    client->output += http_stream_head();
    client->ended = std::move(ended);
    client->since = HttpServer::Clock::now();
}

void Exchange::push(std::string_view event, std::string_view text) const {
    if (auto* client = server_->client(connection_)) server_->push(*client, event, text);
}

bool Exchange::has_room() const {
    const auto* client = server_->client(connection_);
    return client != nullptr && client->output.size() < http_room_below;
}

void Exchange::when_drained(std::function<void()> then) const {
    if (auto* client = server_->client(connection_)) client->drained = std::move(then);
}

void Exchange::end_stream() const {
    auto* client = server_->client(connection_);
    if (client == nullptr || client->state != HttpServer::State::streaming) return;
    client->state = HttpServer::State::last_words;
    client->since = HttpServer::Clock::now();
}

bool Exchange::is_open() const {
    return server_->client(connection_) != nullptr;
}

}  // namespace starling::cli
