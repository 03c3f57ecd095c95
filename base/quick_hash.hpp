// Numbers for bytes, fast (XXH3 of libxxhash): for hash tables in memory, seeded so that nobody
// else can choose bytes that collide, and to tell whether two runs did the same.  Never for what
// leaves a process, and no order may follow from it: that is base/hash.hpp.
//
//   I1  Equal seeds and bytes give equal numbers, on every machine.
//
// Pure functions and a streaming object.  The object is not thread safe.
#pragma once

#include "base/bytes.hpp"

#include <array>
#include <cstdint>
#include <memory>

struct XXH3_state_s;

namespace starling {

[[nodiscard]] std::uint64_t quick_hash(std::uint64_t seed, ByteView bytes);

// Of all that was added, however it was cut into parts.
class QuickHasher {
public:
    using Digest = std::array<std::uint8_t, 16>;

    QuickHasher();
    QuickHasher(const QuickHasher& other);
    QuickHasher& operator=(const QuickHasher&) = delete;
    ~QuickHasher() = default;

    void add(ByteView bytes);

    // More may be added afterwards.
    [[nodiscard]] Digest digest() const;

private:
    struct Free {
        void operator()(XXH3_state_s* state) const;
    };

    std::unique_ptr<XXH3_state_s, Free> state_;
};

}  // namespace starling
