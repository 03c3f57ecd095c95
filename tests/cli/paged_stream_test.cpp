#include "node/cli/paged_stream.hpp"

#include "node/cli/descriptor.hpp"
#include "tests/cli/test_place.hpp"

#include <catch2/catch.hpp>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <optional>

namespace starling::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t page_size = 8;

// A server with one stream of `count` pieces of 64 KiB, and its client, turned by hand.
struct Reader {
    explicit Reader(std::size_t count) {
        auto made = HttpServer::listen(
            place / "s", [this, count](const HttpRequest&, const Exchange& exchange) {
                const auto fetch = [this, count](const std::string& after,
                                                 const PagedStream::Take& take) {
                    ++pages;
                    const std::size_t from = after.empty() ? 0 : std::stoul(after) - 100 + 1;
                    PagedStream::Page page;
                    for (std::size_t i = from; i < std::min(from + page_size, count); ++i) {
                        const std::string key = std::to_string(100 + i);
                        page.pieces.push_back({key, key, key + std::string(65'536, '.')});
                    }
                    page.more = from + page_size < count;
                    take(std::move(page));
                };
                stream = std::make_shared<PagedStream>(exchange, "item", "caught up", fetch);
                exchange.begin_stream([] {});
                stream->begin();
            });
        REQUIRE(made);
        server.emplace(std::move(*made));
        auto connected = connect_unix(place / "s");
        REQUIRE(connected);
        client = std::move(*connected);
        const std::string_view request = "GET / HTTP/1.1\r\nHost: node\r\n\r\n";
        REQUIRE(::send(client.get(), request.data(), request.size(), 0) > 0);
        while (!stream) server->turn(5ms);
    }

    void read() {
        std::array<char, 65'536> buffer{};
        while (true) {
            server->turn(1ms);
            const auto count = ::recv(client.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
            if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
            if (count == 0 || text.find("caught up") != std::string::npos) return;
        }
    }

    [[nodiscard]] std::size_t times(const std::string& word) const {
        std::size_t found = 0;
        for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
            ++found;
        }
        return found;
    }

    TestPlace place;
    std::size_t pages = 0;
    std::shared_ptr<PagedStream> stream;
    std::optional<HttpServer> server;
    Descriptor client;
    std::string text;
};

TEST_CASE("a stream of more than a reader may have waiting is read to its end", "[cli][stream]") {
    Reader reader(40);
    CHECK(reader.pages < 5);  // no page is asked for before there is room
    reader.read();
    CHECK(reader.times("data: 1") == 40);
    CHECK(reader.times("caught up") == 1);
    CHECK(reader.times("lagged") == 0);
    CHECK(reader.pages == 5);
}

TEST_CASE("a change of what waits replaces it, one of a later page comes with that page",
          "[cli][stream]") {
    Reader reader(40);
    reader.stream->change({"100", "100", "changed a"});
    const std::string waits = std::to_string(100 + page_size * reader.pages - 1);
    reader.stream->change({waits, waits, "changed b"});
    reader.stream->change({"139", "139", "changed c"});
    reader.read();
    CHECK(reader.times("changed a") == 1);
    CHECK(reader.times("changed b") == 1);
    CHECK(reader.times("changed c") == 0);
    CHECK(reader.times("data: 139") == 1);
    CHECK(reader.times("data: " + waits) == 0);
    reader.stream->change({"139", "139", "changed d"});
    reader.text.clear();
    reader.stream->change({"999", "999", "caught up again"});
    reader.read();
    CHECK(reader.times("changed d") == 1);
}

TEST_CASE("a stream whose changes were dropped says so and begins again", "[cli][stream]") {
    Reader reader(20);
    reader.read();
    reader.text.clear();
    reader.stream->lag("lagged behind");
    reader.read();
    CHECK(reader.times("lagged behind") == 1);
    CHECK(reader.times("data: 1") == 20);
}

TEST_CASE("one event larger than what may wait is sent all the same", "[cli][stream]") {
    Reader reader(0);
    reader.read();
    reader.text.clear();
    reader.stream->change({"big", "big", std::string(2 * http_queued_bytes, 'x') + "caught up"});
    reader.read();
    CHECK(reader.text.size() > 2 * http_queued_bytes);
    CHECK(reader.times("lagged") == 0);
}

}  // namespace
}  // namespace starling::cli
