// Bounded msgpack: a Writer that appends to bytes, and a Reader over one parsed value.
//
//   bytes ──Decoder::parse──> Reader ──list()──> Reader ...      (the first failure sticks
//   everywhere)
//
// Invariants:
//   I1  No exception of the library passes this file; hostile bytes give a Reader that is not ok().
//   I2  Parsing never allocates more than 24 times the input plus 2 MiB (limits::codec_*).
//   I3  Text and bytes handed out point into the input: they live as long as the input and until
//   the
//       Decoder parses again.
//   I4  Writing is canonical: smallest integers, so equal values have equal bytes.
//   I5  Unknown trailing elements of a list are ignored: later versions may append fields.
//
// A message is a list.  Its struct offers:
//     static constexpr Kind kind = ...;            (when it is a frame of its own)
//     void encode(Writer& out) const;              // out.list(n); out.uint(..); ...
//     static bool decode(Reader& in, M& out);      // reads the fields; returns in.ok()
//
// Not thread safe.
#pragma once

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace starling {

class Writer {
public:
    // Appends to `out`, which must outlive the writer.
    explicit Writer(Bytes& out) : out_(out) {}

    void list(std::size_t count);  // the next `count` writes are its elements
    void map(std::size_t count);   // the next 2 * `count` writes are its keys and values
    void uint(std::uint64_t value);
    void sint(std::int64_t value);
    void boolean(bool value);
    void real(double value);  // only for starling::Value
    void nil();
    void text(std::string_view value);
    void bytes(ByteView value);

    template <class Tag, std::size_t Size>
    void id(const Id<Tag, Size>& value) {
        bytes(value.view());
    }

    template <class Tag, class Number>
    void ordinal(const Ordinal<Tag, Number>& value) {
        uint(value.value);
    }

    void duration(Duration value) { sint(value.count()); }

private:
    Bytes& out_;
};

class Decoder;

enum class Shape : std::uint8_t { nil, boolean, uint, sint, real, text, bytes, list, map, other };

class Reader {
public:
    // False once anything read from this parse was missing, of another type or over its bound.
    [[nodiscard]] bool ok() const;
    void fail();

    [[nodiscard]] std::size_t remaining() const { return ok() ? count_ - next_ : 0; }

    [[nodiscard]] Shape shape() const;  // of the next element

    // Each takes the next element; after a failure they return zero values.
    std::uint64_t uint(std::uint64_t max = ~0ULL);
    std::int64_t sint();
    bool boolean();
    double real();
    void nil();
    std::string_view text(std::size_t max = limits::codec_text);
    ByteView bytes(std::size_t max = limits::codec_text);
    void skip();

    // A nested list of at most `max` elements.
    Reader list(std::size_t max = limits::list_entries);

    // A nested map as a flat list: key, value, key, value.
    Reader map(std::size_t max = limits::list_entries);

    template <class T>
    T id() {
        const auto parsed = T::from_bytes(bytes(T::size));
        if (!parsed) fail();
        return parsed.value_or(T{});
    }

    template <class T>
    T ordinal() {
        using Number = decltype(T{}.value);
        return T{static_cast<Number>(uint(static_cast<Number>(~Number{})))};
    }

    Duration duration() { return Duration{sint()}; }

    // For values whose encodings are byte strings of this one: at hand for the next such list or
    // message, where a decoder of its own would have to be made.  Every parse of it ends the
    // readers of its parse before.
    [[nodiscard]] Decoder& inner() const;

private:
    friend class Decoder;

    Reader(Decoder* decoder, const void* items, std::size_t count)
        : decoder_(decoder), items_(items), count_(count) {}

    const void* take(Shape wanted);

    Decoder* decoder_;
    const void* items_;  // msgpack objects, or pairs flattened by map()
    std::size_t count_;
    std::size_t next_ = 0;
};

// Owns the memory of one parsed value at a time.
class Decoder {
public:
    // Most decoders are short-lived and parse little: a first chunk that malloc has at hand,
    // instead of the library's 8 KiB.  Who parses much and for long keeps more.
    static constexpr std::size_t small_chunk = 960;
    static constexpr std::size_t large_chunk = 4096;

    explicit Decoder(std::size_t first_chunk = small_chunk);
    ~Decoder();
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

    // A reader over the elements of the list that `input` encodes.  Not ok() when the input is
    // longer than limits::frame_bytes, malformed, no list, over a limit, or followed by further
    // bytes. Invalidates every reader of an earlier parse.
    [[nodiscard]] Reader parse(ByteView input);

private:
    friend class Reader;
    struct Memory;

    std::unique_ptr<Memory> memory_;
    std::unique_ptr<Decoder> inner_;  // made when first asked for
    bool failed_ = false;
};

// Encodes a message into fresh bytes.
template <class Message>
[[nodiscard]] Bytes encoded(const Message& message) {
    Bytes bytes;
    Writer writer(bytes);
    message.encode(writer);
    return bytes;
}

// Decodes a message on its own; nothing when the bytes are no such message.
template <class Message>
[[nodiscard]] std::optional<Message> decoded(Decoder& decoder, ByteView bytes) {
    Reader reader = decoder.parse(bytes);
    Message message;
    if (!Message::decode(reader, message) || !reader.ok()) return std::nullopt;
    return message;
}

}  // namespace starling
