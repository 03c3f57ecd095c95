// Operations of one origin that take effect together or not at all, chained by hashes and signed.
//
//   body    everything but the signature; its hash is the chain's new head
//   sealed  [body, signature over the head]: what travels, and what the log keeps as it came
//
//   batch 1 <──previous── batch 2 <──previous── batch 3        dots: 1..3    4    5..9
//      ^ names the origin that its node had before, and where that one ended
//
// Invariants:
//   I1  Dots of a batch are first .. last(), one per operation; a batch without operations takes
//   one. I2  Whoever has delivered a batch has delivered `deps`, `lineage` and every dot its
//   operations end, save those of an origin that forked: what it lacks of that never comes.
//
// Values: thread safe to read.
#pragma once

#include "base/codec.hpp"
#include "base/crypto.hpp"
#include "base/hlc.hpp"
#include "crdt/dot.hpp"
#include "crdt/operation.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace starling::crdt {

inline constexpr std::string_view batch_domain = "starling/v1/batch";

struct Batch {
    Origin origin;
    std::uint64_t first = 1;
    HybridTime time;
    Hash256 previous;            // head of the chain before; for the first batch that of `lineage`
    std::vector<Dot> deps;       // what changed at the writer since the batch before
    std::optional<Dot> lineage;  // first batch only: the node's origin before this one, and its end
    std::string agent;
    std::string reason;
    std::string trace;
    std::string idempotency_key;  // empty for none
    std::uint64_t copies = 1;     // above 1 the writer waits to hear of that many durable copies
    std::vector<Operation> operations;

    [[nodiscard]] std::uint64_t last() const {
        return first + std::max<std::uint64_t>(operations.size(), 1) - 1;
    }

    [[nodiscard]] Dot dot_of(std::size_t operation) const { return {origin, first + operation}; }

    // How many origins besides its own stand in it.
    [[nodiscard]] std::size_t origins_named() const;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Batch& out);

    friend bool operator==(const Batch&, const Batch&) = default;
};

// A view: its bytes live as long as the frame they came in.
struct SealedBatch {
    ByteView body;
    Signature signature;

    void encode(Writer& out) const;
    static bool decode(Reader& in, SealedBatch& out);
};

// The head of the chain after this body.
[[nodiscard]] Hash256 chain_of(ByteView body);

[[nodiscard]] SealedBatch sealed(const SigningKey& key, ByteView body, const Hash256& chain);

}  // namespace starling::crdt
