#include "sim/trace_hash.hpp"

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
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    flush_when_full();
}

std::string TraceHash::digest() const {
    Hasher copy = hasher_;
    const Hash256 hash = copy.add(buffer_).finish();
    return to_hex(hash.view().first(digest_bytes));
}

void TraceHash::put(std::uint64_t number) {
    std::array<std::uint8_t, 8> bytes{};
    store_u64(bytes, number);
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

void TraceHash::flush_when_full() {
    if (buffer_.size() < flush_at) return;
    hasher_.add(buffer_);
    buffer_.clear();
}

}  // namespace starling::sim
