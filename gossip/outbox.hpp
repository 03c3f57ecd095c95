// Cells that changed in this turn and go to every link: flooding without a queue of messages.
//
//   changed ──put(cell, from)──> waiting, once per cell ──flush──> frames to all links but the
//   source
//
// Invariants:
//   I1  A cell waits at most once, however often it changed: the newest state goes out.
//   I2  A cell is not sent back to the link that brought it.
//   I3  No frame carries more than limits::list_entries cells of a sort or `frame_bytes_aim` bytes.
//
// Not thread safe.
#pragma once

#include "base/effects.hpp"
#include "base/ids.hpp"
#include "base/moment.hpp"
#include "gossip/members.hpp"
#include "gossip/opinions.hpp"

#include <cstddef>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace starling::gossip {

inline constexpr std::size_t frame_bytes_aim = 128 * 1024;

// An upper bound of what the cells take in a frame.
[[nodiscard]] std::size_t size_of(const Cells& cells);

// Moves the cells of `more` to the end of `cells`.
void append(Cells& cells, Cells&& more);

// The same cells in as many frames as they need (I3).
[[nodiscard]] std::vector<Cells> in_frames(Cells cells);

class Outbox {
public:
    // What the table says of a node; `from` brought the news (this node itself: nobody to spare).
    void put(const NodeId& member, const NodeId& from) { members_[member] = from; }

    void put(const Opinion& opinion, const NodeId& from);

    [[nodiscard]] bool empty() const { return members_.empty() && opinions_.empty(); }

    // Sends everything that waits to every link.
    void flush(const Members& members, std::span<const NodeId> links, BootTime now, Effects& out);

private:
    [[nodiscard]] Cells cells_for(const Members& members, const NodeId* link, BootTime now) const;
    [[nodiscard]] bool is_source(const NodeId& link) const;

    std::map<NodeId, NodeId> members_;  // whom about, who brought it
    std::map<std::pair<NodeId, NodeId>, std::pair<Opinion, NodeId>> opinions_;
};

}  // namespace starling::gossip
