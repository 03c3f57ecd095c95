// Ed25519 signatures (libsodium) under a domain, behind a seam: the simulator memoises
// verification.
//
// Signing is deterministic (RFC 8032); nothing here draws entropy: seeds come from outside.
// Thread safe: keys are immutable, the functions pure.
#pragma once

#include "base/bytes.hpp"
#include "base/ids.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace starling {

// What is signed is the hash of the domain and the bytes.
class SigningKey {
public:
    using Seed = std::array<std::uint8_t, 32>;

    explicit SigningKey(const Seed& seed);
    SigningKey(const SigningKey&) = default;
    SigningKey& operator=(const SigningKey&) = default;
    ~SigningKey();  // wipes the secret

    [[nodiscard]] const NodeId& id() const { return id_; }

    [[nodiscard]] Signature sign(std::string_view domain, ByteView bytes) const;

private:
    NodeId id_;
    std::array<std::uint8_t, 64> secret_{};
};

// From here on a draw of entropy by libsodium is a broken assertion: for a process that simulates.
void forbid_entropy();

class Verifier {
public:
    Verifier() = default;
    Verifier(const Verifier&) = delete;
    Verifier& operator=(const Verifier&) = delete;
    virtual ~Verifier() = default;

    // Whether `signer` signed these bytes under this domain.
    [[nodiscard]] virtual bool verify(const NodeId& signer, std::string_view domain, ByteView bytes,
                                      const Signature& signature) const;
};

}  // namespace starling
