// How many frames a peer may send: a token bucket for each, refilled by time.
//
//   I1  A peer gets at most `burst` frames at once and `per_second` in the long run.
//
// Not thread safe.
#pragma once

#include "base/hash_index.hpp"
#include "base/ids.hpp"
#include "base/moment.hpp"

#include <algorithm>
#include <cstdint>

namespace starling::node {

class Quota {
public:
    static constexpr std::uint64_t per_second = 20'000;
    static constexpr std::uint64_t burst = 40'000;

    // `scramble` keeps others from choosing ids that collide.
    explicit Quota(std::uint64_t scramble) : buckets_(scramble) {}

    // Whether one more frame of this peer is within its share.
    [[nodiscard]] bool take(const NodeId& peer, BootTime now) {
        Bucket* known = buckets_.find(peer);
        if (known == nullptr) {
            buckets_.insert(peer, {burst, now});
            known = buckets_.find(peer);
        }
        Bucket& bucket = *known;
        const auto earned = static_cast<std::uint64_t>((now - bucket.filled) / frame_time);
        if (earned > 0) {
            bucket.frames = std::min(burst, bucket.frames + std::min(earned, burst));
            bucket.filled = now;
        }
        if (bucket.frames == 0) return false;
        --bucket.frames;
        return true;
    }

    void forget(const NodeId& peer) { buckets_.erase(peer); }

private:
    static constexpr Duration frame_time = std::chrono::nanoseconds{1'000'000'000 / per_second};

    struct Bucket {
        std::uint64_t frames = 0;
        BootTime filled{};
    };

    HashIndex<NodeId, Bucket> buckets_;
};

}  // namespace starling::node
