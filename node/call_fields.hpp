// The fields of a call's structs, named once for writing and reading: STARLING_FIELDS(a, b, c).
//
//   struct LeaseShow { std::string name;  STARLING_FIELDS(name) };     on the wire a list of one
//
// Invariants:
//   I1  Both directions treat the fields in the same order: it is one argument list.
//   I2  Reading hostile bytes fails the Reader; lists are bounded by limits::page_items.
//
// Numbers, flags, text, bytes, ids, ordinals, durations, enumerations (their last value is given by
// last_of), structs with STARLING_FIELDS, and optionals and vectors of those.  Pure, thread safe.
#pragma once

#include "base/codec.hpp"
#include "base/limits.hpp"

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

// NOLINTBEGIN(bugprone-macro-parentheses)
#define STARLING_FIELDS(...)                                     \
    void encode(starling::Writer& out) const {                   \
        starling::node::write_fields(out, __VA_ARGS__);          \
    }                                                            \
    void read(starling::Reader& in) {                            \
        starling::node::read_fields(in, __VA_ARGS__);            \
    }                                                            \
    template <class Message>                                     \
    static bool decode(starling::Reader& in, Message& message) { \
        message.read(in);                                        \
        return in.ok();                                          \
    }

// A message without fields.
#define STARLING_NO_FIELDS                                         \
    void encode(starling::Writer& out) const {                     \
        out.list(0);                                               \
    }                                                              \
    template <class Message>                                       \
    static bool decode(starling::Reader& in, Message& /*empty*/) { \
        return in.ok();                                            \
    }

// NOLINTEND(bugprone-macro-parentheses)

namespace starling::node {

template <class T>
concept Fields = requires(const T& value, T& target, Writer& out, Reader& in) {
    value.encode(out);
    target.read(in);
};

template <class T>
struct IsVector : std::false_type {};

template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

template <class T>
struct IsOptional : std::false_type {};

template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <class T>
struct IsOrdinal : std::false_type {};

template <class Tag, class Number>
struct IsOrdinal<Ordinal<Tag, Number>> : std::true_type {};

template <class T>
struct IsId : std::false_type {};

template <class Tag, std::size_t Size>
struct IsId<Id<Tag, Size>> : std::true_type {};

// The largest enumerator, found by argument: `constexpr Phase last_of(Phase) { return
// Phase::lagged; }`.
template <class T>
concept Closed = std::is_enum_v<T> && requires(T value) {
    { last_of(value) } -> std::same_as<T>;
};

template <class T>
void write_field(Writer& out, const T& value);
template <class T>
void read_field(Reader& in, T& value);

template <class... Ts>
void write_fields(Writer& out, const Ts&... values) {
    out.list(sizeof...(Ts));
    (write_field(out, values), ...);
}

template <class... Ts>
void read_fields(Reader& in, Ts&... values) {
    (read_field(in, values), ...);
}

template <class T>
void write_many(Writer& out, const T& values) {
    out.list(values.size());
    for (const auto& each : values) write_field(out, each);
}

template <class T>
void write_field(Writer& out, const T& value) {
    if constexpr (std::same_as<T, bool>)
        out.boolean(value);
    else if constexpr (std::same_as<T, Bytes>)
        out.bytes(value);
    else if constexpr (std::same_as<T, std::string>)
        out.text(value);
    else if constexpr (std::same_as<T, Duration>)
        out.duration(value);
    else if constexpr (Closed<T>)
        out.uint(static_cast<std::uint64_t>(value));
    else if constexpr (std::signed_integral<T>)
        out.sint(value);
    else if constexpr (std::unsigned_integral<T>)
        out.uint(value);
    else if constexpr (IsOrdinal<T>::value)
        out.ordinal(value);
    else if constexpr (IsId<T>::value)
        out.id(value);
    else if constexpr (IsOptional<T>::value)
        value ? write_field(out, *value) : out.nil();
    else if constexpr (IsVector<T>::value)
        write_many(out, value);
    else
        value.encode(out);
}

template <class T>
void read_many(Reader& in, std::vector<T>& values) {
    Reader items = in.list(limits::page_items);
    values.clear();
    while (items.remaining() > 0) read_field(items, values.emplace_back());
}

template <class T>
void read_optional(Reader& in, std::optional<T>& value) {
    value.reset();
    if (in.shape() == Shape::nil) return in.nil();
    read_field(in, value.emplace());
}

template <Fields T>
void read_struct(Reader& in, T& value) {
    Reader fields = in.list(limits::codec_array);
    value.read(fields);
}

template <class T>
void read_field(Reader& in, T& value) {
    if constexpr (std::same_as<T, bool>)
        value = in.boolean();
    else if constexpr (std::same_as<T, Bytes>)
        value = copy_of(in.bytes());
    else if constexpr (std::same_as<T, std::string>)
        value = std::string(in.text());
    else if constexpr (std::same_as<T, Duration>)
        value = in.duration();
    else if constexpr (Closed<T>) {
        value = static_cast<T>(in.uint(static_cast<std::uint64_t>(last_of(T{}))));
    } else if constexpr (std::signed_integral<T>)
        value = in.sint();
    else if constexpr (std::unsigned_integral<T>)
        value = static_cast<T>(in.uint(static_cast<T>(~T{})));
    else if constexpr (IsOrdinal<T>::value)
        value = in.ordinal<T>();
    else if constexpr (IsId<T>::value)
        value = in.id<T>();
    else if constexpr (IsOptional<T>::value)
        read_optional(in, value);
    else if constexpr (IsVector<T>::value)
        read_many(in, value);
    else
        read_struct(in, value);
}

}  // namespace starling::node
