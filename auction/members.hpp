// Who belongs to the mesh and who is there, as the membership protocol told.
//
//   certified ──> member (alive, dead, or never met) ──left──> no member ──alive──> member
//
//   I1  This node is always there, with its present boot.
//   I2  Who is alive is a guess, and nothing rests on it but who is asked first.
//   I3  Who keeps a key follows from who was ever admitted: a death, a cut, a restart or a leave
//       changes no list, for two sides of a partition may know of different ones.  Lists of two
//       nodes of which one knows a member more overlap in their majorities.
//   I4  Who was admitted costs 4 bytes and two bits, by its number; numbers have no order and mean
//       nothing outside.
//
// Not thread safe.
#pragma once

#include "base/ids.hpp"
#include "base/interner.hpp"
#include "base/moment.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace starling::auction {

class Members {
public:
    // Until `settled` a member not yet heard of may still turn up.  `numbers` may be shared with
    // others of this process; null: this one has its own.
    Members(NodeId self, Boot boot, BootTime settled,
            std::shared_ptr<NodeInterner> numbers = nullptr);
    ~Members();
    Members(const Members&) = delete;
    Members& operator=(const Members&) = delete;

    void certified(const NodeId& node);  // whether it was ever met or not
    void alive(const NodeId& node, Boot boot, BootTime now);
    void gone(const NodeId& node, BootTime now);  // dead
    void left(const NodeId& node, BootTime now);
    void lag(const NodeId& node, bool behind);  // with its disk or loop

    [[nodiscard]] const NodeId& self() const { return self_; }

    [[nodiscard]] Boot boot() const { return boot_; }

    [[nodiscard]] BootTime settled() const { return settled_; }

    [[nodiscard]] bool is_alive(const NodeId& node) const { return place_of(node).has_value(); }

    [[nodiscard]] bool is_boot(const NodeId& node, Boot boot) const;

    [[nodiscard]] bool is_behind(const NodeId& node) const { return behind_.contains(node); }

    [[nodiscard]] std::size_t count() const { return alive_count_; }

    // Whether what this boot of the node did in memory is lost.
    [[nodiscard]] bool is_gone(const NodeId& node, Boot boot, BootTime now) const;

    // Whether the node cannot be reached, whatever its boot.
    [[nodiscard]] bool is_away(const NodeId& node, BootTime now) const;

    // Whether too few of them can be reached for a majority.
    [[nodiscard]] bool lacks_majority(std::span<const NodeId> nodes, BootTime now) const;

    // Whether those of them that cannot be reached, and did not leave, are a majority: they may be
    // together elsewhere, and decide there.
    [[nodiscard]] bool may_decide_elsewhere(std::span<const NodeId> nodes, BootTime now) const;

    // When the last of them came back that had been away; the beginning of time if none did lately.
    [[nodiscard]] BootTime last_return(std::span<const NodeId> nodes) const;

    // Since when they are too few.  REQUIRES: lacks_majority(nodes, now)
    [[nodiscard]] BootTime majority_lost(std::span<const NodeId> nodes) const;

    // Since when this node sees more than half of all that did not leave: two sides of a partition
    // never both do, as long as they know of the same leaves.
    [[nodiscard]] std::optional<BootTime> sees_majority() const { return sees_majority_; }

    // Who keeps a task with a key, best first: chosen from all that were ever admitted, and as many
    // as there can be, so that no two sides of a partition both have a majority of them.
    [[nodiscard]] std::vector<NodeId> custodians_of_key(const TaskId& task) const;

    // Who should keep a task without one.  Those that are alive come first, and of
    // them those that are not behind; the dead are named only where fewer than `count` are left of
    // a mesh of three or more, so that a node which is cut off, and takes all others for dead,
    // finds no majority instead of promising alone.
    [[nodiscard]] std::vector<NodeId> custodians(const TaskId& task, std::size_t count) const;

    // The best members for a task by rendezvous hashing (Thaler and Ravishankar, 1998), best first.
    [[nodiscard]] std::vector<NodeId> nearest(const TaskId& task, std::size_t count) const;

private:
    static constexpr Duration returns_kept = std::chrono::minutes{2};  // longer than anybody waits

    void drop(const NodeId& node, BootTime now);
    void note_return(const NodeId& node, BootTime now);
    void look_around(BootTime now);
    std::uint32_t admit(const NodeId& node);
    [[nodiscard]] Boot boot_at(std::uint32_t place) const;
    void set_boot(std::uint32_t place, Boot boot);
    // Of those alive.
    [[nodiscard]] std::optional<std::uint32_t> place_of(const NodeId& node) const;
    [[nodiscard]] std::vector<NodeId> best_of(const std::vector<bool>& chosen, const TaskId& task,
                                              std::size_t count) const;

    NodeId self_;
    Boot boot_;
    BootTime settled_;
    std::shared_ptr<NodeInterner> numbers_;
    std::vector<std::int32_t> boots_;          // by number, of those alive: how far from boot_
    std::map<std::uint32_t, Boot> far_boots_;  // by number: those that do not fit there
    std::vector<bool> alive_;                  // by number
    std::vector<bool> admitted_;               // by number: ever
    std::size_t alive_count_ = 0;
    std::size_t admitted_count_ = 0;
    std::map<NodeId, BootTime> gone_;                  // dead or left, and since when
    std::map<NodeId, BootTime> back_;                  // were away, and when they came; lately
    std::deque<std::pair<BootTime, NodeId>> returns_;  // the same in order of time, and more
    std::set<NodeId> left_;                            // of these
    std::set<NodeId> behind_;                          // alive, but slow
    std::optional<BootTime> sees_majority_;
};

}  // namespace starling::auction
