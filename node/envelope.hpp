// The first ten bytes of every frame: {version u8, kind u8, link u32, sent_ms u32}, big-endian.
//
//   link     names one connection from one sender; new per connection, introduced by HELLO
//   sent_ms  the sender's boot-time clock in milliseconds, modulo 2^32, when the frame was handed
//   to the
//            socket: differences show how long frames queue
//
// Pure functions, thread safe.
#pragma once

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/kinds.hpp"
#include "base/limits.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace starling::node {

inline constexpr std::uint8_t wire_version = 1;

struct FrameHeader {
    std::uint8_t version = wire_version;
    Kind kind{};
    LinkId link{};
    std::uint32_t sent_ms = 0;
};

[[nodiscard]] std::array<std::uint8_t, limits::frame_header_bytes> header_bytes(
    const FrameHeader& header);

// Nothing when the frame is shorter than a header or longer than limits::frame_bytes.  Version and
// kind are as sent: peers may be newer.
[[nodiscard]] std::optional<FrameHeader> read_header(ByteView frame);

[[nodiscard]] inline ByteView body_of(ByteView frame) {
    return frame.subspan(limits::frame_header_bytes);
}

// A boot-time clock as frames carry it.
[[nodiscard]] std::uint32_t sent_ms_of(BootTime now);

}  // namespace starling::node
