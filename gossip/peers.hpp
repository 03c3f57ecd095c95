// What every linked peer last showed: its roots, its lag, when it was heard.
//
// Invariants:
//   I1  A difference of roots is worth a reconciliation at HELLO at once, later only when it is
//   seen
//       twice at least `settle` apart: what is on its way is not chased.
//
// Not thread safe.
#pragma once

#include "base/hash_index.hpp"
#include "base/ids.hpp"
#include "base/moment.hpp"
#include "gossip/messages.hpp"

#include <optional>
#include <span>
#include <vector>

namespace starling::gossip {

// Watches one root of one peer.
class Difference {
public:
    static constexpr Duration settle = std::chrono::seconds{1};

    // True when it is time to reconcile (I1).
    bool observe(bool equal, bool at_once, BootTime now);

    [[nodiscard]] bool is_open() const { return since_.has_value(); }

private:
    std::optional<BootTime> since_;
};

struct Peer {
    // A link that carries nothing for a while would pile up questions, each answered with a table.
    static constexpr Duration answered_within = std::chrono::seconds{5};

    [[nodiscard]] bool awaits_entries(BootTime now) const {
        return compared && now - *compared < answered_within;
    }

    bool is_up = false;  // our connection to it
    BootTime up_since{};
    BootTime heard{};
    std::optional<Roots> shown;
    std::optional<BootTime> state_equal;  // when its state root last equalled ours
    Difference table;
    Difference state;
    std::optional<BootTime> compared;  // our digest went out, and no entries came since
    bool digest_due = false;           // once the link is up
    bool state_due = false;
    bool opinions_due = false;
    std::optional<BootTime> told_dead;  // when we last told it that it is dead
    Duration lag{};                     // of its disk or its loop
};

class Peers {
public:
    // `scramble` keeps others from choosing ids that collide.
    explicit Peers(std::uint64_t scramble) : peers_(scramble) {}

    // Makes an entry when there is none.  It lives until the next at() or erase() of another.
    Peer& at(const NodeId& id);

    [[nodiscard]] Peer* find(const NodeId& id);
    [[nodiscard]] const Peer* find(const NodeId& id) const;

    void erase(const NodeId& id) { peers_.erase(id); }

    [[nodiscard]] bool is_up(const NodeId& id) const;

    // Everybody a frame can be sent to now, ascending.
    [[nodiscard]] const std::vector<NodeId>& links() const { return links_; }

    void set_up(const NodeId& id, bool up, BootTime now = {});

    // When all of `neighbours` last showed our state root, none when one never did.
    [[nodiscard]] std::optional<BootTime> state_equal(std::span<const NodeId> neighbours) const;

private:
    HashIndex<NodeId, Peer> peers_;
    std::vector<NodeId> links_;
};

}  // namespace starling::gossip
