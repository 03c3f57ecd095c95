// Strong identifiers: fixed-size byte strings and numbers that cannot be mixed up.
//
//   NodeId     Ed25519 public key of a node (never a name, never an address)
//   CurveKey   X25519 public key that the node's transport uses
//   JournalId  128 random bits made with the journal file; a voter is (node, journal id)
//   MeshId     hash of the mesh's genesis
//   TaskId     128-bit hash
//   Boot       one start of a node: max(persisted + 1, wall ms), persisted before first use
//
// Ids order by their bytes, the same on every machine.  Values: freely copied, thread safe to read.
#pragma once

#include "base/bytes.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace starling {

template <class Tag, std::size_t Size>
struct Id {
    static constexpr std::size_t size = Size;

    std::array<std::uint8_t, Size> bytes{};

    static_assert(Size % 8 == 0);

    // By bytes: the first eight of them, read as one number, decide almost always.
    friend bool operator==(const Id& a, const Id& b) {
        std::uint64_t differences = 0;
        for (std::size_t at = 0; at < Size; at += 8) differences |= a.word(at) ^ b.word(at);
        return differences == 0;
    }

    friend bool operator<(const Id& a, const Id& b) {
        const std::uint64_t first = a.prefix();
        const std::uint64_t second = b.prefix();
        return first != second ? first < second : a.bytes < b.bytes;
    }

    friend std::strong_ordering operator<=>(const Id& a, const Id& b) {
        if (const auto order = a.prefix() <=> b.prefix(); order != 0) return order;
        return a.bytes <=> b.bytes;
    }

    [[nodiscard]] ByteView view() const { return {bytes.data(), Size}; }

    [[nodiscard]] std::string hex() const { return to_hex(view()); }

    // The first eight hexadecimal digits: for people, never for comparison.
    [[nodiscard]] std::string brief() const { return to_hex(view().first(4)); }

    // The first eight bytes as a number: for traces.
    [[nodiscard]] std::uint64_t prefix() const {
        std::uint64_t number = 0;
        std::memcpy(&number, bytes.data(), sizeof number);
        return std::endian::native == std::endian::little ? __builtin_bswap64(number) : number;
    }

    [[nodiscard]] bool is_zero() const { return *this == Id{}; }

    [[nodiscard]] static std::optional<Id> from_bytes(ByteView view) {
        if (view.size() != Size) return std::nullopt;
        Id id;
        copy_into(id.bytes, view);
        return id;
    }

    [[nodiscard]] static std::optional<Id> from_hex(std::string_view text) {
        const auto parsed = starling::from_hex(text);
        if (!parsed) return std::nullopt;
        return from_bytes(*parsed);
    }

private:
    // Of eight bytes, in the order of this machine.
    [[nodiscard]] std::uint64_t word(std::size_t at) const {
        std::uint64_t number = 0;
        std::memcpy(&number, bytes.data() + at, sizeof number);
        return number;
    }
};

using NodeId = Id<struct NodeTag, 32>;
using CurveKey = Id<struct CurveTag, 32>;
using JournalId = Id<struct JournalTag, 16>;
using MeshId = Id<struct MeshTag, 32>;
using TaskId = Id<struct TaskTag, 16>;
using Signature = Id<struct SignatureTag, 64>;
using Hash256 = Id<struct HashTag, 32>;

// A number that is not just any number: Boot, Incarnation and CallId do not mix.
template <class Tag, class Number>
struct Ordinal {
    Number value{};

    friend auto operator<=>(const Ordinal&, const Ordinal&) = default;
};

using Boot = Ordinal<struct BootTag, std::uint64_t>;
using Incarnation = Ordinal<struct IncarnationTag, std::uint32_t>;
using LinkId = Ordinal<struct LinkTag, std::uint32_t>;
using CallId = Ordinal<struct CallTag, std::uint64_t>;

// A member inside one process.  It has no order: whatever order leaves a function is by NodeId.
struct NodeIndex {
    std::uint32_t value = 0;

    friend bool operator==(const NodeIndex&, const NodeIndex&) = default;
};

// Who may vote in a register: a node together with the journal it votes from.
struct Voter {
    NodeId node;
    JournalId journal;

    friend auto operator<=>(const Voter&, const Voter&) = default;
};

}  // namespace starling
