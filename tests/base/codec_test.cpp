#include "base/codec.hpp"

#include "base/rng.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>

namespace starling::codec_test {
namespace {

Bytes list_of(std::size_t count) {
    Bytes bytes;
    Writer out(bytes);
    out.list(count);
    for (std::size_t i = 0; i < count; ++i) out.uint(i % 100);
    return bytes;
}

Bytes nested(std::size_t depth) {
    Bytes bytes;
    Writer out(bytes);
    for (std::size_t i = 0; i < depth; ++i) out.list(1);
    out.nil();
    return bytes;
}

TEST_CASE("what was written is read back", "[base][codec]") {
    Bytes bytes;
    Writer out(bytes);
    out.list(7);
    out.uint(UINT64_MAX);
    out.sint(-5);
    out.boolean(true);
    out.text("ann");
    out.bytes(Bytes{1, 2});
    out.nil();
    out.list(2);
    out.uint(1);
    out.uint(2);

    Decoder decoder;
    Reader in = decoder.parse(bytes);
    CHECK(in.uint() == UINT64_MAX);
    CHECK(in.sint() == -5);
    CHECK(in.boolean());
    CHECK(in.text() == "ann");
    CHECK(equal(in.bytes(), Bytes{1, 2}));
    in.nil();
    Reader inner = in.list();
    CHECK(inner.uint() == 1);
    CHECK(inner.uint() == 2);
    CHECK(inner.remaining() == 0);
    CHECK(in.ok());
}

TEST_CASE("a positive number is read as a signed one too", "[base][codec]") {
    Bytes bytes;
    Writer out(bytes);
    out.list(2);
    out.sint(7);
    out.sint(INT64_MIN);
    Decoder decoder;
    Reader in = decoder.parse(bytes);
    CHECK(in.sint() == 7);
    CHECK(in.sint() == INT64_MIN);
    CHECK(in.ok());
}

TEST_CASE("a missing field fails the whole message", "[base][codec]") {
    const Bytes bytes = list_of(1);
    Decoder decoder;
    Reader in = decoder.parse(bytes);
    CHECK(in.uint() == 0);
    CHECK(in.ok());
    CHECK(in.uint() == 0);
    CHECK_FALSE(in.ok());
}

TEST_CASE("a field of another type fails the message", "[base][codec]") {
    const Bytes bytes = list_of(1);
    Decoder decoder;
    Reader in = decoder.parse(bytes);
    CHECK(in.text().empty());
    CHECK_FALSE(in.ok());
}

TEST_CASE("a failure inside a nested list fails the outer one", "[base][codec]") {
    const Bytes bytes = nested(2);
    Decoder decoder;
    Reader in = decoder.parse(bytes);
    Reader inner = in.list();
    CHECK(inner.uint() == 0);
    CHECK_FALSE(in.ok());
}

TEST_CASE("unknown trailing fields are ignored", "[base][codec]") {
    const Bytes bytes = list_of(3);
    Decoder decoder;
    Reader in = decoder.parse(bytes);
    CHECK(in.uint() == 0);
    CHECK(in.ok());
}

TEST_CASE("a list at the limit is read, one past it is not", "[base][codec][limits]") {
    Decoder decoder;
    CHECK(decoder.parse(list_of(limits::codec_array)).ok());
    CHECK_FALSE(decoder.parse(list_of(limits::codec_array + 1)).ok());
}

TEST_CASE("depth at the limit is read, one past it is not", "[base][codec][limits]") {
    Decoder decoder;
    CHECK(decoder.parse(nested(limits::codec_depth)).ok());
    CHECK_FALSE(decoder.parse(nested(limits::codec_depth + 1)).ok());
}

TEST_CASE("text at a field's bound is read, one past it is not", "[base][codec][limits]") {
    Bytes bytes;
    Writer out(bytes);
    out.list(1);
    out.text("four");
    Decoder decoder;
    CHECK(decoder.parse(bytes).text(4) == "four");
    Reader in = decoder.parse(bytes);
    CHECK(in.text(3).empty());
    CHECK_FALSE(in.ok());
}

TEST_CASE("input at the frame limit is read, one past it is not", "[base][codec][limits]") {
    const auto sized = [](std::size_t size) {
        Bytes bytes;
        Writer out(bytes);
        out.list(1);
        out.bytes(Bytes(size - 6));  // list header 1, bin32 header 5
        REQUIRE(bytes.size() == size);
        return bytes;
    };
    Decoder decoder;
    CHECK(decoder.parse(sized(limits::frame_bytes)).ok());
    CHECK_FALSE(decoder.parse(sized(limits::frame_bytes + 1)).ok());
}

TEST_CASE("bytes behind the value make the input malformed", "[base][codec]") {
    Bytes bytes = list_of(1);
    bytes.push_back(0);
    Decoder decoder;
    CHECK_FALSE(decoder.parse(bytes).ok());
}

TEST_CASE("five bytes that announce four thousand million elements are refused", "[base][codec]") {
    Decoder decoder;
    CHECK_FALSE(decoder.parse(Bytes{0xdd, 0xff, 0xff, 0xff, 0xff}).ok());
    CHECK_FALSE(decoder.parse(Bytes{0xdf, 0xff, 0xff, 0xff, 0xff}).ok());
    CHECK_FALSE(decoder.parse(Bytes{0xdb, 0xff, 0xff, 0xff, 0xff}).ok());
}

TEST_CASE("random bytes never do harm", "[base][codec][hostile]") {
    Rng rng(1);
    Decoder decoder;
    for (int round = 0; round < 20'000; ++round) {
        Bytes bytes(static_cast<std::size_t>(rng.below(64)));
        for (auto& byte : bytes) byte = static_cast<std::uint8_t>(rng.next());
        if (!bytes.empty() && rng.chance(1, 2)) bytes[0] = 0x93;
        Reader in = decoder.parse(bytes);
        in.uint();
        in.list().text();
        in.map().bytes();
    }
    CHECK(decoder.parse(list_of(1)).ok());
}

TEST_CASE("a truncated message is malformed at every length", "[base][codec][hostile]") {
    const Bytes bytes = list_of(20);
    Decoder decoder;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CHECK_FALSE(decoder.parse(ByteView(bytes).first(size)).ok());
    }
}

}  // namespace
}  // namespace starling::codec_test
