#include "sim/memo_verifier.hpp"

#include "base/hash.hpp"

namespace starling::sim {

MemoVerifier::MemoVerifier(const Identities& identities) {
    for (const Identity& identity : identities.nodes) {
        keys_.insert(identity.key.id(), &identity.key);
    }
}

bool MemoVerifier::verify(const NodeId& signer, std::string_view domain, ByteView bytes,
                          const Signature& signature) const {
    ++asked_;
    const Hash256 content = Hasher("starling/sim/verified")
                                .add(signer.view())
                                .add(domain)
                                .add(bytes)
                                .add(signature.view())
                                .finish();
    if (const bool* known = known_.find(content)) return *known;

    ++computed_;
    const bool valid = compute(signer, domain, bytes, signature);
    if (known_.size() >= remembered_max) known_ = HashIndex<Hash256, bool>{};
    known_.insert(content, valid);
    return valid;
}

bool MemoVerifier::compute(const NodeId& signer, std::string_view domain, ByteView bytes,
                           const Signature& signature) const {
    const auto* key = keys_.find(signer);
    if (key != nullptr && (*key)->sign(domain, bytes) == signature) return true;
    return Verifier::verify(signer, domain, bytes, signature);
}

}  // namespace starling::sim
