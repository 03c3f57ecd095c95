// Batches that came too early: an earlier one of their origin, or something they depend on, is
// missing.
//
//   park ──> [ origin: first, first, ... ] ──candidates(advanced)──> front() ──pop()──> applied
//
// Invariants:
//   I1  Bounded in number, in bytes, and per origin; what does not fit is refused, to be asked for
//   again. I2  Everything here had a valid signature.
//
// Not thread safe.
#pragma once

#include "base/ids.hpp"
#include "crdt/batch.hpp"
#include "crdt/messages.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace starling::crdt {

// A batch with its own bytes.
struct Parcel {
    Batch batch;
    Hash256 chain;
    Bytes body;
    Signature signature;
    Freshness freshness{};
    NodeId from;

    [[nodiscard]] SealedBatch sealed() const { return {body, signature}; }

    // What it takes in the log.
    [[nodiscard]] std::size_t size() const { return body.size() + Signature::size + 8; }
};

enum class ParkVerdict : std::uint8_t { parked, parked_already, no_room };

class Waiting {
public:
    [[nodiscard]] ParkVerdict park(Parcel parcel);

    // The earliest batch of an origin, or null.
    [[nodiscard]] const Parcel* front(const Origin& origin) const;
    // REQUIRES: there is one.
    Parcel pop(const Origin& origin);
    void drop(const Origin& origin);

    // `origin` cannot go on before `obstacle` does.
    void block(const Origin& origin, const Origin& obstacle);
    // Origins that may go on now that `advanced` did: itself, and those blocked by it.
    [[nodiscard]] std::vector<Origin> candidates(const Origin& advanced);

    [[nodiscard]] std::size_t count() const { return count_; }

    [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
    using Queue = std::map<std::uint64_t, Parcel>;

    std::map<Origin, Queue> queues_;
    std::map<Origin, std::set<Origin>> blocked_;  // obstacle -> who waits for it
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace starling::crdt
