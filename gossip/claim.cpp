#include "gossip/claim.hpp"

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "base/mutant.hpp"

namespace starling::gossip {
namespace {

constexpr std::string_view claim_domain = "starling/v1/claim";

void write_terms(Writer& out, const NodeId& node, const ClaimTerms& terms) {
    out.list(9);
    out.id(node);
    out.ordinal(terms.boot);
    out.ordinal(terms.incarnation);
    out.uint(static_cast<std::uint64_t>(terms.mode));
    out.list(terms.addresses.size());
    for (const std::string& address : terms.addresses) out.text(address);
    out.text(terms.name);
    out.uint(terms.protocol_min);
    out.uint(terms.protocol_max);
    out.bytes(terms.attributes);
}

void read_terms(Reader& in, Claim& out) {
    out.node = in.id<NodeId>();
    out.boot = in.ordinal<Boot>();
    out.incarnation = in.ordinal<Incarnation>();
    out.mode = static_cast<Mode>(in.uint(static_cast<std::uint64_t>(Mode::left)));
    Reader addresses = in.list(limits::addresses_per_member);
    out.addresses.clear();
    while (addresses.remaining() > 0) {
        out.addresses.emplace_back(addresses.text(limits::address_bytes));
    }
    out.name = in.text(limits::name_bytes);
    out.protocol_min = static_cast<std::uint8_t>(in.uint(UINT8_MAX));
    out.protocol_max = static_cast<std::uint8_t>(in.uint(UINT8_MAX));
    out.attributes = copy_of(in.bytes(Claim::attributes_bytes));
}

}  // namespace

std::string_view name_of(Mode mode) {
    switch (mode) {
        case Mode::up:
            return "up";
        case Mode::draining:
            return "draining";
        case Mode::away:
            return "away";
        case Mode::left:
            return "left";
    }
    return "up";
}

void Claim::encode(Writer& out) const {
    out.list(3);
    certificate.encode(out);
    out.bytes(signed_bytes);
    out.id(signature);
}

bool Claim::decode(Reader& in, Claim& out) {
    Reader certificate = in.list();
    if (!Certificate::decode(certificate, out.certificate)) return false;
    out.signed_bytes = copy_of(in.bytes(limits::claim_bytes));
    out.signature = in.id<Signature>();
    if (!in.ok()) return false;
    Reader terms = in.inner().parse(out.signed_bytes);
    read_terms(terms, out);
    if (!terms.ok() || out.node != out.certificate.node) in.fail();  // I2
    return in.ok();
}

Standing standing_of(const Claim& claim) {
    using Rank = Standing::Rank;
    switch (claim.mode) {
        case Mode::up:
            return {claim.boot, claim.incarnation, Rank::up};
        case Mode::draining:
            return {claim.boot, claim.incarnation, Rank::draining};
        case Mode::away:
            return {claim.boot, claim.incarnation, Rank::away};
        case Mode::left:
            return {claim.boot, claim.incarnation, Rank::left};
    }
    return {claim.boot, claim.incarnation, Rank::up};
}

bool within_jump(const Standing& known, const Standing& next) {
    const std::uint32_t base = next.boot == known.boot ? known.incarnation.value : 0;
    return next.incarnation.value <= base ||
           next.incarnation.value - base <= limits::incarnation_jump;
}

Claim make_claim(const ClaimTerms& terms, const Certificate& certificate, const SigningKey& key) {
    STARLING_ASSERT(certificate.node == key.id());
    STARLING_ASSERT(terms.addresses.size() <= limits::addresses_per_member);
    STARLING_ASSERT(terms.attributes.size() <= Claim::attributes_bytes);
    Claim claim;
    static_cast<ClaimTerms&>(claim) = terms;
    claim.certificate = certificate;
    claim.node = key.id();
    Writer out(claim.signed_bytes);
    write_terms(out, claim.node, terms);
    STARLING_ASSERT(claim.signed_bytes.size() <= limits::claim_bytes);
    claim.signature = key.sign(claim_domain, claim.signed_bytes);
    return claim;
}

bool signed_by_subject(const Claim& claim, const Verifier& verifier) {
    return STARLING_MUTANT(
        71, verifier.verify(claim.node, claim_domain, claim.signed_bytes, claim.signature), true);
}

}  // namespace starling::gossip
