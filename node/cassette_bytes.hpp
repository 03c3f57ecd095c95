// A cassette as the bytes of its file.
//
//   title, call, call, ..: each a msgpack binary (0xc4, 0xc5 or 0xc6, its size, its bytes)
//
// Invariants:
//   I1  Reading what was written gives the same calls; any bytes give calls or an error that names
//       the entry.
//
// Pure functions, thread safe.
#pragma once

#include "base/bytes.hpp"
#include <starling/cassette.hpp>
#include <starling/error.hpp>

#include <string>

namespace starling::detail {

// A call that is too large for an entry (limits::frame_bytes) is left out.
[[nodiscard]] Bytes cassette_bytes(const Cassette& cassette);

// cassette_malformed: the message begins with `source`.
[[nodiscard]] Result<Cassette> cassette_from(ByteView bytes, const std::string& source);

}  // namespace starling::detail
