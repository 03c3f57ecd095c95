#include "base/hash.hpp"

#include "base/crypto.hpp"

#include <catch2/catch.hpp>

namespace starling::hash_test {
namespace {

SigningKey key_of(std::uint8_t first) {
    SigningKey::Seed seed{};
    seed[0] = first;
    return SigningKey(seed);
}

TEST_CASE("moving a border between two parts changes the hash", "[base][hash]") {
    CHECK(Hasher("test").add("ab").add("c").finish() != Hasher("test").add("a").add("bc").finish());
}

TEST_CASE("two domains hash the same bytes differently", "[base][hash]") {
    CHECK(Hasher("one").add("x").finish() != Hasher("two").add("x").finish());
}

TEST_CASE("two keys, and two texts, have other short hashes", "[base][hash]") {
    CHECK(short_hash(view_of("text"), 1) == short_hash(view_of("text"), 1));
    CHECK(short_hash(view_of("text"), 1) != short_hash(view_of("text"), 2));
    CHECK(short_hash(view_of("text"), 1) != short_hash(view_of("test"), 1));
}

TEST_CASE("a signature holds for its signer, domain and bytes only", "[base][crypto]") {
    const SigningKey ann = key_of(1);
    const SigningKey bob = key_of(2);
    const Verifier verifier;
    const Signature signature = ann.sign("claim", view_of("alive"));
    CHECK(verifier.verify(ann.id(), "claim", view_of("alive"), signature));
    CHECK_FALSE(verifier.verify(bob.id(), "claim", view_of("alive"), signature));
    CHECK_FALSE(verifier.verify(ann.id(), "batch", view_of("alive"), signature));
    CHECK_FALSE(verifier.verify(ann.id(), "claim", view_of("alivf"), signature));
}

TEST_CASE("the same seed makes the same node", "[base][crypto]") {
    CHECK(key_of(1).id() == key_of(1).id());
    CHECK(key_of(1).id() != key_of(2).id());
}

}  // namespace
}  // namespace starling::hash_test
