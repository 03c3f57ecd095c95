// What auction nodes say to each other.  The names of the contract net are those of FIPA.
//
//   runner ── record/grant/store_result ──> custodians ── recorded/granted/stored_result ──> runner
//   runner ── cfp ──> participants ── propose | refuse ──> runner
//   runner ── accept_proposal ──> winner ── agree | failure, renew.., inform ──> runner
//   runner ── reject_proposal ──> losers;  renewed, informed, cancel ──> winner
//   runner <── progress ──> custodians: is it still being worked on; it is finished
//
// The runner of a task is the granter of its highest epoch.  Every message names task and epoch.
// Decoding is strict about bounds and ignores unknown trailing fields.
//
// Values: thread safe to read.
#pragma once

#include "auction/task.hpp"
#include "auction/view.hpp"
#include "base/kinds.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace starling::auction {

// Runner to custodian: keep this task, and grant me this epoch.
struct RecordTask {
    static constexpr Kind kind = Kind::record;

    Record record;
    Epoch epoch;
    bool fresh = false;        // a new offer: an existing record of the task wins
    Duration deadline_left{};  // zero: none
    std::optional<Held> known;
    Attempts attempts;

    void encode(Writer& out) const;
    static bool decode(Reader& in, RecordTask& message);
};

// Runner to custodian: grant me this epoch.
struct Grant {
    static constexpr Kind kind = Kind::grant;

    TaskId task;
    HomeTag home;
    Epoch epoch;
    Attempts attempts;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Grant& message);
};

enum class GrantVerdict : std::uint8_t {
    granted,
    lower,       // an epoch above the asked one was granted: `highest`
    exists,      // to a fresh record: the task is here already, see `record`
    superseded,  // the task moved to other custodians, see `record`
    unknown,     // no such record here
    overloaded,  // too many tasks, or too little disk
};

// A custodian's answer to a record or a grant, with all it holds of the task.
struct GrantAnswer {
    TaskId task;
    Epoch epoch;  // the one asked for
    GrantVerdict verdict{};
    Epoch highest;
    std::optional<Held> held;
    bool accepted = false;  // `held` is known to be accepted
    std::optional<Record> record;
    Attempts attempts;

    void encode(Writer& out) const;
    static bool decode(Reader& in, GrantAnswer& message);
};

struct Recorded : GrantAnswer {
    static constexpr Kind kind = Kind::recorded;
};

struct Granted : GrantAnswer {
    static constexpr Kind kind = Kind::granted;
};

// Runner to custodian: keep this outcome under this epoch.
struct StoreResult {
    static constexpr Kind kind = Kind::store_result;

    TaskId task;
    HomeTag home;
    Held held;
    bool accepted = false;  // a majority holds it already
    Attempts attempts;

    void encode(Writer& out) const;
    static bool decode(Reader& in, StoreResult& message);
};

enum class StoreVerdict : std::uint8_t {
    stored,
    stale,       // a higher epoch was granted: `highest`
    unknown,     // no such record here
    superseded,  // the task moved to other custodians
};

struct StoredResult {
    static constexpr Kind kind = Kind::stored_result;

    TaskId task;
    Epoch epoch;
    StoreVerdict verdict{};
    Epoch highest;
    std::optional<Held> accepted;  // stale: the outcome that was accepted, where it is known

    void encode(Writer& out) const;
    static bool decode(Reader& in, StoredResult& message);
};

// Runner to participant: who can do this, at what cost?
struct Cfp {
    static constexpr Kind kind = Kind::cfp;

    TaskId task;
    Epoch epoch;
    std::string skill;
    Duration estimate{};
    Duration reply_within{};
    Duration deadline_left{};  // zero: none

    void encode(Writer& out) const;
    static bool decode(Reader& in, Cfp& message);
};

// How many workers of the skill the sender has free, as of `sequence` of its digest.
struct FreeWorkers {
    std::uint64_t sequence = 0;
    std::uint32_t count = 0;

    void encode(Writer& out) const;
    static bool decode(Reader& in, FreeWorkers& free);
};

enum class Standing : std::uint8_t {
    able,      // a worker waits
    running,   // it runs this task under an earlier epoch
    finished,  // it has the result of an earlier epoch
};

struct Propose {
    static constexpr Kind kind = Kind::propose;

    TaskId task;
    Epoch epoch;
    Boot boot;               // of the bidder: an award to an earlier boot is void
    std::uint64_t cost = 0;  // microseconds, lower wins
    Standing standing{};
    FreeWorkers free;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Propose& message);
};

enum class RefuseReason : std::uint8_t {
    incapable,  // no worker with this skill
    busy,       // all of them work
    held,       // all that wait are promised to others for the moment
    deadline,   // it could not finish in time
    draining,   // it is about to leave, or short of disk
    known,      // it ran this task under this epoch or a later one
};

struct Refuse {
    static constexpr Kind kind = Kind::refuse;

    TaskId task;
    Epoch epoch;
    RefuseReason reason{};
    FreeWorkers free;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Refuse& message);
};

struct AcceptProposal {
    static constexpr Kind kind = Kind::accept_proposal;

    Record record;
    Epoch epoch;
    Boot boot;  // of the winner, as it proposed
    Duration lease{};
    TaskId bid;  // the task that the winner's bid was for: often this one

