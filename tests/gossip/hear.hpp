// Cells as if they had come in a frame.
#pragma once

#include "gossip/gossip.hpp"

namespace starling::gossip {

inline Verdict hear(Gossip& core, const NodeId& from, const Cells& cells, Moment now,
                    Effects& out) {
    return core.on_cells(from, OpenCells::of(cells, core.commons()), now, out);
}

inline Verdict hear(Gossip& core, const NodeId& from, const TableEntries& entries, Moment now,
                    Effects& out) {
    return core.on_table_entries(from, OpenEntries::of(entries, core.commons()), now, out);
}

}  // namespace starling::gossip
