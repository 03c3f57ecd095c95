// How far this node has every origin: the version vector, with the head of each hash chain.
//
//   advance(batch)      the vector's entry moves on; never back, never over a gap
//   freeze(origin)      two batches for one dot were seen: the entry never moves again
//
// Invariants:
//   I1  An entry covers counters 1 .. counter without a gap.
//   I2  root() is the sum over all entries of hash(origin, counter, chain), modulo 2^64.
//   I3  Delivering untold() implies, through the batches' own dependencies, everything delivered
//   here
//       since this node's last batch, in whichever of its origins that was.
//
// Not thread safe.
#pragma once

#include "base/effects.hpp"
#include "base/hash_index.hpp"
#include "base/hlc.hpp"
#include "base/records.hpp"
#include "crdt/batch.hpp"
#include "crdt/dot.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace starling::crdt {

struct Head {
    std::uint64_t counter = 0;
    Hash256 chain;
    HybridTime time;          // of the newest batch
    std::uint64_t bytes = 0;  // this origin's share of the log
    std::uint64_t told = 0;   // batches of this node when the entry moved last
    bool frozen = false;

    friend bool operator==(const Head&, const Head&) = default;
};

class Origins {
public:
    // Reads Table::heads back.
    Origins(const Origin& own, const RecordSource& records);

    [[nodiscard]] const Head* find(const Origin& origin) const;
    [[nodiscard]] std::uint64_t counter_of(const Origin& origin) const;

    [[nodiscard]] bool is_frozen(const Origin& origin) const;

    [[nodiscard]] bool covers(const Dot& dot) const {
        return counter_of(dot.origin) >= dot.counter;
    }

    // Origins ascending.
    [[nodiscard]] const std::map<Origin, Head>& all() const { return heads_; }

    [[nodiscard]] std::uint64_t root() const { return root_; }

    [[nodiscard]] std::uint64_t log_bytes() const { return log_bytes_; }

    // REQUIRES: the batch follows the entry.  log_bytes: what the batch adds to the log.
    void advance(const Batch& batch, const Hash256& chain, std::uint64_t log_bytes, Effects& out);
    void freeze(const Origin& origin, Effects& out);

    // What a batch needs that is not delivered here and still may be; nothing when it can be
    // applied.
    [[nodiscard]] std::optional<Dot> missing(const Batch& batch) const;

    // Dependencies of this node's next batch.
    [[nodiscard]] std::vector<Dot> untold() const;

    // The newest origin of this node before the present one, and where it ended.
    [[nodiscard]] std::optional<Dot> lineage() const;

private:
    void store(const Origin& origin, const Head& head, Effects& out) const;
    void note_told(const Batch& batch);

    [[nodiscard]] Head& make(const Origin& origin);

    Origin own_;
    std::map<Origin, Head> heads_;
    HashIndex<Origin, Head*> index_;  // of heads_, which keeps its nodes where they are
    std::set<Origin> untold_;
    std::uint64_t told_ = 0;  // batches of this node, all its origins together
    std::uint64_t root_ = 0;
    std::uint64_t log_bytes_ = 0;
};

}  // namespace starling::crdt
