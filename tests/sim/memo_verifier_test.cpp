#include "sim/memo_verifier.hpp"

#include <catch2/catch.hpp>

namespace starling::sim::memo_verifier_test {
namespace {

constexpr std::string_view domain = "starling/test";

TEST_CASE("a member's signature is good for what it signed, and for nothing else",
          "[sim][memo_verifier]") {
    const Identities identities = make_identities(1, 2);
    const MemoVerifier verifier(identities);
    const SigningKey& key = identities.nodes[0].key;
    const Signature signature = key.sign(domain, view_of("text"));
    CHECK(verifier.verify(key.id(), domain, view_of("text"), signature));
    CHECK_FALSE(verifier.verify(key.id(), domain, view_of("tent"), signature));
    CHECK_FALSE(verifier.verify(key.id(), "starling/other", view_of("text"), signature));
    CHECK_FALSE(verifier.verify(identities.nodes[1].key.id(), domain, view_of("text"), signature));
}

TEST_CASE("a signature of a key that is no member's is checked all the same",
          "[sim][memo_verifier]") {
    const Identities identities = make_identities(1, 2);
    const MemoVerifier verifier(identities);
    const SigningKey stranger(SigningKey::Seed{7});
    const Signature signature = stranger.sign(domain, view_of("text"));
    CHECK(verifier.verify(stranger.id(), domain, view_of("text"), signature));
    CHECK_FALSE(verifier.verify(stranger.id(), domain, view_of("tent"), signature));
}

TEST_CASE("what was checked once is not computed again", "[sim][memo_verifier]") {
    const Identities identities = make_identities(1, 1);
    const MemoVerifier verifier(identities);
    const SigningKey& key = identities.nodes[0].key;
    const Signature signature = key.sign(domain, view_of("text"));
    for (int i = 0; i < 3; ++i) {
        static_cast<void>(verifier.verify(key.id(), domain, view_of("text"), signature));
    }
    CHECK(verifier.asked() == 3);
    CHECK(verifier.computed() == 1);
}

}  // namespace
}  // namespace starling::sim::memo_verifier_test
