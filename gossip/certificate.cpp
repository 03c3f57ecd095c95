#include "gossip/certificate.hpp"

#include "base/assert.hpp"
#include "base/mutant.hpp"

#include <string_view>

namespace starling::gossip {
namespace {

constexpr std::string_view certificate_domain = "starling/v1/cert";

Bytes bytes_of_terms(const CertificateTerms& terms) {
    Bytes bytes;
    Writer out(bytes);
    out.list(7);
    out.id(terms.mesh);
    out.id(terms.node);
    out.id(terms.curve);
    out.id(terms.journal);
    out.uint(terms.roles);
    out.uint(terms.expires_ms);
    out.uint(terms.issued);
    return bytes;
}

// Elements beyond the seventh come from later versions: signed, kept, not understood.
void read_terms(Reader& in, CertificateTerms& out) {
    out.mesh = in.id<MeshId>();
    out.node = in.id<NodeId>();
    out.curve = in.id<CurveKey>();
    out.journal = in.id<JournalId>();
    out.roles = static_cast<std::uint32_t>(in.uint(UINT32_MAX));
    out.expires_ms = in.uint();
    out.issued = in.uint();
}

}  // namespace

void Certificate::encode(Writer& out) const {
    out.list(2);
    out.bytes(signed_bytes);
    out.id(signature);
}

bool Certificate::decode(Reader& in, Certificate& out) {
    // The list header, the bytes' header and the signature take less than 80 bytes.
    out.signed_bytes = copy_of(in.bytes(limits::certificate_bytes - 80));
    out.signature = in.id<Signature>();
    if (!in.ok()) return false;
    Reader terms = in.inner().parse(out.signed_bytes);
    read_terms(terms, out);
    if (!terms.ok()) in.fail();
    return in.ok();
}

Certificate issue(const CertificateTerms& terms, const SigningKey& root) {
    Certificate certificate;
    static_cast<CertificateTerms&>(certificate) = terms;
    certificate.signed_bytes = bytes_of_terms(terms);
    STARLING_ASSERT(certificate.signed_bytes.size() + 80 <= limits::certificate_bytes);  // I2
    certificate.signature = root.sign(certificate_domain, certificate.signed_bytes);
    return certificate;
}

CertificateVerdict verify(const Certificate& certificate, const MeshId& mesh, const NodeId& root,
                          std::uint64_t wall_ms, const Verifier& verifier) {
    if (certificate.mesh != mesh) return CertificateVerdict::foreign_mesh;
    if (certificate.expires_ms != 0 && certificate.expires_ms <= wall_ms) {
        return CertificateVerdict::expired;
    }
    if (STARLING_MUTANT(72,
                        !verifier.verify(root, certificate_domain, certificate.signed_bytes,
                                         certificate.signature),
                        false)) {
        return CertificateVerdict::bad_signature;
    }
    return CertificateVerdict::valid;
}

}  // namespace starling::gossip
