// A certificate: the mesh's root key says that a node key belongs to the mesh, with which transport
// key and from which journal it votes.
//
//   terms ──canonical bytes──> signed by the root key ──> Certificate {signed bytes kept verbatim,
//   signature}
//
// Invariants:
//   I1  The fields of a certificate are what its signed bytes say: only issue() and decode() make
//   one. I2  signed_bytes and signature together fit into limits::certificate_bytes when encoded.
//   I3  Of two certificates of a node the one issued later holds.
//
// Values and pure functions: thread safe to read.
#pragma once

#include "base/bytes.hpp"
#include "base/codec.hpp"
#include "base/crypto.hpp"
#include "base/ids.hpp"

#include <cstdint>

namespace starling::gossip {

// Bits of Certificate::roles.
inline constexpr std::uint32_t role_member = 1;

struct CertificateTerms {
    MeshId mesh;
    NodeId node;
    CurveKey curve;
    JournalId journal;
    std::uint32_t roles = role_member;
    std::uint64_t expires_ms = 0;  // wall time; 0 = never
    std::uint64_t issued = 0;      // order among the certificates of one node

    friend bool operator==(const CertificateTerms&, const CertificateTerms&) = default;
};

struct Certificate : CertificateTerms {
    Bytes signed_bytes;
    Signature signature;

    void encode(Writer& out) const;
    // Fails on anything that is not canonical or too large.  The signature is not checked.
    static bool decode(Reader& in, Certificate& out);

    friend bool operator==(const Certificate&, const Certificate&) = default;
};

enum class CertificateVerdict : std::uint8_t { valid, foreign_mesh, expired, bad_signature };

// Signs the terms with the root key.
[[nodiscard]] Certificate issue(const CertificateTerms& terms, const SigningKey& root);

// Whether `root` signed this for `mesh`, and whether it still holds at `wall_ms`.
[[nodiscard]] CertificateVerdict verify(const Certificate& certificate, const MeshId& mesh,
                                        const NodeId& root, std::uint64_t wall_ms,
                                        const Verifier& verifier);

}  // namespace starling::gossip
