#include "base/limits.hpp"
#include "tests/gossip/mesh_test_world.hpp"

namespace starling::gossip::identity_test {
namespace {

CertificateTerms terms_of(std::uint8_t number) {
    CertificateTerms terms = test_certificate(number);
    return terms;
}

ClaimTerms largest_terms() {
    ClaimTerms terms;
    terms.boot = Boot{~0ULL};
    terms.incarnation = Incarnation{~0U};
    terms.mode = Mode::left;
    terms.addresses.assign(limits::addresses_per_member, std::string(limits::address_bytes, 'a'));
    terms.name.assign(limits::name_bytes, 'n');
    terms.attributes.assign(Claim::attributes_bytes, 7);
    return terms;
}

template <class Message>
std::optional<Message> again(const Message& message) {
    Decoder decoder;
    return decoded<Message>(decoder, encoded(message));
}

// Claim bytes as a stranger might write them, over any bound.
std::optional<Claim> claim_from(const Bytes& terms) {
    Bytes bytes;
    Writer out(bytes);
    out.list(3);
    test_certificate(ann).encode(out);
    out.bytes(terms);
    out.id(Signature{});
    Decoder decoder;
    return decoded<Claim>(decoder, bytes);
}

Bytes terms_with(std::size_t addresses, std::size_t address, std::size_t name, std::size_t more) {
    Bytes bytes;
    Writer out(bytes);
    out.list(9);
    out.id(test_key(ann).id());
    out.uint(1);
    out.uint(1);
    out.uint(0);
    out.list(addresses);
    for (std::size_t i = 0; i < addresses; ++i) out.text(std::string(address, 'a'));
    out.text(std::string(name, 'n'));
    out.uint(1);
    out.uint(1);
    out.bytes(Bytes(more, 1));
    return bytes;
}

TEST_CASE("the mesh id changes with the root key, the voters and the name", "[gossip][identity]") {
    const Genesis genesis = test_genesis();
    Genesis other = genesis;
    other.root = test_key(ann).id();
    CHECK(other.mesh_id() != genesis.mesh_id());
    other = genesis;
    other.voters.push_back({test_key(ann).id(), JournalId{}});
    CHECK(other.mesh_id() != genesis.mesh_id());
    CHECK(test_genesis("else").mesh_id() != genesis.mesh_id());
    CHECK(again(genesis) == genesis);
}

TEST_CASE("a genesis holds seven ascending voters, not eight", "[gossip][identity][limits]") {
    Genesis genesis = test_genesis();
    for (std::uint8_t i = 1; i <= Genesis::voters_max; ++i) {
        Voter voter;
        voter.node.bytes[0] = i;
        genesis.voters.push_back(voter);
    }
    CHECK(again(genesis) == genesis);
    std::swap(genesis.voters[0], genesis.voters[1]);
    CHECK_FALSE(again(genesis));
    std::swap(genesis.voters[0], genesis.voters[1]);
    genesis.voters.push_back({test_key(ann).id(), JournalId{}});
    genesis.voters.back().node.bytes[0] = 255;
    CHECK_FALSE(again(genesis));
}

TEST_CASE("a genesis name of the longest size decodes, one more does not",
          "[gossip][identity][limits]") {
    CHECK(again(test_genesis(std::string(Genesis::name_bytes_max, 'x'))));
    CHECK_FALSE(again(test_genesis(std::string(Genesis::name_bytes_max + 1, 'x'))));
}

TEST_CASE("a certificate holds for its mesh, its root and its time", "[gossip][identity]") {
    const Verifier verifier;
    const MeshId mesh = test_genesis().mesh_id();
    CertificateTerms terms = terms_of(ann);
    terms.expires_ms = 100;
    const Certificate certificate = issue(terms, root_key());
    const auto verdict = [&](const MeshId& m, const NodeId& root, std::uint64_t now) {
        return verify(certificate, m, root, now, verifier);
    };
    CHECK(verdict(mesh, root_key().id(), 99) == CertificateVerdict::valid);
    CHECK(verdict(mesh, root_key().id(), 100) == CertificateVerdict::expired);
    CHECK(verdict(MeshId{}, root_key().id(), 0) == CertificateVerdict::foreign_mesh);
    CHECK(verdict(mesh, test_key(bob).id(), 0) == CertificateVerdict::bad_signature);
    CHECK(again(certificate) == certificate);
}

TEST_CASE("a certificate whose bytes were touched does not verify", "[gossip][identity]") {
    Certificate certificate = test_certificate(ann);
    certificate.signed_bytes.back() ^= 1U;
    const auto touched = again(certificate);
    REQUIRE(touched);
    CHECK(verify(*touched, test_genesis().mesh_id(), root_key().id(), 0, Verifier{}) ==
          CertificateVerdict::bad_signature);
}

TEST_CASE("a certificate of the largest size decodes, one more byte does not",
          "[gossip][identity][limits]") {
    const auto decodes = [](std::size_t size) {
        // Fields of a later version fill the signed bytes up.
        Bytes terms = test_certificate(ann).signed_bytes;
        terms[0] = 0x98;  // a list of eight
        const std::size_t filler = size - terms.size() - 3;
        Writer(terms).bytes(Bytes(filler, 1));
        REQUIRE(terms.size() == size);
        Bytes bytes;
        Writer out(bytes);
        out.list(2);
        out.bytes(terms);
        out.id(Signature{});
        CHECK(bytes.size() <= limits::certificate_bytes);
        Decoder decoder;
        return decoded<Certificate>(decoder, bytes).has_value();
    };
    CHECK(decodes(limits::certificate_bytes - 80));
    CHECK_FALSE(decodes(limits::certificate_bytes - 79));
}

TEST_CASE("a claim survives the wire and is signed by its subject", "[gossip][identity]") {
    const Claim claim = make_claim(largest_terms(), test_certificate(ann), test_key(ann));
    const auto copy = again(claim);
    REQUIRE(copy);
    CHECK(*copy == claim);
    CHECK(signed_by_subject(*copy, Verifier{}));
    Claim forged = *copy;
    forged.signed_bytes[40] ^= 1U;
    CHECK_FALSE(signed_by_subject(forged, Verifier{}));
}

TEST_CASE("a claim with another node's certificate does not decode", "[gossip][identity]") {
    Claim claim = make_claim({}, test_certificate(ann), test_key(ann));
    claim.certificate = test_certificate(bob);
    CHECK_FALSE(again(claim));
}

TEST_CASE("what a claim says is bounded field by field", "[gossip][identity][limits]") {
    const std::size_t addresses = limits::addresses_per_member;
    const std::size_t length = limits::address_bytes;
    const std::size_t name = limits::name_bytes;
    const std::size_t more = Claim::attributes_bytes;
    CHECK(claim_from(terms_with(addresses, length, name, more)));
    CHECK_FALSE(claim_from(terms_with(addresses + 1, 1, name, more)));
    CHECK_FALSE(claim_from(terms_with(1, length + 1, name, more)));
    CHECK_FALSE(claim_from(terms_with(1, length, name + 1, more)));
    CHECK_FALSE(claim_from(terms_with(1, length, name, more + 1)));
}

TEST_CASE("an incarnation may jump as far as the bound, not one further", "[gossip][identity]") {
    const Standing known{Boot{5}, Incarnation{10}, {}};
    const std::uint32_t bound = limits::incarnation_jump;
    CHECK(within_jump(known, {Boot{5}, Incarnation{10 + bound}, {}}));
    CHECK_FALSE(within_jump(known, {Boot{5}, Incarnation{11 + bound}, {}}));
    CHECK(within_jump(known, {Boot{6}, Incarnation{bound}, {}}));
    CHECK_FALSE(within_jump(known, {Boot{6}, Incarnation{bound + 1}, {}}));
}

TEST_CASE("standings order by boot, then incarnation, then mode", "[gossip][identity]") {
    using Rank = Standing::Rank;
    CHECK(Standing{Boot{1}, Incarnation{9}, Rank::left} < Standing{Boot{2}, Incarnation{0}});
    CHECK(Standing{Boot{1}, Incarnation{1}, Rank::left} < Standing{Boot{1}, Incarnation{2}});
    CHECK(Standing{Boot{1}, Incarnation{1}, Rank::away} <
          Standing{Boot{1}, Incarnation{1}, Rank::dead});
    CHECK(Standing{Boot{1}, Incarnation{1}, Rank::dead} <
          Standing{Boot{1}, Incarnation{1}, Rank::left});
}

}  // namespace
}  // namespace starling::gossip::identity_test
