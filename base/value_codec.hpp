// starling::Value as bounded msgpack, canonical: map keys ascend, integers are as small as they can
// be.
//
// Pure functions, thread safe.
#pragma once

#include "base/bytes.hpp"
#include "base/codec.hpp"
#include <starling/value.hpp>

#include <optional>

namespace starling {

void encode_value(Writer& out, const Value& value);

// Takes the next element; fails the reader on anything that is no Value or nests too deep.
[[nodiscard]] Value decode_value(Reader& in);

// A value on its own: a one-element list.
[[nodiscard]] Bytes value_bytes(const Value& value);
[[nodiscard]] std::optional<Value> value_from(ByteView bytes);

}  // namespace starling
