// What stores say to each other.
//
//   writer ── batches(live) ──> links ──> their links ...        flooded, each node forwards once
//   writer ── batches(direct) ──> links                          its links are all members
//
//   a ── heads(reconcile) ──> b      roots differed: a says how far it has every origin of a range
//   a <── heads(answer) ── b         where b is ahead
//   a ── want ──> b                  ranges, few at a time
//   a <── batches(stored) ── b       one frame per range: as much as fits; a asks on from there
//
//   writer ── heads(confirm) ──> links;   writer <── copies ── link    for a write that waits for
//   copies
//
// Values; views into a frame live as long as the frame does.
#pragma once

#include "base/kinds.hpp"
#include "base/limits.hpp"
#include "crdt/batch.hpp"
#include "crdt/dot.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace starling::crdt {

// live: new, to be forwarded.  stored: out of a log, asked for.  direct: new, from its writer to
// everybody; whom it misses all the same learns of it as roots differ.
enum class Freshness : std::uint8_t { stored = 0, live = 1, direct = 2 };

struct Batches {
    static constexpr Kind kind = Kind::batches;

    Freshness freshness{};
    std::vector<SealedBatch> batches;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Batches& out);
};

// Counters from..to of an origin, both included.
struct Range {
    Origin origin;
    std::uint64_t from = 0;
    std::uint64_t to = 0;

    friend bool operator==(const Range&, const Range&) = default;
};

struct Want {
    static constexpr Kind kind = Kind::want;

    std::vector<Range> ranges;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Want& out);
};

// How far a node has an origin.
struct HeadEntry {
    Origin origin;
    std::uint64_t counter = 0;
    std::uint64_t chain = 0;  // first eight bytes of the chain's head: a hint, never evidence

    friend bool operator==(const HeadEntry&, const HeadEntry&) = default;
};

enum class Purpose : std::uint8_t {
    answer = 0,  // this far I have them
    reconcile =
        1,  // and of the origins after `after` up to `through` no others: where are you ahead?
    confirm = 2,  // tell me when you hold this durably
};

struct Heads {
    static constexpr Kind kind = Kind::heads;

    Purpose purpose{};
    std::optional<Origin> after;
    std::optional<Origin> through;
    std::vector<HeadEntry> entries;  // origins ascending

    void encode(Writer& out) const;
    static bool decode(Reader& in, Heads& out);
};

// Everything of the origin up to the counter is durable at the sender.
struct Copies {
    static constexpr Kind kind = Kind::copies;

    Origin origin;
    std::uint64_t counter = 0;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Copies& out);
};

}  // namespace starling::crdt
