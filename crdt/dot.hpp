// Names for events: who wrote (origin), and the how-manieth of his operations it was (dot).
//
//   origin   (node, boot): every start of a node opens a new one, so that a lost, rolled-back or
//   copied
//            disk never gives out a dot for the second time
//   dot      (origin, counter from 1): one operation; also the version token of a value
//
// Both order by their bytes.  Values: thread safe to read.
#pragma once

#include "base/bytes.hpp"
#include "base/codec.hpp"
#include "base/ids.hpp"

#include <compare>
#include <cstdint>
#include <string>

namespace starling::crdt {

struct Origin {
    NodeId node;
    Boot boot;

    // For HashIndex.
    [[nodiscard]] std::uint64_t prefix() const { return node.prefix() ^ boot.value; }

    friend auto operator<=>(const Origin&, const Origin&) = default;
};

struct Dot {
    Origin origin;
    std::uint64_t counter = 0;

    friend auto operator<=>(const Dot&, const Dot&) = default;
};

// Counters stay below: no arithmetic on them overflows.
inline constexpr std::uint64_t counter_max = (1ULL << 48U) - 1;

// A dot as an opaque token for programs.
[[nodiscard]] std::string token_of(const Dot& dot);

// Journal keys; both sort as the origin and the dot do.
[[nodiscard]] Bytes key_of(const Origin& origin);
[[nodiscard]] Bytes key_of(const Dot& dot);

// Two elements of a list.
void write_origin(Writer& out, const Origin& origin);
[[nodiscard]] Origin read_origin(Reader& in);

}  // namespace starling::crdt
