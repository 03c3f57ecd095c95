#include "sim/trace_hash.hpp"

#include <algorithm>

namespace starling::sim {
namespace {

constexpr std::size_t digest_bytes = 16;

}  // namespace

void TraceHash::add(Duration now, std::uint32_t host, const TraceRecord& record) {
    ++records_;
    put(static_cast<std::uint64_t>(now.count()));
    put(std::uint64_t{host} << 32U | std::uint64_t{record.count} << 16U |
        static_cast<std::uint64_t>(record.event));
    for (std::size_t i = 0; i < record.count; ++i) put(record.fields[i]);
    flush_when_full();
}

void TraceHash::add_numbers(Duration now, std::uint32_t host,
                            std::span<const std::uint64_t> numbers) {
    ++records_;
    put(static_cast<std::uint64_t>(now.count()));
    put(~(std::uint64_t{host} << 32U | numbers.size()));
    for (const std::uint64_t number : numbers) put(number);
    flush_when_full();
}

void TraceHash::add_bytes(ByteView bytes) {
    put(bytes.size());
    if (buffer_.size() < used_ + bytes.size() + room) buffer_.resize(used_ + bytes.size() + room);
    std::ranges::copy(bytes, buffer_.data() + used_);
    used_ += bytes.size();
    flush_when_full();
}

std::string TraceHash::digest() const {
    Hasher copy = hasher_;
    const Hash256 hash = copy.add(ByteView(buffer_).first(used_)).finish();
    return to_hex(hash.view().first(digest_bytes));
}

void TraceHash::flush() {
    hasher_.add(ByteView(buffer_).first(used_));
    used_ = 0;
}

}  // namespace starling::sim
