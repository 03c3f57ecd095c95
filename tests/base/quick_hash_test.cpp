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

TEST_CASE("a quick hash of a stream does not depend on how it was cut", "[base][quick_hash]") {
    const Bytes bytes(1000, 7);
    QuickHasher whole;
    whole.add(bytes);
    QuickHasher parts;
    parts.add(ByteView(bytes).first(3));
    parts.add(ByteView(bytes).subspan(3));
    CHECK(whole.digest() == parts.digest());
    parts.add(ByteView(bytes).first(1));
    CHECK(whole.digest() != parts.digest());
}

TEST_CASE("the copy of a stream's hash goes its own way", "[base][quick_hash]") {
    const Bytes bytes(1000, 7);
    QuickHasher one;
    one.add(bytes);
    QuickHasher copy = one;
    CHECK(copy.digest() == one.digest());
    copy.add(bytes);
    CHECK(copy.digest() != one.digest());
}

TEST_CASE("quick hashes are those that XXH3 is known by", "[base][quick_hash]") {
    CHECK(quick_hash(0, {}) == 0x2d06800538d394c2U);
    CHECK(to_hex(QuickHasher().digest()) == "99aa06d3014798d86001c324468d497f");
}

}  // namespace
}  // namespace starling::quick_hash_test
