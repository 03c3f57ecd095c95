// Cells that changed and go on: flooding without a queue of messages.
//
//   changed ──put(cell, from)──> waiting, once per cell ──flush──> frames to all but its holders
//       to near links, who pass it on to everybody; of members also, after a while, to those links
//       that still show another table
//
//   news after a calm leave at once; in a storm one flood carries all of a period, and claims go to
//   few of the near links; opinions of others wait a moment for those that follow, and for the
//   verdict, which makes them superfluous
//
// Invariants:
//   I1  A cell waits at most once, however often it changed: the newest state goes out.
//   I2  A cell is not sent to a link that brought it, showed it, or was sent it before.  Of over 64
//       peers that did so since nothing waited, some are told twice.
//   I3  No frame carries more than limits::list_entries cells of a sort or `frame_bytes_aim` bytes.
//   I4  A cell of a member reaches every receiver to which it was flushed near or far; until it was
//       flushed near it waits.
//
// Not thread safe.
#pragma once

#include "base/effects.hpp"
#include "base/ids.hpp"
#include "base/moment.hpp"
#include "gossip/directory.hpp"
#include "gossip/members.hpp"
#include "gossip/opinions.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace starling::gossip {

// The same cells in as many frames as they need (I3).
[[nodiscard]] std::vector<Cells> in_frames(Cells cells);

// When something may be said to many links: at once after a calm, `burst` times a short pause
// apart, and in the long run once a period.
class Lane {
public:
    struct Pace {
        Duration pause;
        Duration period;
        std::int64_t burst;
    };

    explicit Lane(Pace pace) : pace_(pace) {}

    [[nodiscard]] bool is_open(BootTime now) const { return now >= opens_at_; }

    [[nodiscard]] BootTime opens_at() const { return opens_at_; }

    void used(BootTime now) {
        earned_from_ =
            std::max(earned_from_, now - (pace_.burst - 1) * pace_.period) + pace_.period;
        opens_at_ = std::max(now + pace_.pause, earned_from_);
    }

private:
    Pace pace_;
    BootTime earned_from_ = BootTime::min();  // a turn for every period since
    BootTime opens_at_{};
};

class Outbox {
public:
    // Members and links are kept by their numbers in this directory, which outlives the outbox.
    explicit Outbox(Directory& directory) : directory_(directory) {}

    static constexpr Duration pause = std::chrono::milliseconds{2};
    static constexpr Lane::Pace near_pace{pause, std::chrono::milliseconds{64}, 8};
    static constexpr std::size_t storm_news = 16;
    // Until everybody heard near links and showed its table, even in a storm.
    static constexpr Duration far_after = std::chrono::milliseconds{1500};

    // What the table says of a node; `from` brought the news (this node itself: nobody to spare).
    void put(const NodeId& member, const NodeId& from, BootTime now);
    // Goes at `due` at the latest, if the lane is open then.
    void put(const Opinion& opinion, const NodeId& from, BootTime due);

    // The subject ended or claimed anew: what was held of it is void.
    void drop_opinions(const NodeId& subject);

    // `peer` has what this node knows of the member, or holds this opinion: it need not be told.
    void on_shown(const NodeId& member, const NodeId& peer);
    void on_shown(NodeIndex member, const NodeId& peer);
    void on_shown(const Opinion& opinion, const NodeId& peer);

    [[nodiscard]] bool waits(const NodeId& member) const;

    [[nodiscard]] bool waits(NodeIndex member) const {
        return member.value < places_.size() && places_[member.value] != 0;
    }

    [[nodiscard]] bool empty() const { return members_.empty() && opinions_.empty(); }

    // So many members' news wait for near links that few of them get each.
    [[nodiscard]] bool is_storm() const { return near_members_ > storm_news; }

    [[nodiscard]] bool is_near_due(BootTime now) const {
        return near_at_ && now >= *near_at_ && near_.is_open(now);
    }

    [[nodiscard]] bool is_far_due(BootTime now) const { return far_at_ && now >= *far_at_; }

    // Sends what is due: to all or, of members that did not die, to `few` if there are any; both
    // ascending.
    void flush_near(const Members& members, std::span<const NodeId> all,
                    std::span<const NodeId> few, BootTime now, Effects& out);
    // Sends what is due to these; ascending.
    void flush_far(const Members& members, std::span<const NodeId> links, BootTime now,
                   Effects& out);

    // When a flush has something to do.
    [[nodiscard]] std::optional<BootTime> next_deadline() const;

private:
    using Holders = std::uint64_t;  // a bit for each of peers_

    struct MemberNews {
        NodeIndex member;
        bool near = false;  // near links were not told
        Holders holders = 0;
    };

    static_assert(sizeof(MemberNews) == 16);

    struct OpinionNews {
        Opinion opinion;
        Holders holders = 0;
    };

    [[nodiscard]] MemberNews* find(NodeIndex member);
    MemberNews& make(NodeIndex member);
    [[nodiscard]] Holders holder(const NodeId& peer);
    [[nodiscard]] std::vector<Holders> holders(std::span<const NodeId> peers);
    void keep_near(Holders told);
    void forget_peers();

    Directory& directory_;
    std::vector<NodeIndex> peers_;                               // who holds some of it; at most 64
    std::pair<NodeId, Holders> last_peer_{};                     // the one whose bit was asked last
    std::vector<MemberNews> members_;                            // in the order in which they came
    std::vector<std::uint32_t> places_;                          // theirs, by number; 0: none
    std::map<std::pair<NodeId, NodeId>, OpinionNews> opinions_;  // by subject and observer
    Lane near_{near_pace};
    std::optional<BootTime> near_at_;  // something waits for near links until then
    std::size_t near_members_ = 0;     // of members' news
    std::optional<BootTime> far_at_;   // when members' news go to far links
};

}  // namespace starling::gossip
