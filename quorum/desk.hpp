// What all proposers of one node share: the electorate, the source of rounds, how long things take,
// and the tray of finished work.
//
// Invariants:
//   I1  next_round() never gives a round twice: no ballot of this boot is used twice.
//   I2  Rounds are limits::register_window apart, so that one ballot has room for that many
//       versions.
//
// Not thread safe.
#pragma once

#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/moment.hpp"
#include "base/rng.hpp"
#include "quorum/ballot.hpp"
#include "quorum/operation.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace starling::quorum {

using Ticket = std::uint64_t;

// How an operation or a read ended.
struct Finished {
    Ticket ticket = 0;
    Outcome outcome = Outcome::not_applied;
    Reason reason = Reason::none;
    std::uint64_t version = 0;  // applied: the one it made, or showed
    Snapshot snapshot;          // as it was right after, or when it was refused
    Receipt receipt;            // names the operation to settle() when the outcome is unknown
};

// A smoothed duration: seven parts of what was known, one part of the newest.
class Pace {
public:
    void note(Duration sample) { mean_ = (mean_ * 7 + std::max(sample, Duration{})) / 8; }

    [[nodiscard]] Duration mean() const { return mean_; }

private:
    Duration mean_ = std::chrono::milliseconds{5};
};

struct Desk {
    Electorate electorate;
    NodeId self;
    Boot boot;
    std::string stream;  // of this node's own operations
    Rng rng;
    std::uint64_t round = 0;
    Pace reads;   // until a majority answered a read
    Pace writes;  // until a majority answered a prepare or an accept, whatever it said
    std::size_t answering = 0;  // how many voters are thought to be there to answer
    std::vector<Finished> finished;

    [[nodiscard]] std::uint64_t next_round() {
        round += limits::register_window;
        return round;
    }

    void learn(std::uint64_t seen) { round = std::max(round, seen); }

    // Whether nobody is left who could answer besides so many.
    [[nodiscard]] bool nobody_left(std::size_t heard) const {
        return heard >= std::min(answering, electorate.size());
    }

    // How long to wait for the others once a majority answered and that decides nothing.
    [[nodiscard]] static Duration patience_for_stragglers(const Pace& pace) {
        using namespace std::chrono_literals;
        return std::clamp<Duration>(2 * pace.mean(), 1ms, 50ms);
    }

    // How long to wait for a majority before trying again.
    [[nodiscard]] static Duration patience(const Pace& pace, unsigned failures) {
        using namespace std::chrono_literals;
        const Duration first = std::clamp<Duration>(8 * pace.mean(), 100ms, 1s);
        return std::min<Duration>(first * (1U << std::min(failures, 6U)), 10s);
    }
};

}  // namespace starling::quorum
