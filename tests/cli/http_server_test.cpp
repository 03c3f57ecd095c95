#include "node/cli/http_server.hpp"

#include "node/cli/arguments.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/descriptor.hpp"
#include "node/cli/document_fields.hpp"
#include "node/cli/http_client.hpp"
#include "node/cli/json.hpp"
#include "node/cli/routes.hpp"
#include "node/cli/terminal.hpp"
#include "tests/cli/test_place.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

namespace starling::cli::http_server_test {
namespace {

using namespace std::chrono_literals;

// A server that a thread of its own turns until the end of the test.
class Served {
public:
    explicit Served(const std::string& path, HttpServer::Handler handler) {
        auto server = HttpServer::listen(path, std::move(handler));
        REQUIRE(server);
        server_.emplace(std::move(*server));
        thread_ = std::thread([this] {
            while (!done_) server_->turn(5ms);
        });
    }

    Served(const Served&) = delete;
    Served& operator=(const Served&) = delete;

    ~Served() {
        done_ = true;
        thread_.join();
    }

private:
    std::optional<HttpServer> server_;
    std::atomic<bool> done_{false};
    std::thread thread_;
};

void echo(const HttpRequest& request, const Exchange& exchange) {
    exchange.reply(Value(Value::Map{{"path", request.path}, {"body", request.body}}));
}

// Everything that the other side sends until it closes, or until nothing came for a while.
std::string read_all(int fd) {
    std::string text;
    std::array<char, 4096> buffer{};
    pollfd polled{fd, POLLIN, 0};
    while (::poll(&polled, 1, 2000) == 1) {
        const auto count = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (count <= 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return text;
}

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        pollfd polled{fd, POLLOUT, 0};
        ::poll(&polled, 1, 2000);
        const auto count = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        if (count <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
}

TEST_CASE("a request gets its answer", "[cli][server]") {
    const TestPlace place;
    const Served served(place / "s", echo);
    const auto answer = HttpClient(place / "s", 5s).post("/x", Value("hi"));
    REQUIRE(answer);
    CHECK(text_at(*answer, "path") == "/x");
    CHECK(text_at(*answer, "body") == "\"hi\"");
}

TEST_CASE("a socket that nobody serves is an error that names it", "[cli][client]") {
    const TestPlace place;
    const auto answer = HttpClient(place / "gone", 5s).get("/");
    REQUIRE_FALSE(answer);
    CHECK(answer.error().name == "node_unreachable");
    CHECK(answer.error().message.find(place / "gone") != std::string::npos);
    CHECK(answer.error().message.find("No such file") != std::string::npos);
}

TEST_CASE("a socket path of 100 bytes is used, one more names path and limit", "[cli][server]") {
    const TestPlace place;
    const std::string longest = place / std::string(100 - place.path().size() - 1, 's');
    CHECK(longest.size() == 100);
    { const Served served(longest, echo); }
    const auto longer = HttpServer::listen(longest + "s", echo);
    REQUIRE_FALSE(longer);
    CHECK(longer.error().name == "socket_path_too_long");
    CHECK(longer.error().message.find(longest) != std::string::npos);
    CHECK(longer.error().message.find("100") != std::string::npos);
}

TEST_CASE("a socket in use is not taken away", "[cli][server]") {
    const TestPlace place;
    const Served served(place / "s", echo);
    const auto second = HttpServer::listen(place / "s", echo);
    REQUIRE_FALSE(second);
    CHECK(second.error().name == "socket_in_use");
    CHECK(HttpClient(place / "s", 5s).get("/"));
}

TEST_CASE("a socket left behind by a dead process is replaced", "[cli][server]") {
    const TestPlace place;
    { const auto left = listen_unix(place / "s"); }
    const Served served(place / "s", echo);
    CHECK(HttpClient(place / "s", 5s).get("/"));
}

TEST_CASE("a file that is no socket is never replaced", "[cli][server]") {
    const TestPlace place;
    std::ofstream(place / "s") << "precious";
    const auto server = HttpServer::listen(place / "s", echo);
    REQUIRE_FALSE(server);
    CHECK(server.error().name == "file_exists");
}

TEST_CASE("the socket is gone with its server", "[cli][server]") {
    const TestPlace place;
    { const Served served(place / "s", echo); }
    CHECK_FALSE(std::filesystem::exists(place / "s"));
}

TEST_CASE("a thousand requests on one connection are answered in their order", "[cli][server]") {
    const TestPlace place;
    const Served served(place / "s", echo);
    const auto fd = connect_unix(place / "s");
    REQUIRE(fd);
    std::string requests;
    for (int i = 0; i < 999; ++i)
        requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
    requests += "GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    std::thread writer([&] { write_all(fd->get(), requests); });
    const std::string answers = read_all(fd->get());
    writer.join();
    std::size_t at = 0;
    for (int i = 0; i < 999; ++i) {
        at = answers.find("\"path\":\"/" + std::to_string(i) + "\"", at);
        REQUIRE(at != std::string::npos);
    }
    CHECK(answers.find("/last", at) != std::string::npos);
}

TEST_CASE("what is no HTTP is answered with a problem and the end", "[cli][server]") {
    const TestPlace place;
    const Served served(place / "s", echo);
    const auto fd = connect_unix(place / "s");
    REQUIRE(fd);
    write_all(fd->get(), "hello?\r\n\r\n");
    const std::string answer = read_all(fd->get());
    CHECK(answer.starts_with("HTTP/1.1 400"));
    CHECK(answer.find("application/problem+json") != std::string::npos);
    CHECK(answer.find("http_malformed") != std::string::npos);
}

TEST_CASE("the 256th connection is served, the next one is refused", "[cli][server]") {
    const TestPlace place;
    const Served served(place / "s", echo);
    std::vector<Descriptor> open;
    for (std::size_t i = 0; i < http_connections; ++i) {
        auto fd = connect_unix(place / "s");
        REQUIRE(fd);
        open.push_back(std::move(*fd));
    }
    write_all(open.back().get(), "GET /256 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    CHECK(read_all(open.back().get()).find("/256") != std::string::npos);
    auto again = connect_unix(place / "s");
    auto over = connect_unix(place / "s");
    REQUIRE(over);
    CHECK(read_all(over->get()).find("too_many_connections") != std::string::npos);
}

TEST_CASE("a reader of a stream that is too slow gets lagged and the end", "[cli][server]") {
    const TestPlace place;
    std::atomic<bool> ended{false};
    const Served served(place / "s", [&](const HttpRequest&, const Exchange& exchange) {
        exchange.begin_stream([&] { ended = true; });
        const std::string kilobyte(1024, 'x');
        for (int i = 0; i < 2048; ++i) exchange.push("item", kilobyte);
    });
    const auto fd = connect_unix(place / "s");
    REQUIRE(fd);
    write_all(fd->get(), "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string stream = read_all(fd->get());
    CHECK(stream.ends_with("event: lagged\ndata: {}\n\n"));
    CHECK(stream.size() <= http_queued_bytes + 4096);
    CHECK(ended);
}

TEST_CASE("a stream that its reader leaves is given up", "[cli][server]") {
    const TestPlace place;
    std::atomic<bool> ended{false};
    const Served served(place / "s", [&](const HttpRequest&, const Exchange& exchange) {
        exchange.begin_stream([&] { ended = true; });
        exchange.push("item", "{\"n\":1}");
    });
    std::vector<std::int64_t> got;
    const auto end =
        HttpClient(place / "s", 5s).stream("/", [&](std::string_view event, const Value& value) {
            CHECK(event == "item");
            got.push_back(number_at(value, "n"));
            return false;
        });
    CHECK(end);
    CHECK(got == std::vector<std::int64_t>{1});
    for (int i = 0; i < 400 && !ended; ++i) std::this_thread::sleep_for(5ms);
    CHECK(ended);
}

TEST_CASE("a stream that was quiet for long is not taken for a stalled one", "[cli][server]") {
    const TestPlace place;
    std::optional<Exchange> stream;
    auto server = HttpServer::listen(place / "s",
                                     [&](const HttpRequest&, const Exchange& exchange) {
                                         exchange.begin_stream([] {});
                                         stream = exchange;
                                     },
                                     {.stalled = 20ms});
    REQUIRE(server);
    const Descriptor bell(::eventfd(0, EFD_NONBLOCK));
    server->watch(bell.get(), [&] {
        ::eventfd_t rung = 0;
        ::eventfd_read(bell.get(), &rung);
        stream->push("news", "{}");
    });
    const auto client = connect_unix(place / "s");
    REQUIRE(client);
    const std::string_view request = "GET / HTTP/1.1\r\nHost: node\r\n\r\n";
    REQUIRE(::send(client->get(), request.data(), request.size(), 0) > 0);
    while (!stream) server->turn(5ms);
    for (int quiet = 0; quiet < 3; ++quiet) {
        std::this_thread::sleep_for(20ms);
        server->turn(0ms);
    }
    ::eventfd_write(bell.get(), 1);
    server->turn(5ms);
    CHECK(server->connections() == 1);
}

TEST_CASE("a web page is refused", "[cli][server]") {
    const TestPlace place;
    const Served served(place / "s", echo);
    const auto fd = connect_unix(place / "s");
    REQUIRE(fd);
    write_all(fd->get(),
              "GET / HTTP/1.1\r\nHost: h\r\nOrigin: http://x\r\nConnection: close\r\n\r\n");
    CHECK(read_all(fd->get()).starts_with("HTTP/1.1 403"));
}

TEST_CASE("an unknown path and a wrong method say what there is", "[cli][routes]") {
    const TestPlace place;
    Routes routes;
    routes.add("GET", "/known", echo);
    const Served served(place / "s", [&](const HttpRequest& request, const Exchange& exchange) {
        routes.serve(request, exchange);
    });
    const HttpClient client(place / "s", 5s);
    CHECK(client.get("/unknown").error().name == "route_unknown");
    const auto wrong = client.post("/known", Value());
    CHECK(wrong.error().name == "method_not_allowed");
    CHECK(wrong.error().message == "/known takes GET");
}

TEST_CASE("an error crosses the local interface whole", "[cli][routes]") {
    const Error sent{ErrorCode::overloaded, "disk_low", "12 MiB free", "free space", Changed::no};
    const Error got = error_of_problem(problem(sent).body);
    CHECK(got.name == sent.name);
    CHECK(got.message == sent.message);
    CHECK(got.hint == sent.hint);
    CHECK(problem(sent).status == 503);
    CHECK(error_of_problem("<html>").name == "answer_malformed");
}

TEST_CASE("a list of tasks is partial when one of its pages is", "[cli][client]") {
    const TestPlace place;
    const Served served(place / "s", [](const HttpRequest& request, const Exchange& exchange) {
        const bool first = !request.query.contains("after");
        exchange.reply(Value(Value::Map{{"items", Value::List{Value::Map{{"id", "t"}}}},
                                        {"last", first ? "a" : "b"},
                                        {"more", first},
                                        {"partial", first}}));
    });
    const std::vector<std::string> words{"task", "ls", "--json", "--node", "unix:" + (place / "s")};
    const auto call = parse(words, [](const std::string&) { return std::nullopt; });
    REQUIRE(call);
    std::ostringstream out;
    std::ostringstream err;
    Terminal terminal(out, err);
    terminal.set_format(call->format, call->quiet);
    REQUIRE(call->command->run(*call, terminal));
    const auto document = json_value(out.str());
    REQUIRE(document);
    CHECK(list_at(*document, "items").size() == 2);
    CHECK(flag_at(*document, "partial"));
    CHECK(err.str().find("some custodians did not answer") != std::string::npos);
}

}  // namespace
}  // namespace starling::cli::http_server_test
