// A claim: what a node says about itself, signed by itself.  Only a claim brings a member into the
// table, and only the subject raises its own boot or incarnation.
//
//   (boot, incarnation, mode)      up < draining < away < left; a death lies between away and left
//
// Invariants:
//   I1  The fields are what the signed bytes say: only make_claim() and decode() make a claim.
//   I2  A claim's certificate names the same node as the claim.
//   I3  Within a boot, an incarnation rises by at most limits::incarnation_jump at once, so no
//   single
//       message can put a node beyond its own reach.
//
// Values and pure functions: thread safe to read.
#pragma once

#include "base/bytes.hpp"
#include "base/codec.hpp"
#include "base/crypto.hpp"
#include "base/ids.hpp"
#include "gossip/certificate.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace starling::gossip {

enum class Mode : std::uint8_t {
    up,
    draining,  // takes no new work
    away,      // back in a moment: not judged for limits' away time
    left,      // for this boot
};

[[nodiscard]] std::string_view name_of(Mode mode);

// What is said; names and attributes are for people and programs, never identities.
struct ClaimTerms {
    Boot boot;
    Incarnation incarnation;
    Mode mode = Mode::up;
    std::vector<std::string> addresses;  // host:port, at most limits::addresses_per_member
    std::string name;
    std::uint8_t protocol_min = 1;
    std::uint8_t protocol_max = 1;
    Bytes attributes;

    friend bool operator==(const ClaimTerms&, const ClaimTerms&) = default;
};

struct Claim : ClaimTerms {
    static constexpr std::size_t attributes_bytes = 256;

    Certificate certificate;
    NodeId node;
    Bytes signed_bytes;
    Signature signature;

    void encode(Writer& out) const;
    // Fails on anything malformed, over a bound, or whose certificate is another node's (I2).
    // Signatures are not checked.
    static bool decode(Reader& in, Claim& out);

    friend bool operator==(const Claim&, const Claim&) = default;
};

// Where a claim, or a death, stands among everything said about its subject.  Greater wins.
struct Standing {
    enum class Rank : std::uint8_t { up, draining, away, dead, left };

    Boot boot;
    Incarnation incarnation;
    Rank rank = Rank::up;

    friend auto operator<=>(const Standing&, const Standing&) = default;
};

[[nodiscard]] Standing standing_of(const Claim& claim);

// Whether the incarnation lies within reach of the one known (I3).
[[nodiscard]] bool within_jump(const Standing& known, const Standing& next);

// Signs the terms with the node's own key.  REQUIRES: the certificate is of that key; all within
// bounds.
[[nodiscard]] Claim make_claim(const ClaimTerms& terms, const Certificate& certificate,
                               const SigningKey& key);

// Whether the node itself signed this.  The certificate is checked by verify(certificate, ..).
[[nodiscard]] bool signed_by_subject(const Claim& claim, const Verifier& verifier);

}  // namespace starling::gossip
