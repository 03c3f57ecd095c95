#include "sim/trace_hash.hpp"

#include <catch2/catch.hpp>

namespace starling::sim::trace_hash_test {
namespace {

using namespace std::chrono_literals;

TraceRecord record_of(std::uint64_t field) {
    return {Event::link_up, 2, {field, 7}};
}

TraceHash hash_of(Duration now, std::uint32_t host, std::uint64_t field) {
    TraceHash hash;
    hash.add(now, host, record_of(field));
    return hash;
}

TEST_CASE("the same record gives the same digest of 32 digits", "[sim][trace_hash]") {
    CHECK(hash_of(1ms, 2, 3).digest() == hash_of(1ms, 2, 3).digest());
    CHECK(hash_of(1ms, 2, 3).digest().size() == 32);
}

TEST_CASE("time, host and fields change the digest", "[sim][trace_hash]") {
    const std::string digest = hash_of(1ms, 2, 3).digest();
    CHECK(hash_of(2ms, 2, 3).digest() != digest);
    CHECK(hash_of(1ms, 1, 3).digest() != digest);
    CHECK(hash_of(1ms, 2, 4).digest() != digest);
}

TEST_CASE("the order of records changes the digest", "[sim][trace_hash]") {
    TraceHash one = hash_of(1ms, 1, 1);
    one.add(1ms, 1, record_of(2));
    TraceHash other = hash_of(1ms, 1, 2);
    other.add(1ms, 1, record_of(1));
    CHECK(one.digest() != other.digest());
}

TEST_CASE("reading the digest does not change what follows", "[sim][trace_hash]") {
    TraceHash read = hash_of(1ms, 1, 1);
    static_cast<void>(read.digest());
    read.add(2ms, 1, record_of(2));
    TraceHash unread = hash_of(1ms, 1, 1);
    unread.add(2ms, 1, record_of(2));
    CHECK(read.digest() == unread.digest());
}

TEST_CASE("a long trace depends on its first record", "[sim][trace_hash]") {
    TraceHash one = hash_of(1ms, 1, 1);
    TraceHash other = hash_of(1ms, 1, 2);
    for (std::uint64_t i = 0; i < 10'000; ++i) {
        one.add(2ms, 1, record_of(i));
        other.add(2ms, 1, record_of(i));
    }
    CHECK(one.digest() != other.digest());
}

}  // namespace
}  // namespace starling::sim::trace_hash_test
