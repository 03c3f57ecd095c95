// One task as its runner sees it.
//
//   recording ─> open <─> collecting ─> awarded ─> running ─> storing ─> (accepted: gone)
//                 ^                        │          │         ^
//                 └───── granting <────────┴──────────┘         │
//                            └── an outcome was seen, or is decided ──┘
//   joining: the task was recorded by somebody else first; make sure that a majority has it
//
// Invariants:
//   I1  An epoch is awarded to one node only.  An outcome of the runner's own (dead, cancelled) is
//       stored only under an epoch that was never awarded.
//   I2  collecting has a round; awarded and running have a winner; storing has an outcome.
//
// Not thread safe.
#pragma once

#include "auction/news.hpp"
#include "auction/round.hpp"
#include "auction/task.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace starling::auction {

enum class Stage : std::uint8_t {
    recording,
    joining,
    granting,
    open,
    collecting,
    awarded,
    running,
    storing,
};

// What the epoch being granted is for.
enum class Intent : std::uint8_t {
    award,
    resume,  // the first award after an adoption: those who run it already are asked too
    cancel,
    bury,  // make it a dead letter
};

struct Work {
    Record record;
    Stage stage{};
    Intent intent{};
    Epoch epoch;
    std::uint64_t term = 0;
    std::optional<BootTime> deadline;

    // Custodians
    std::set<NodeId> acks;            // of this stage
    std::set<NodeId> refusals;        // overloaded
    std::map<NodeId, Record> rivals;  // the same key, offered elsewhere, by who keeps it
    std::optional<Held> found;        // the latest outcome seen among grants
    std::optional<Outcome> outcome;   // to be stored, unless another was found
    std::string grave;                // why it is being buried
    std::size_t repetitions = 0;
    std::optional<BootTime> rival_at;  // since when one is known
    std::optional<BootTime> acknowledged;
    bool is_held = false;         // by a majority of the custodians, as they told this runner
    bool lacks_majority = false;  // too many of the custodians are away
    std::optional<BootTime> homeless_since;  // they are, and this node may move the task

    // The auction
    std::optional<Round> round;
    std::vector<Bid> runners_up;
    std::optional<Bid> winner;
    std::optional<NodeId> excluded;  // who lost it last, for one round
    std::optional<BootTime> rest_until;
    BootTime lease_until{};
    BootTime run_until{};
    Attempts attempts;
    std::size_t empty_rounds = 0;
    bool awarded_before = false;
    WaitReason reason{};
    std::uint32_t permille = 0;
    std::string note;

    BootTime since{};        // of the stage, or of the newest offer that waits for it
    BootTime act_at{};       // when the stage wants to go on by itself
    std::int64_t order = 0;  // waiting tasks: lower first

    std::optional<Epoch> previous;  // the runner it was taken from
    std::vector<CallId> offers;
    std::vector<CallId> waits;
    std::vector<CallId> cancels;
};

}  // namespace starling::auction
