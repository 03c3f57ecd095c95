// The receiving side of catching up: what is missing here, and who said that he has it.
//
//   wanted ──WANT──> asked ──a frame moved the origin on──> wanted again, from there
//     ^                │      ──it reached the goal──> forgotten
//     └──── peer lost ─┘      ──pull_timeout──> forgotten: the next exchange of heads finds it
//     again
//
// Invariants:
//   I1  At most pulls_per_peer ranges are asked of one peer, pulls of all, so that the answers fit
//   into
//       the peer's queue to us whatever the gap.
//   I2  Nothing here is believed: a range that nobody serves only costs the question.
//   I3  At most limits::origins goals; more are left to the next exchange of heads.
//
// Not thread safe.
#pragma once

#include "base/effects.hpp"
#include "base/moment.hpp"
#include "crdt/messages.hpp"
#include "crdt/origins.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>

namespace starling::crdt {

class Pulls {
public:
    // `holder` has the origin up to `to`.
    void want(const Origin& origin, std::uint64_t to, const NodeId& holder);
    // The origin is at `counter` now.
    void moved(const Origin& origin, std::uint64_t counter);
    // What was asked for came, and waits for another origin: the question is answered, its place
    // free.
    void parked(const Origin& origin);
    void forget(const Origin& origin);
    void forget_peer(const NodeId& peer);

    // Asks for what may be asked now.
    void ask(const Origins& origins, Moment now, Effects& out);

    void on_tick(Moment now);
    [[nodiscard]] std::optional<BootTime> next_deadline() const;

    [[nodiscard]] std::size_t count() const { return goals_.size(); }

private:
    struct Goal {
        std::uint64_t to = 0;
        NodeId holder;                    // who said so last
        NodeId asked;                     // while asked: of whom, and until when
        std::optional<BootTime> expires;  // of asked and resting ones
    };

    using Goals = std::map<Origin, Goal>;

    void end_asking(const Origin& origin, Goal& goal);
    Goals::iterator erase(Goals::iterator goal);

    Goals goals_;
    std::set<Origin> idle_;  // goals that are not asked for
    std::set<Origin> asked_;
    std::set<Origin> resting_;  // answered, but what came waits: asked again once the origin moves
    std::map<NodeId, std::size_t> asked_of_;
};

}  // namespace starling::crdt
