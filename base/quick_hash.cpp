#include "base/quick_hash.hpp"

#include "base/assert.hpp"

#include <xxhash.h>

namespace starling {

std::uint64_t quick_hash(std::uint64_t seed, ByteView bytes) {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

QuickHasher::QuickHasher() : state_(XXH3_createState()) {
    STARLING_ASSERT(state_ != nullptr);
    XXH3_128bits_reset(state_.get());
}

QuickHasher::QuickHasher(const QuickHasher& other) : QuickHasher() {
    XXH3_copyState(state_.get(), other.state_.get());
}

void QuickHasher::add(ByteView bytes) {
    XXH3_128bits_update(state_.get(), bytes.data(), bytes.size());
}

QuickHasher::Digest QuickHasher::digest() const {
    XXH128_canonical_t digest;
    XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(state_.get()));
    return std::to_array(digest.digest);
}

void QuickHasher::Free::operator()(XXH3_state_s* state) const {
    XXH3_freeState(state);
}

}  // namespace starling
