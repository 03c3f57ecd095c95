#include "base/quick_hash.hpp"

#include <catch2/catch.hpp>

#include <set>

namespace starling::quick_hash_test {
namespace {

TEST_CASE("every byte and every length counts for a quick hash", "[base][quick_hash]") {
    std::set<std::uint64_t> seen;
    for (std::size_t size = 0; size < 40; ++size) {
        Bytes bytes(size);
        REQUIRE(quick_hash(1, bytes) == quick_hash(1, Bytes(size)));
        REQUIRE(seen.insert(quick_hash(1, bytes)).second);
        for (std::uint8_t& byte : bytes) {
            byte = 1;
            REQUIRE(seen.insert(quick_hash(1, bytes)).second);
            byte = 0;
        }
    }
}

TEST_CASE("another seed gives other quick hashes", "[base][quick_hash]") {
    const Bytes bytes = bytes_of("some bytes");
    CHECK(quick_hash(1, bytes) != quick_hash(2, bytes));
}

}  // namespace
}  // namespace starling::quick_hash_test
