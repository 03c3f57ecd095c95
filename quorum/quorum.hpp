// The face of the folder: what one node does with registers, leases and decisions.
//
//   calls ──> cas, read, settle │ LeaseCalls │ DecisionCalls ──> Registers ──frames──> voters
//   take_ended() <──────────────┴────────────┴───────────────── take_finished() <── votes
//
// Invariants:
//   I1  Every call ends exactly once, at the latest at its deadline, unless its caller went away.
//   I2  applied: it is in the register's one history.  not_applied: it is not, and will not be.
//       unknown: settle() its receipt.  Reads show a state that was current at some time during the
//       call.
//   I3  With fewer than a majority of the voters nothing is answered but no_quorum, or unknown.
//
// Not thread safe.
#pragma once

#include "base/effects.hpp"
#include "base/records.hpp"
#include "quorum/asked.hpp"
#include "quorum/decision_calls.hpp"
#include "quorum/lease_calls.hpp"
#include "quorum/messages.hpp"
#include "quorum/registers.hpp"

#include <map>
#include <optional>
#include <span>
#include <vector>

namespace starling::quorum {

// What became of a frame.
enum class Verdict : std::uint8_t {
    handled,
    repeated,
    stale,          // an answer to something that has ended
    unknown_voter,  // a vote that does not count: no voter, or another journal
    impossible,     // a vote that no voter of ours casts
    not_a_voter,    // a request for a vote at a node that has none
    overloaded,
};

class Quorum {
public:
    // Reads back votes and watched decisions.  `records` is not kept.
    Quorum(Setup setup, const RecordSource& records, Moment now, Effects& out);
    Quorum(const Quorum&) = delete;
    Quorum& operator=(const Quorum&) = delete;

    void read(const Caller& caller, Moment now, Effects& out);
    void cas(const Caller& caller, CasRequest request, Moment now, Effects& out);
    // applied or not_applied are final then; unknown: the register has forgotten, or try again.
    void settle(const Caller& caller, const Receipt& receipt, Moment now, Effects& out);

    void acquire(const Caller& caller, const AcquireRequest& request, Moment now, Effects& out);
    void renew(const Caller& caller, std::uint64_t fence, std::optional<Duration> term, Moment now,
               Effects& out);
    void release(const Caller& caller, std::uint64_t fence, Moment now, Effects& out);
    void show_lease(const Caller& caller, Moment now, Effects& out);

    void propose(const Caller& caller, Decision decision, Moment now, Effects& out);
    void vote(const Caller& caller, const Vote& vote, Moment now, Effects& out);
    void show_decision(const Caller& caller, bool wait, Moment now, Effects& out);

    // The caller is gone: its call ends without an answer.  What was handed over still happens.
    void on_call_ended(CallId call);

    Verdict on_prepare(const NodeId& from, const Prepare& message, Moment now, Effects& out);
    Verdict on_promise(const NodeId& from, const Promise& message, Moment now, Effects& out);
    Verdict on_accept(const NodeId& from, const Accept& message, Moment now, Effects& out);
    Verdict on_accepted(const NodeId& from, const Accepted& message, Moment now, Effects& out);
    Verdict on_conflict(const NodeId& from, const Conflict& message, Moment now, Effects& out);
    Verdict on_read(const NodeId& from, const Read& message, Moment now, Effects& out);
    Verdict on_read_ok(const NodeId& from, const ReadOk& message, Moment now, Effects& out);
    Verdict on_decision_opened(const NodeId& from, const DecisionOpened& message, Moment now,
                               Effects& out);

    void abstain(Effects& out) { registers_.abstain(out); }

    // The voters that the failure detector believes alive.  A hint.
    void on_reachable(std::span<const NodeId> alive) { registers_.on_reachable(alive); }

    void on_tick(Moment now, Effects& out);
    [[nodiscard]] std::optional<BootTime> next_deadline() const;

    [[nodiscard]] std::vector<CallEnded> take_ended();

    [[nodiscard]] std::vector<DecisionNews> take_news() { return decisions_.take_news(); }

    // For answers that say why there is no quorum, and for status.
    [[nodiscard]] const Registers& registers() const { return registers_; }

private:
    struct Plain {
        Question question{};
        CallId call;
    };

    void refuse(const Caller& caller, Question question, Reason reason);
    void change(const Caller& caller, Question question, Operation operation, Moment now,
                Effects& out);
    Verdict after(Verdict verdict, Moment now, Effects& out);
    void route(Moment now, Effects& out);
    void end_plain(const Finished& finished);

    Registers registers_;
    Tickets tickets_;
    std::vector<CallEnded> ended_;
    std::map<Ticket, Plain> plain_;
    LeaseCalls leases_;
    DecisionCalls decisions_;
};

}  // namespace starling::quorum
