#include "node/envelope.hpp"

#include <catch2/catch.hpp>

namespace starling::node::envelope_test {
namespace {

TEST_CASE("a header is read as it was written", "[node][envelope]") {
    const auto bytes = header_bytes({.kind = Kind::ping, .link = {0x01020304}, .sent_ms = 77});
    const auto header = read_header(bytes);
    REQUIRE(header.has_value());
    CHECK(header->version == wire_version);
    CHECK(header->kind == Kind::ping);
    CHECK(header->link == LinkId{0x01020304});
    CHECK(header->sent_ms == 77);
}

TEST_CASE("a frame shorter than a header is refused", "[node][envelope][limits]") {
    CHECK(read_header(Bytes(limits::frame_header_bytes)).has_value());
    CHECK_FALSE(read_header(Bytes(limits::frame_header_bytes - 1)).has_value());
}

TEST_CASE("a frame past the limit is refused", "[node][envelope][limits]") {
    CHECK(read_header(Bytes(limits::frame_bytes)).has_value());
    CHECK_FALSE(read_header(Bytes(limits::frame_bytes + 1)).has_value());
}

}  // namespace
}  // namespace starling::node::envelope_test
