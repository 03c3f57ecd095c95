// What a task is: its specification, the record custodians keep, how it ended, what was tried.
//
//   waiting ──> open ──> awarded ──> running ──> done
//      ^          |          |          |
//      └──────────┴──────────┴──────────┤ worker lost, failed, refused: a new epoch
//                                       └──────> dead | cancelled
//
// Invariants:
//   I1  A specification never changes; its id is hash(key), or hash(announcer, boot, sequence).
//   I2  done, dead and cancelled are final: a task leaves them never.
//   I3  The custodians are named in the record; nobody computes them again.  All records of the
//       first generation are one home; of two later ones the one that orders last counts.
//
// Values: thread safe to read.
#pragma once

#include "auction/epoch.hpp"
#include "base/bytes.hpp"
#include "base/codec.hpp"
#include "base/ids.hpp"
#include "base/moment.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace starling::auction {

struct TaskSpec {
    std::string skill;                              // at most limits::name_bytes
    Bytes payload;                                  // at most limits::encoded_value_bytes
    Duration estimate{};                            // of one run; zero: unknown
    Duration deadline{};                            // counted from the offer; zero: none
    Duration run_limit = std::chrono::minutes{10};  // of each attempt
    std::uint8_t priority = 4;                      // 0 to 9; ten seconds of waiting count as one
    std::uint8_t attempts_max = 5;                  // failures until it is a dead letter
    std::string key;                                // same key, same task; empty: none

    friend bool operator==(const TaskSpec&, const TaskSpec&) = default;

    void encode(Writer& out) const;
    static bool decode(Reader& in, TaskSpec& spec);
};

enum class SpecFault : std::uint8_t {
    none,
    skill_empty,
    skill_too_long,
    payload_too_large,
    key_too_long,
    priority_too_high,
    attempts_out_of_range,
    duration_out_of_range,
};
[[nodiscard]] SpecFault fault_of(const TaskSpec& spec);
[[nodiscard]] std::string_view name_of(SpecFault fault);

// Where a task lives.
struct HomeTag {
    std::uint32_t generation = 1;  // + 1 whenever a survivor moves the task to other custodians
    NodeId founder;                // who named the list
    Boot boot;
    std::uint64_t term = 0;  // of the founder

    friend auto operator<=>(const HomeTag&, const HomeTag&) = default;

    // Whether a task that lived at `other` has moved here.
    [[nodiscard]] bool replaces(const HomeTag& other) const {
        return generation > 1 && other < *this;
    }

    void encode(Writer& out) const;
    static bool decode(Reader& in, HomeTag& tag);
};

struct Record {
    TaskId id;
    TaskSpec spec;
    NodeId announcer;              // where it was offered
    std::uint64_t offered_ms = 0;  // wall clock, for people
    HomeTag home;
    std::vector<NodeId> custodians;
    std::vector<NodeId> before;  // the list of the previous generation

    friend bool operator==(const Record&, const Record&) = default;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Record& record);

    // What storing the first record of a task grants.
    [[nodiscard]] Epoch first_epoch() const { return {1, home.founder, home.boot, home.term}; }

    [[nodiscard]] std::size_t majority() const { return custodians.size() / 2 + 1; }

    [[nodiscard]] std::optional<std::size_t> rank_of(const NodeId& node) const;
};

[[nodiscard]] TaskId keyed_id(std::string_view key);
[[nodiscard]] TaskId numbered_id(const NodeId& announcer, Boot boot, std::uint64_t sequence);

enum class Ending : std::uint8_t { done, dead, cancelled };

// How a task ended.  Only what a majority of the custodians holds under one epoch is accepted.
struct Outcome {
    Ending ending{};
    Bytes result;        // of a done task
    std::string reason;  // of a dead or cancelled one
    NodeId executor;     // who ran it; of a dead or cancelled task who said so
    Epoch origin;        // the award it was made under

    friend bool operator==(const Outcome&, const Outcome&) = default;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Outcome& outcome);
};

// An outcome as a custodian keeps it: `epoch` is the ballot it was stored under last.
struct Held {
    Epoch epoch;
    Outcome outcome;

    friend bool operator==(const Held&, const Held&) = default;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Held& held);
};

enum class AttemptEnd : std::uint8_t {
    running,
    done,        // its result was accepted
    failed,      // the worker said so
    crashed,     // the node died
    lease_lost,  // it did not renew in time
    left,        // the node left, or handed the task back
    run_limit,   // it took longer than the task's run limit
    declined,    // it took back its bid, or did not answer the award
    superseded,  // an epoch of somebody else ended it
};
[[nodiscard]] std::string_view name_of(AttemptEnd end);

// One award and what became of it.
struct Attempt {
    Epoch epoch;
    NodeId node;
    std::uint64_t started_ms = 0;  // wall clock, for people; zero: unknown
    std::uint64_t ended_ms = 0;
    AttemptEnd end{};
    bool executed = false;  // the node agreed, or showed a result
    bool refused = false;   // its result came too late and was refused
    std::string reason;

    friend bool operator==(const Attempt&, const Attempt&) = default;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Attempt& attempt);
};

// By epoch; the newest attempts_kept of them.
using Attempts = std::vector<Attempt>;

// What `news` knows replaces what `into` knew of the same epoch; a refusal stays.
void merge(Attempts& into, const Attempts& news);

// The attempt of an epoch, made when there is none.
Attempt& attempt_of(Attempts& attempts, const Epoch& epoch, const NodeId& node);

// Nothing: no award of this epoch is known.
[[nodiscard]] const Attempt* find_attempt(const Attempts& attempts, const Epoch& epoch);

// The epoch is known to have been awarded, and not to this node.  What somebody reported without
// an award being known says nothing.
[[nodiscard]] bool was_another(const Attempts& attempts, const Epoch& epoch, const NodeId& node);

}  // namespace starling::auction
