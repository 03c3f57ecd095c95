#include "base/bytes.hpp"

#include <catch2/catch.hpp>

#include <array>

namespace starling::bytes_test {
namespace {

TEST_CASE("hexadecimal text says the same as its bytes", "[base][bytes]") {
    const Bytes bytes{0x00, 0x7f, 0xff};
    CHECK(to_hex(bytes) == "007fff");
    CHECK(from_hex("007fff") == bytes);
    CHECK(from_hex("007FFF") == bytes);
}

TEST_CASE("half a byte is no hexadecimal text", "[base][bytes]") {
    CHECK_FALSE(from_hex("007").has_value());
}

TEST_CASE("a letter past f is no hexadecimal text", "[base][bytes]") {
    CHECK_FALSE(from_hex("0g").has_value());
}

TEST_CASE("stored numbers sort as numbers do", "[base][bytes]") {
    std::array<std::uint8_t, 8> small{};
    std::array<std::uint8_t, 8> large{};
    store_u64(small, 255);
    store_u64(large, 256);
    CHECK(small < large);
    CHECK(load_u64(large) == 256);
}

}  // namespace
}  // namespace starling::bytes_test
