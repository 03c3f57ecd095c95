#include "node/envelope.hpp"

namespace starling::node {
namespace {

void store_u32(std::span<std::uint8_t> out, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i) out[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

std::uint32_t load_u32(ByteView bytes) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8U | bytes[i];
    return value;
}

}  // namespace

std::array<std::uint8_t, limits::frame_header_bytes> header_bytes(const FrameHeader& header) {
    std::array<std::uint8_t, limits::frame_header_bytes> bytes{};
    bytes[0] = header.version;
    bytes[1] = static_cast<std::uint8_t>(header.kind);
    store_u32(std::span(bytes).subspan(2, 4), header.link.value);
    store_u32(std::span(bytes).subspan(6, 4), header.sent_ms);
    return bytes;
}

std::optional<FrameHeader> read_header(ByteView frame) {
    if (frame.size() < limits::frame_header_bytes || frame.size() > limits::frame_bytes) {
        return std::nullopt;
    }
    return FrameHeader{frame[0], static_cast<Kind>(frame[1]), LinkId{load_u32(frame.subspan(2, 4))},
                       load_u32(frame.subspan(6, 4))};
}

std::uint32_t sent_ms_of(BootTime now) {
    return static_cast<std::uint32_t>(count_ms(now.time_since_epoch()));
}

}  // namespace starling::node
