#include "sim/trace_hash.hpp"

namespace starling::sim {

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
    copy_into(std::span(buffer_).subspan(used_), bytes);
    used_ += bytes.size();
    flush_when_full();
}

std::string TraceHash::digest() const {
    QuickHasher copy = hasher_;
    copy.add(ByteView(buffer_).first(used_));
    return to_hex(copy.digest());
}

void TraceHash::flush() {
    hasher_.add(ByteView(buffer_).first(used_));
    used_ = 0;
}

}  // namespace starling::sim
