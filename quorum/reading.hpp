// One read of one register: asks every voter and waits until a majority shows the same accepted
// ballot.
//
//   asking ──majority shows one ballot──> settled (what it holds was chosen)
//      └──── all answered, or the wait for stragglers is over, and they differ ──> contested
//
//   I1  Settled: the ballot shown by a majority is chosen, and any change that was finished before
//       the read began has a majority that meets this one: nothing older is shown.
//   I2  A contested read needs a round of a proposer (an identity change).
//
// Not thread safe.
#pragma once

#include "base/effects.hpp"
#include "base/moment.hpp"
#include "quorum/desk.hpp"
#include "quorum/messages.hpp"
#include "quorum/proposer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace starling::quorum {

enum class ReadState : std::uint8_t { asking, settled, contested, too_late };

class Reading {
public:
    Reading(Ticket ticket, std::string name, BootTime deadline)
        : ticket_(ticket), name_(std::move(name)), deadline_(deadline) {}

    void ask(const Desk& desk, std::uint64_t sequence, Moment now, Effects& out);
    VoteCounted on_read_ok(const NodeId& from, const ReadOk& message, Desk& desk, Moment now);

    [[nodiscard]] ReadState state(const Desk& desk, Moment now) const;
    [[nodiscard]] BootTime next_deadline() const;

    // REQUIRES: settled.
    [[nodiscard]] const Snapshot& shown() const { return shown_[*winner_].state.snapshot; }

    [[nodiscard]] Ticket ticket() const { return ticket_; }

    [[nodiscard]] const std::string& name() const { return name_; }

    [[nodiscard]] BootTime deadline() const { return deadline_; }

    [[nodiscard]] std::size_t heard() const { return heard_.count(); }

    [[nodiscard]] bool asks_again(Moment now) const { return now.boot_time >= again_; }

private:
    struct Shown {
        Ballot accepted;
        State state;
        Votes by;
    };

    Shown& shown_as(const ReadOk& message);

    Ticket ticket_;
    std::string name_;
    BootTime deadline_;
    BootTime started_{};
    BootTime again_{};                    // ask those who did not answer again
    std::optional<BootTime> stragglers_;  // a majority answered: wait for the others until then
    unsigned asked_ = 0;
    Votes heard_;
    std::vector<Shown> shown_;
    std::optional<std::size_t> winner_;
};

}  // namespace starling::quorum
