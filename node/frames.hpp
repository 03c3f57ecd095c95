// One row per kind of frame: how large it may be, what decodes it, who handles it.  A new message
// is one row.
//
// Not thread safe.
#pragma once

#include "base/codec.hpp"
#include "node/envelope.hpp"
#include "node/parts.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace starling::node {

// Everything about one frame but its body.
struct Arrival {
    const NodeId& from;
    FrameHeader header;
    Moment now;
};

struct FrameRow {
    Kind kind{};
    std::string_view name;
    std::size_t body_bytes = 0;  // at most
    FrameVerdict (*handle)(NodeCore::Parts& parts, const Arrival& arrival, Reader& body,
                           Effects& out) = nullptr;
};

// Kinds ascending.
[[nodiscard]] std::span<const FrameRow> frame_rows();

// The row of a kind; null for kinds that this version does not know.
[[nodiscard]] const FrameRow* row_of(Kind kind);

}  // namespace starling::node
