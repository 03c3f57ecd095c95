// Frames of the links themselves.
//
// Values: thread safe to read.
#pragma once

#include "base/codec.hpp"
#include "base/kinds.hpp"

#include <cstdint>

namespace starling::node {

// Why frames of a sender are not taken.
enum class RejectReason : std::uint8_t {
    hello = 0,         // say HELLO first: this link is unknown here
    foreign_mesh = 1,  // of another mesh
    superseded = 2,    // a process with the same key and a higher boot runs
    refused = 3,       // the claim in HELLO does not hold
};

struct Reject {
    static constexpr Kind kind = Kind::reject;

    RejectReason reason{};

    void encode(Writer& out) const {
        out.list(1);
        out.uint(static_cast<std::uint64_t>(reason));
    }

    static bool decode(Reader& in, Reject& out) {
        out.reason =
            static_cast<RejectReason>(in.uint(static_cast<std::uint64_t>(RejectReason::refused)));
        return in.ok();
    }
};

}  // namespace starling::node
