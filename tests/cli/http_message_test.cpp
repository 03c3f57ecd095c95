#include "node/cli/http_message.hpp"

#include <catch2/catch.hpp>

namespace starling::cli::http_message_test {
namespace {

Reading fed(const std::string& text) {
    RequestReader reader;
    std::string input = text;
    return reader.feed(input);
}

HttpRequest request_of(const std::string& text) {
    RequestReader reader;
    std::string input = text;
    REQUIRE(reader.feed(input) == Reading::complete);
    return reader.take();
}

TEST_CASE("a request is read with its path and query decoded", "[cli][http]") {
    const auto request = request_of("GET /v1/a%20b?x=1&y=%41%2F&z HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(request.method == "GET");
    CHECK(request.path == "/v1/a b");
    CHECK(request.query.at("x") == "1");
    CHECK(request.query.at("y") == "A/");
    CHECK(request.query.at("z").empty());
    CHECK(request.keep_alive);
}

TEST_CASE("a percent sign without two digits stays what it is", "[cli][http]") {
    CHECK(request_of("GET /a%2 HTTP/1.1\r\nHost: h\r\n\r\n").path == "/a%2");
    CHECK(request_of("GET /%zz% HTTP/1.1\r\nHost: h\r\n\r\n").path == "/%zz%");
}

TEST_CASE("a request that comes byte by byte is read", "[cli][http]") {
    const std::string text = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
    RequestReader reader;
    std::string input;
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
        input += text[i];
        REQUIRE(reader.feed(input) == Reading::more);
    }
    input += text.back();
    REQUIRE(reader.feed(input) == Reading::complete);
    CHECK(reader.take().body == "abc");
}

TEST_CASE("the second of two requests in one read is kept for later", "[cli][http]") {
    RequestReader reader;
    std::string input = "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n";
    REQUIRE(reader.feed(input) == Reading::complete);
    CHECK(reader.take().path == "/a");
    REQUIRE(reader.feed(input) == Reading::complete);
    CHECK(reader.take().path == "/b");
    CHECK(input.empty());
}

TEST_CASE("a body in chunks is put together", "[cli][http]") {
    const auto request = request_of(
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
        "chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n");
    CHECK(request.body == "abc");
}

TEST_CASE("a request of a web page is recognized", "[cli][http]") {
    CHECK(request_of("GET / HTTP/1.1\r\nHost: h\r\nOrigin: http://evil\r\n\r\n").from_web_page);
    CHECK_FALSE(request_of("GET / HTTP/1.1\r\nHost: h\r\n\r\n").from_web_page);
}

TEST_CASE("headers of 16 KiB at most are read", "[cli][http]") {
    const std::string start = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
    const std::string end = "\r\n\r\n";
    const std::size_t room = http_header_bytes - start.size() - end.size();
    CHECK(fed(start + std::string(room, 'a') + end) == Reading::complete);
    CHECK(fed(start + std::string(room + 1, 'a') + end) == Reading::headers_too_large);
    CHECK(fed(start + std::string(10 * room, 'a')) == Reading::headers_too_large);
}

TEST_CASE("a body of 1 MiB is read, one byte more is refused before it comes", "[cli][http]") {
    const auto head = [](std::size_t size) {
        return "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
    };
    CHECK(fed(head(http_body_bytes) + std::string(http_body_bytes, 'x')) == Reading::complete);
    CHECK(fed(head(http_body_bytes + 1)) == Reading::body_too_large);
    CHECK(fed("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n") ==
          Reading::malformed);
}

TEST_CASE("what is no HTTP is refused", "[cli][http]") {
    for (const char* text :
         {"\x16\x03\x01\x02 hello over TLS\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
          "GET / HTTP/1.1\r\nno colon\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
          "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
        INFO(text);
        CHECK(fed(text) == Reading::malformed);
    }
}

TEST_CASE("no flipped byte of a request does more than spoil it", "[cli][http]") {
    const std::string whole =
        "POST /v1/admit?a=b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n{ }";
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (const int letter : {0, 10, 13, 58, 255}) {
            RequestReader reader;
            std::string spoilt = whole;
            spoilt[at] = static_cast<char>(letter);
            if (reader.feed(spoilt) == Reading::complete) CHECK(reader.take().body.size() <= 3);
        }
    }
}

TEST_CASE("our answers are read back by our reader", "[cli][http]") {
    std::string text =
        http_text({503, "text/plain", "joining\n", {{"Allow", "GET"}}}, Connection::keep);
    CHECK(text.find("Allow: GET\r\n") != std::string::npos);
    ResponseReader reader;
    REQUIRE(reader.feed(text) == Reading::complete);
    CHECK(reader.status() == 503);
    CHECK(reader.take_body() == "joining\n");
}

TEST_CASE("our requests are read back by our reader", "[cli][http]") {
    const auto request =
        request_of(http_request_text("POST", "/x?k=" + percent_encoded("a b/ë&"), "{}"));
    CHECK(request.method == "POST");
    CHECK(request.query.at("k") == "a b/ë&");
    CHECK(request.body == "{}");
}

TEST_CASE("a stream ends with its connection", "[cli][http]") {
    ResponseReader reader;
    std::string text = http_stream_head() + http_event("member", "{}");
    CHECK(reader.feed(text) == Reading::more);
    CHECK(reader.has_head());
    CHECK(reader.take_body() == "event: member\ndata: {}\n\n");
    CHECK(reader.end() == Reading::complete);
}

TEST_CASE("an answer that breaks off is no answer", "[cli][http]") {
    ResponseReader reader;
    std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
    CHECK(reader.feed(text) == Reading::more);
    CHECK(reader.end() == Reading::malformed);
}

TEST_CASE("an event of several lines stays one event", "[cli][http]") {
    CHECK(http_event("x", "a\nb") == "event: x\ndata: a\ndata: b\n\n");
}

}  // namespace
}  // namespace starling::cli::http_message_test
