#include "base/crypto.hpp"

#include "base/assert.hpp"
#include "base/hash.hpp"

#include <sodium.h>

namespace starling {
namespace {

Hash256 digest_of(std::string_view domain, ByteView bytes) {
    return Hasher(domain).add(bytes).finish();
}

[[noreturn]] void draw_entropy() {
    assertion_failed("a simulation draws no entropy", __FILE__, __LINE__);
}

// What libsodium asks instead of the system (libsodium's randombytes.h).
randombytes_implementation no_entropy = {
    .implementation_name = [] { return "none"; },
    .random = []() -> std::uint32_t { draw_entropy(); },
    .stir = nullptr,
    .uniform = nullptr,
    .buf = [](void*, std::size_t) { draw_entropy(); },
    .close = nullptr,
};

}  // namespace

void forbid_entropy() {
    STARLING_ASSERT(sodium_init() >= 0);  // draws for itself, once
    STARLING_ASSERT(randombytes_set_implementation(&no_entropy) == 0);
}

SigningKey::SigningKey(const Seed& seed) {
    STARLING_ASSERT(sodium_init() >= 0);
    crypto_sign_seed_keypair(id_.bytes.data(), secret_.data(), seed.data());
}

SigningKey::~SigningKey() {
    sodium_memzero(secret_.data(), secret_.size());
}

Signature SigningKey::sign(std::string_view domain, ByteView bytes) const {
    const Hash256 digest = digest_of(domain, bytes);
    Signature signature;
    crypto_sign_detached(signature.bytes.data(), nullptr, digest.bytes.data(), Hash256::size,
                         secret_.data());
    return signature;
}

bool Verifier::verify(const NodeId& signer, std::string_view domain, ByteView bytes,
                      const Signature& signature) const {
    const Hash256 digest = digest_of(domain, bytes);
    return crypto_sign_verify_detached(signature.bytes.data(), digest.bytes.data(), Hash256::size,
                                       signer.bytes.data()) == 0;
}

}  // namespace starling
