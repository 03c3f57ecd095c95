// Which node has workers for which skill: own counts, flooded when they matter, and others'.
//
//   workers change ──> sequence + 1 ──> flood, when a skill came or went, or free came to or from 0
//                                       (from 0: as soon as the mesh allows, somebody may wait)
//   flood heard    ──> a newer (boot, sequence) is kept and passed on, seldom where all are linked
//   bids, refusals and agreements carry the count too: between floods it reaches who needs it
//
// Invariants:
//   I1  Of a node's digests the highest (boot, sequence) is kept; an older one changes nothing.
//   I2  Candidates are alive, not behind with their disk or loop, advertise the skill, and have a
//       worker free as far as is known.
//   I3  A node that told anybody "none free" floods as soon as one is free again.
//   I4  Nodes and skills per node are bounded; what is over a bound is not advertised.
//
// Not thread safe.
#pragma once

#include "auction/members.hpp"
#include "auction/messages.hpp"
#include "auction/timing.hpp"
#include "base/effects.hpp"
#include "base/rng.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace starling::auction {

enum class Busy : std::uint8_t { left_out, included };

class Digests {
public:
    Digests(const Members& members, const Timing& timing);

    // Own workers.  Counts of a skill without workers are dropped.
    void set_own(const std::string& skill, std::uint32_t free, std::uint32_t total, BootTime now);
    [[nodiscard]] bool has_room(const std::string& skill) const;
    // The own count for a message to another node.
    [[nodiscard]] FreeWorkers tell_own(const std::string& skill);

    // What another node told; true when it may have more free workers now.
    bool on_news(const DigestNews& message, BootTime now);
    bool on_told(const NodeId& node, const std::string& skill, const FreeWorkers& free);
    // One worker fewer, until the node tells.
    void reserve(const NodeId& node, const std::string& skill);

    void link_up(const NodeId& node, Effects& out);

    void link_down(const NodeId& node) { links_.erase(node); }

    void forget(const NodeId& node) { known_.erase(node); }

    void on_tick(BootTime now, Effects& out);

    [[nodiscard]] std::optional<BootTime> next_deadline() const { return flood_at_; }

    // Nodes to ask, at most `count`: half of them those with most free workers, the rest at random.
    [[nodiscard]] std::vector<NodeId> candidates(const std::string& skill, std::size_t count,
                                                 Busy busy, Rng& rng) const;
    [[nodiscard]] std::uint64_t free_workers(const std::string& skill) const;
    [[nodiscard]] bool anybody(const std::string& skill) const;
    // It is alive, not behind, and has workers of the skill, free or not.
    [[nodiscard]] bool is_able(const NodeId& node, const std::string& skill) const;

private:
    struct Known {
        Boot boot;
        std::uint64_t sequence = 0;
        std::map<std::string, SkillCount, std::less<>> skills;
    };

    [[nodiscard]] const SkillCount* count_of(const NodeId& node, const std::string& skill) const;
    [[nodiscard]] NodeDigest digest_of(const NodeId& node, const Known& known) const;
    [[nodiscard]] bool all_linked() const;
    [[nodiscard]] Duration edge_pause() const;
    [[nodiscard]] bool differs_from_shown() const;
    [[nodiscard]] bool learn(const NodeDigest& digest);
    void flood_within(Duration pause, BootTime now);
    void flood_own();
    void send_digests(std::span<const NodeId> to, const std::set<NodeId>& about,
                      Effects& out) const;

    const Members& members_;
    const Timing& timing_;
    std::map<NodeId, Known> known_;
    std::set<NodeId> links_;
    std::set<NodeId> fresh_;                               // digests to pass on
    std::map<std::string, bool, std::less<>> shown_free_;  // own skills: whether free, as told last
    std::optional<BootTime> flood_at_;
    BootTime flooded_at_{};
};

}  // namespace starling::auction
