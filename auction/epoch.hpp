// The number of an award: a ballot of the task's custodians.
//
// Order: round, then who had it granted: node, boot, term.  Each time a node begins to run a task
// is a new term of its boot, and within a term every award has a new round.  So no epoch is used
// twice, not by a node that restarted, nor by one that lost a task and took it again.
//
// Values: thread safe to read.
#pragma once

#include "base/codec.hpp"
#include "base/ids.hpp"

#include <compare>
#include <cstdint>

namespace starling::auction {

struct Epoch {
    std::uint32_t round = 0;
    NodeId granter;  // the node that runs the auction under this epoch
    Boot boot;       // of the granter
    std::uint64_t term = 0;

    friend auto operator<=>(const Epoch&, const Epoch&) = default;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Epoch& epoch);
};

}  // namespace starling::auction
