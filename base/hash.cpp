#include "base/hash.hpp"

#include "base/assert.hpp"

#include <sodium.h>

namespace starling {
namespace {

static_assert(sizeof(crypto_generichash_state) <= 384);

crypto_generichash_state* state_in(std::array<std::byte, 384>& room) {
    return reinterpret_cast<crypto_generichash_state*>(room.data());
}

}  // namespace

Hasher::Hasher(std::string_view domain) : state_{} {
    STARLING_ASSERT(!domain.empty() && domain.size() <= 64);
    crypto_generichash_init(state_in(state_), view_of(domain).data(), domain.size(), Hash256::size);
}

Hasher& Hasher::add(ByteView part) {
    add(static_cast<std::uint64_t>(part.size()));
    crypto_generichash_update(state_in(state_), part.data(), part.size());
    return *this;
}

Hasher& Hasher::add(std::string_view part) {
    return add(view_of(part));
}

Hasher& Hasher::add(std::uint64_t number) {
    std::array<std::uint8_t, 8> bytes{};
    store_u64(bytes, number);
    crypto_generichash_update(state_in(state_), bytes.data(), bytes.size());
    return *this;
}

Hash256 Hasher::finish() {
    Hash256 hash;
    crypto_generichash_final(state_in(state_), hash.bytes.data(), Hash256::size);
    return hash;
}

std::uint64_t Hasher::finish64() {
    return finish().prefix();
}

std::uint64_t short_hash(ByteView bytes, std::uint64_t key) {
    std::array<std::uint8_t, crypto_shorthash_KEYBYTES> secret{};
    store_u64(secret, key);
    std::array<std::uint8_t, crypto_shorthash_BYTES> hash;
    crypto_shorthash(hash.data(), bytes.data(), bytes.size(), secret.data());
    return load_u64(hash);
}

}  // namespace starling
