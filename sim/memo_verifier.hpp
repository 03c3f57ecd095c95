// Signature checks remembered for the whole world: each signed thing is verified once.
//
// A check is a pure function, so what is remembered changes no outcome: only the time spent.  The
// memory is bounded; when it is full it is forgotten as a whole.
//
// Not thread safe.
#pragma once

#include "base/crypto.hpp"
#include "base/hash_index.hpp"

#include <cstdint>

namespace starling::sim {

class MemoVerifier final : public Verifier {
public:
    [[nodiscard]] bool verify(const NodeId& signer, std::string_view domain, ByteView bytes,
                              const Signature& signature) const override;

    // How many checks were asked for, and how many of those were computed.
    [[nodiscard]] std::uint64_t asked() const { return asked_; }

    [[nodiscard]] std::uint64_t computed() const { return computed_; }

private:
    static constexpr std::size_t remembered_max = 1U << 20U;

    mutable HashIndex<Hash256, bool> known_;
    mutable std::uint64_t asked_ = 0;
    mutable std::uint64_t computed_ = 0;
};

}  // namespace starling::sim
