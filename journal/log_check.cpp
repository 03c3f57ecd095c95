#include "journal/log_check.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace starling::journal {
namespace {

using LogHeader = std::array<std::uint8_t, log_header_bytes>;
using FrameHeader = std::array<std::uint8_t, log_frame_header_bytes>;

// The last bit of the header's first word: in which order its sums take the bytes of words.
constexpr std::uint32_t magic_of_little_words = 0x377F0682;
constexpr std::size_t summed_header_bytes = 24;
constexpr std::size_t summed_frame_bytes = 8;  // of a frame's header

std::uint32_t word(ByteView bytes, std::size_t at, std::endian order = std::endian::big) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const std::size_t place = order == std::endian::big ? i : 3 - i;
        value = value << 8U | bytes[at + place];
    }
    return value;
}

// The sum of everything in the log so far.
struct LogSum {
    std::uint32_t one = 0;
    std::uint32_t two = 0;

    void add(ByteView bytes, std::endian order) {
        for (std::size_t at = 0; at < bytes.size(); at += 8) {
            one += word(bytes, at, order) + two;
            two += word(bytes, at + 4, order) + one;
        }
    }

    friend bool operator==(const LogSum&, const LogSum&) = default;
};

LogSum sum_at(ByteView bytes, std::size_t at) {
    return {word(bytes, at), word(bytes, at + 4)};
}

std::endian order_of(const LogHeader& header) {
    return (word(header, 0) & 1U) != 0 ? std::endian::big : std::endian::little;
}

bool is_whole(const LogHeader& header) {
    if ((word(header, 0) & ~1U) != magic_of_little_words || word(header, 8) != page_bytes) {
        return false;
    }
    LogSum sum;
    sum.add(ByteView(header).first(summed_header_bytes), order_of(header));
    return sum == sum_at(header, summed_header_bytes);
}

ByteView salts_of(ByteView frame) {
    return frame.subspan(8, 8);
}

// Whether the frame goes on from the sum of the one before it.
bool follows(ByteView frame, LogSum before, std::endian order) {
    before.add(frame.first(summed_frame_bytes), order);
    before.add(frame.subspan(log_frame_header_bytes), order);
    return before == sum_at(frame, 16);
}

bool is_commit(ByteView frame) {
    return word(frame, 4) != 0;
}

}  // namespace

bool is_log_damaged(const ReadAt& read, std::uint64_t log_bytes) {
    LogHeader header;
    FrameHeader first;
    if (!read(0, header) || !read(log_header_bytes, first)) return false;  // nothing was committed
    if (first.front() == struck_out) return false;                         // I3
    bool whole = is_whole(header);
    const std::endian order = whole ? order_of(header) : std::endian::native;
    const ByteView salts = whole ? ByteView(header).subspan(16, 8) : salts_of(first);
    LogSum sum = sum_at(header, summed_header_bytes);
    bool committed = false;
    Bytes frame(log_frame_bytes);
    for (std::uint64_t at = log_header_bytes; at + log_frame_bytes <= log_bytes;
         at += log_frame_bytes) {
        if (!read(at, frame)) return false;
        const bool goes_on = follows(frame, sum, order);
        sum = sum_at(frame, 16);
        if (!std::ranges::equal(salts_of(frame), salts)) {
            whole = false;  // of an earlier log
            continue;
        }
        whole = whole && goes_on;
        if (whole) continue;
        if (committed) return true;  // I1
        committed = goes_on && is_commit(frame);
    }
    return false;
}

bool is_page_whole(const ReadAt& read, ByteView page, std::uint64_t offset) {
    LogHeader header;
    FrameHeader frame;
    std::array<std::uint8_t, 8> before{};
    const std::uint64_t begin = offset - log_frame_header_bytes;
    const std::uint64_t sum_before =
        begin == log_header_bytes ? summed_header_bytes : begin - log_frame_bytes + 16;
    if (!read(0, header) || !read(begin, frame) || !read(sum_before, before)) return false;
    LogSum sum = sum_at(before, 0);
    sum.add(ByteView(frame).first(summed_frame_bytes), order_of(header));
    sum.add(page, order_of(header));
    return sum == sum_at(frame, 16);
}

}  // namespace starling::journal
