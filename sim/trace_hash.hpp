// A fingerprint of everything that happened: two runs with the same fingerprint did the same.
//
//      trace records, frames, draw counts ──> buffer ──> XXH3 ──> 128 bits
//
// Invariants:
//   I1  The digest depends on every record fed, on its time, on its host and on the order.
//   I2  Reading the digest does not end or change the hash.
//
// Not thread safe.
#pragma once

#include "base/moment.hpp"
#include "base/quick_hash.hpp"
#include "base/trace.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace starling::sim {

class TraceHash {
public:
    TraceHash() : buffer_(flush_at + room) {}

    void add(Duration now, std::uint32_t host, const TraceRecord& record);

    // Anything else that makes runs comparable: what it is, whom it concerns, numbers.
    void add_numbers(Duration now, std::uint32_t host, std::span<const std::uint64_t> numbers);
    void add_bytes(ByteView bytes);

    // 32 hexadecimal digits.
    [[nodiscard]] std::string digest() const;

    [[nodiscard]] std::uint64_t records() const { return records_; }

private:
    static constexpr std::size_t flush_at = 16 * 1024;
    static constexpr std::size_t room = 256;  // more than one record takes

    void put(std::uint64_t number) {
        store_u64(std::span(buffer_).subspan(used_, 8), number);
        used_ += 8;
    }

    void flush_when_full() {
        if (used_ >= flush_at) flush();
    }

    void flush();

    QuickHasher hasher_;
    Bytes buffer_;
    std::size_t used_ = 0;  // of the buffer: always with room behind it
    std::uint64_t records_ = 0;
};

}  // namespace starling::sim