    void encode(Writer& out) const;
    static bool decode(Reader& in, AcceptProposal& message);
};

struct RejectProposal {
    static constexpr Kind kind = Kind::reject_proposal;

    TaskId task;
    Epoch epoch;

    void encode(Writer& out) const;
    static bool decode(Reader& in, RejectProposal& message);
};

struct Agree {
    static constexpr Kind kind = Kind::agree;

    TaskId task;
    Epoch epoch;
    FreeWorkers free;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Agree& message);
};

enum class FailureReason : std::uint8_t {
    declined,   // the bid is stale: no worker any more
    failed,     // the worker said so
    run_limit,  // it ran longer than the task allows
    released,   // the worker or the node goes away: no fault of the task
};

struct Failure {
    static constexpr Kind kind = Kind::failure;

    TaskId task;
    Epoch epoch;
    FailureReason reason{};
    bool retryable = true;
    std::string text;
    FreeWorkers free;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Failure& message);
};

// Winner to runner, and to custodians while the runner does not answer: the result.
struct Inform {
    static constexpr Kind kind = Kind::inform;

    TaskId task;
    Epoch epoch;
    Bytes result;
    FreeWorkers free;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Inform& message);
};

enum class InformVerdict : std::uint8_t {
    accepted,   // final: the copy may go
    stale,      // final: another award counts
    stored,     // kept, not accepted yet: ask again
    elsewhere,  // `runner` decides
    unknown,    // no such task here
    heard,      // a failure; says nothing of a result that came later under the same award
};

// Answer to an inform or a failure.
struct Informed {
    static constexpr Kind kind = Kind::informed;

    TaskId task;
    Epoch epoch;
    InformVerdict verdict{};
    NodeId runner;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Informed& message);
};

enum class CancelPurpose : std::uint8_t {
    stop,      // runner to winner, or to an earlier runner: the task ended under this epoch
    withdraw,  // runner to custodian: forget the record, it was never acknowledged
};

struct Cancel {
    static constexpr Kind kind = Kind::cancel;

    TaskId task;
    Epoch epoch;
    CancelPurpose purpose{};

    void encode(Writer& out) const;
    static bool decode(Reader& in, Cancel& message);
};

// Winner to runner, every third of the lease: it is still being worked on.
struct Renew {
    static constexpr Kind kind = Kind::renew;

    TaskId task;
    Epoch epoch;
    std::uint32_t permille = 0;
    std::string note;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Renew& message);
};

enum class RenewVerdict : std::uint8_t {
    held,
    stale,    // a later epoch is under way: it may yet be awarded to the same node
    unknown,  // this node does not run the task
    over,     // another node runs it, or it ended otherwise: the result will not count
};

struct Renewed {
    static constexpr Kind kind = Kind::renewed;

    TaskId task;
    Epoch epoch;
    RenewVerdict verdict{};

    void encode(Writer& out) const;
    static bool decode(Reader& in, Renewed& message);
};

enum class DutyNote : std::uint8_t {
    asked,     // custodian to runner: do you still work on it?
    active,    // runner to custodian: yes
    unknown,   // runner to custodian: no
    finished,  // runner to custodian: the outcome stored under this epoch is accepted
};

struct Duty {
    TaskId task;
    Epoch epoch;
    DutyNote note{};

    void encode(Writer& out) const;
    static bool decode(Reader& in, Duty& duty);
};

struct Progress {
    static constexpr Kind kind = Kind::progress;

    std::vector<Duty> duties;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Progress& message);
};

// What does your ledger say: about one task, or page by page.
struct Query {
    static constexpr Kind kind = Kind::query;

    std::uint64_t request = 0;
    std::optional<TaskId> task;  // nothing: the tasks after `after`
    TaskId after;
    ListFilter filter{};
    std::uint32_t limit = 0;

    void encode(Writer& out) const;
    static bool decode(Reader& in, Query& message);
};

struct QueryAnswer {
    static constexpr Kind kind = Kind::query_answer;

    std::uint64_t request = 0;
    std::vector<TaskView> views;   // ids ascending
    bool more = false;             // beyond the last of them
    std::optional<Record> record;  // of the one task that was asked for

    void encode(Writer& out) const;
    static bool decode(Reader& in, QueryAnswer& message);
};

struct SkillCount {
    std::string skill;
    std::uint32_t free = 0;
    std::uint32_t total = 0;

    friend bool operator==(const SkillCount&, const SkillCount&) = default;

    void encode(Writer& out) const;
    static bool decode(Reader& in, SkillCount& count);
};

// What a node's workers can do.  Only the node itself makes new ones; of them the highest
// (boot, sequence) counts.
struct NodeDigest {
    NodeId node;
    Boot boot;
    std::uint64_t sequence = 0;
    std::vector<SkillCount> skills;

    void encode(Writer& out) const;
    static bool decode(Reader& in, NodeDigest& digest);
};

struct DigestNews {
    static constexpr Kind kind = Kind::digest;

    std::vector<NodeDigest> digests;

    void encode(Writer& out) const;
    static bool decode(Reader& in, DigestNews& message);
};

}  // namespace starling::auction
