// Signature checks remembered for the whole world: each signed thing is verified once.
//
// A check is a pure function, so what is remembered changes no outcome: only the time spent.  The
// memory is bounded; when it is full it is forgotten as a whole.  Signing is deterministic and
// takes a third of a check's time, so a member's signature is first compared with the one that its
// key makes; the check itself tells of all that differ.
//
// Not thread safe.
#pragma once

#include "base/crypto.hpp"
#include "base/hash_index.hpp"
#include "sim/identities.hpp"

#include <cstdint>

namespace starling::sim {

class MemoVerifier final : public Verifier {
public:
    // `identities` outlive this object.
    explicit MemoVerifier(const Identities& identities);

    [[nodiscard]] bool verify(const NodeId& signer, std::string_view domain, ByteView bytes,
                              const Signature& signature) const override;

    // How many checks were asked for, and how many of those were computed.
    [[nodiscard]] std::uint64_t asked() const { return asked_; }

    [[nodiscard]] std::uint64_t computed() const { return computed_; }

private:
    static constexpr std::size_t remembered_max = 1U << 20U;

    [[nodiscard]] bool compute(const NodeId& signer, std::string_view domain, ByteView bytes,
                               const Signature& signature) const;

    HashIndex<NodeId, const SigningKey*> keys_;
    mutable HashIndex<Hash256, bool> known_;
    mutable std::uint64_t asked_ = 0;
    mutable std::uint64_t computed_ = 0;
};

}  // namespace starling::sim
