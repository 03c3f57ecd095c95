// Cells that arrived, each claim and introduction as the one original that this process has of it:
// what a flood brings again is recognized, not decoded again.
//
// Invariants:
//   I1  A cell that does not decode is left out and counted, as in Cells.
//
// Values: as thread safe as the commons that they point to.
#pragma once

#include "gossip/commons.hpp"
#include "gossip/messages.hpp"

#include <cstdint>
#include <vector>

namespace starling::gossip {

struct OpenCells {
    std::vector<Introductions::Held> introductions;
    std::vector<Claims::Held> claims;
    std::vector<Death> deaths;
    std::vector<Opinion> opinions;
    std::uint32_t malformed = 0;

    // Takes cells that were decoded elsewhere.
    static OpenCells of(const Cells& cells, Commons& commons);
    static bool decode(Reader& in, Commons& commons, OpenCells& out);
};

struct OpenEntries {
    BucketSet whole;  // see TableEntries
    bool answer = false;
    OpenCells cells;

    static OpenEntries of(const TableEntries& entries, Commons& commons);
    static bool decode(Reader& in, Commons& commons, OpenEntries& out);
};

}  // namespace starling::gossip
