#include "node/io/address.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace starling::io::address_test {

TEST_CASE("an address is read back as it was written", "[io][address]") {
    for (const char* text : {"10.0.0.7:7847", "node-3.example:1", "[fe80::1]:65535", "a:0"}) {
        const auto parsed = parse_address(text);
        REQUIRE(parsed);
        CHECK(parsed->text() == text);
    }
}

TEST_CASE("text that is no address is refused", "[io][address]") {
    for (const char* text : {"", ":", "a", "a:", ":1", "a:65536", "a:-1", "a:1x", "fe80::1:7",
                             "[]:1", "a: 1", "a:+1"}) {
        INFO(text);
        const auto parsed = parse_address(text);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().name == "bad_address");
    }
}

TEST_CASE("a numeric address is found without asking anybody", "[io][address]") {
    const auto endpoint = lookup({"127.0.0.1", 7847}, Names::numeric_only);
    REQUIRE(endpoint);
    CHECK(endpoint->text() == "127.0.0.1:7847");
}

TEST_CASE("a host name is no numeric address", "[io][address]") {
    CHECK_FALSE(lookup({"localhost", 1}, Names::numeric_only));
}

TEST_CASE("the way to the loopback leaves from the loopback", "[io][address]") {
    const auto to = lookup({"127.0.0.1", 9}, Names::numeric_only);
    CHECK(source_host_towards(*to) == "127.0.0.1");
}

TEST_CASE("an unspecified address is told from others", "[io][address]") {
    CHECK(lookup({"0.0.0.0", 1}, Names::numeric_only)->is_unspecified());
    CHECK(lookup({"::", 1}, Names::numeric_only)->is_unspecified());
    CHECK_FALSE(lookup({"127.0.0.1", 1}, Names::numeric_only)->is_unspecified());
}

}  // namespace starling::io::address_test
