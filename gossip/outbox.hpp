// Cells that changed and go on: flooding without a queue of messages.
//
//   changed ──put(cell, from)──> waiting, once per cell ──flush──> frames to all but the source
//       of members: to all links; opinions: to the ring neighbours, who pass them on to everybody
//
//   news after a calm leave at once; in a storm one flood every `pause` carries all of it
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
#include <optional>
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
    static constexpr Duration pause = std::chrono::milliseconds{2};

    // What the table says of a node; `from` brought the news (this node itself: nobody to spare).
    void put(const NodeId& member, const NodeId& from) { members_[member] = from; }

    void put(const Opinion& opinion, const NodeId& from);

    [[nodiscard]] bool empty() const { return members_.empty() && opinions_.empty(); }

    struct Receivers {
        std::span<const NodeId> links;       // ascending
        std::span<const NodeId> neighbours;  // of these links: who hears opinions; ascending
    };

    // Sends everything that waits, unless the pause since the last flood lasts.
    void flush(const Members& members, const Receivers& to, BootTime now, Effects& out);

    // When a flush has something to do.
    [[nodiscard]] std::optional<BootTime> next_deadline() const;

private:
    enum class Opinionated : std::uint8_t { no, yes };

    [[nodiscard]] Cells cells_for(const Members& members, const NodeId* link,
                                  Opinionated opinionated, BootTime now) const;
    [[nodiscard]] bool is_source(const NodeId& link) const;

    std::map<NodeId, NodeId> members_;  // whom about, who brought it
    std::map<std::pair<NodeId, NodeId>, std::pair<Opinion, NodeId>> opinions_;
    std::optional<BootTime> paused_until_;
};

}  // namespace starling::gossip
