// Contract-net auctions and the life of a task: the face of this folder.
//
//   offer ─> Announcer ─ record, grant, store ─> Custodian        each node plays every part;
//              │                                                  one part talks to another only
//              └─ cfp, accept_proposal ─> Participant ─> worker   by messages, to itself too
//
// Invariants:
//   I1  A task that was acknowledged ends as exactly one of done, dead and cancelled; or it waits
//       and says why.  Accepted is what a majority of its custodians holds under one epoch.
//   I2  No result is accepted under an epoch that is not the highest granted: a late winner is
//       refused.
//   I3  A second result can be accepted only after a majority of the custodians was away for 30 s
//       and the task moved; it is counted when it is found.  Of a task with a key too, wherever it
//       is offered: its custodians follow from who is a member, not from who seems to be alive.
//       Left over: two nodes of which one knows two members more, admitted while they were apart,
//       may name lists of which both have a majority.
//   I4  Bids are asked only of nodes that advertise the skill.
//   I5  Messages to this node itself are sent like others and come back through the driver.
//
// Not thread safe.
#pragma once

#include "auction/announcer.hpp"
#include "auction/counters.hpp"
#include "auction/custodian.hpp"
#include "auction/digests.hpp"
#include "auction/ledger.hpp"
#include "auction/members.hpp"
#include "auction/messages.hpp"
#include "auction/news.hpp"
#include "auction/participant.hpp"
#include "auction/timing.hpp"
#include "auction/verdict.hpp"
#include "base/effects.hpp"
#include "base/records.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace starling::auction {

struct Setup {
    NodeId self;
    Boot boot;
    std::uint64_t random_seed = 0;
    Timing timing;
    std::shared_ptr<NodeInterner> numbers = {};  // see Members
    bool may_have_forgotten = false;             // see Custodian: its disk is another one
};

enum class Leaving : std::uint8_t { dead, left };

struct Gauges {
    std::size_t auctions_open = 0;    // tasks run by this node
    std::size_t tasks_waiting = 0;    // of these, without a worker
    std::size_t tasks_running = 0;    // by local workers
    std::size_t results_offered = 0;  // not settled yet
    std::size_t custody_unfinished = 0;
    std::size_t custody_finished = 0;
};

class Auctions {
public:
    // Reads back its tables.  `records` need not outlive the call.
    Auctions(Setup setup, const RecordSource& records, Moment now);
    Auctions(const Auctions&) = delete;
    Auctions& operator=(const Auctions&) = delete;

    // ---- messages
    Verdict on_record(const NodeId& from, const RecordTask& message, Moment now, Effects& out);
    Verdict on_recorded(const NodeId& from, const Recorded& message, Moment now, Effects& out);
    Verdict on_grant(const NodeId& from, const Grant& message, Moment now, Effects& out);
    Verdict on_granted(const NodeId& from, const Granted& message, Moment now, Effects& out);
    Verdict on_store_result(const NodeId& from, const StoreResult& message, Moment now,
                            Effects& out);
    Verdict on_stored_result(const NodeId& from, const StoredResult& message, Moment now,
                             Effects& out);
    Verdict on_cfp(const NodeId& from, const Cfp& message, Moment now, Effects& out);
    Verdict on_propose(const NodeId& from, const Propose& message, Moment now, Effects& out);
    Verdict on_refuse(const NodeId& from, const Refuse& message, Moment now, Effects& out);
    Verdict on_accept_proposal(const NodeId& from, const AcceptProposal& message, Moment now,
                               Effects& out);
    Verdict on_reject_proposal(const NodeId& from, const RejectProposal& message, Moment now,
                               Effects& out);
    Verdict on_agree(const NodeId& from, const Agree& message, Moment now, Effects& out);
    Verdict on_failure(const NodeId& from, const Failure& message, Moment now, Effects& out);
    Verdict on_inform(const NodeId& from, const Inform& message, Moment now, Effects& out);
    Verdict on_informed(const NodeId& from, const Informed& message, Moment now, Effects& out);
    Verdict on_cancel(const NodeId& from, const Cancel& message, Moment now, Effects& out);
    Verdict on_renew(const NodeId& from, const Renew& message, Moment now, Effects& out);
    Verdict on_renewed(const NodeId& from, const Renewed& message, Moment now, Effects& out);
    Verdict on_progress(const NodeId& from, const Progress& message, Moment now, Effects& out);
    Verdict on_query(const NodeId& from, const Query& message, Moment now, Effects& out);
    Verdict on_query_answer(const NodeId& from, const QueryAnswer& message, Moment now,
                            Effects& out);
    Verdict on_digest(const NodeId& from, const DigestNews& message, Moment now, Effects& out);

    // ---- facts
    void on_member_certified(const NodeId& node);  // of every certificate, met or not
    void on_member_alive(const NodeId& node, Boot boot, Moment now, Effects& out);
    void on_member_gone(const NodeId& node, Leaving leaving, Moment now, Effects& out);
    // Its disk or loop fell behind, or caught up: meanwhile it is asked for nothing new.
    void on_member_lag(const NodeId& node, bool behind, Moment now, Effects& out);
    void on_link_up(const NodeId& node, Moment now, Effects& out);
    void on_link_down(const NodeId& node);

    // How long the farthest of those that this node pings takes to answer: answers are waited for
    // accordingly from now on.
    void on_round_trip(Duration farthest);

    // What this custodian granted lay on another disk than it has now.
    void forget_custody(Effects& out) { custodian_.forget(out); }

    // What this node takes on: records of tasks to keep, work for its workers.
    void refuse_custody(bool refuse) { custodian_.refuse_new(refuse); }

    void refuse_work(bool refuse) { participant_.refuse_new(refuse); }

    // About to leave: no bids, what runs is handed back.
    void drain(Moment now, Effects& out);

    // ---- local programs
    Offered offer(const TaskSpec& spec, CallId call, Moment now, Effects& out);
    AskVerdict wait(CallId call, const TaskId& task, Moment now, Effects& out);
    AskVerdict cancel(CallId call, const TaskId& task, Moment now, Effects& out);
    AskVerdict show(CallId call, const TaskId& task, Moment now, Effects& out);
    AskVerdict list(CallId call, const ListRequest& request, Moment now, Effects& out);
    // The caller is gone.
    void forget(CallId call);

    // ---- local workers (participant.hpp)
    WorkerVerdict worker_waiting(const std::string& skill, WorkerId worker, Moment now,
                                 Effects& out);
    void worker_gone(WorkerId worker, Moment now, Effects& out);
    ReportVerdict finish(const Award& award, Bytes result, Afterwards afterwards, Moment now,
                         Effects& out);
    ReportVerdict fail(const Award& award, const Fault& fault, Afterwards afterwards, Moment now,
                       Effects& out);
    ReportVerdict progress(const Award& award, std::uint32_t permille, std::string note);

    // ---- time
    void on_tick(Moment now, Effects& out);
    [[nodiscard]] std::optional<BootTime> next_deadline() const;

    // ---- news since the last take
    [[nodiscard]] std::vector<Acknowledged> take_acknowledged();
    [[nodiscard]] std::vector<Finished> take_finished();
    [[nodiscard]] std::vector<CancelAnswer> take_cancelled();
    [[nodiscard]] std::vector<Awarded> take_awarded();
    [[nodiscard]] std::vector<Shown> take_shown();
    [[nodiscard]] std::vector<Listed> take_listed();
    [[nodiscard]] std::vector<Assignment> take_assignments();
    [[nodiscard]] std::vector<Stopped> take_stopped();
    [[nodiscard]] std::vector<Settled> take_settled();

    [[nodiscard]] const Counters& counters() const { return counters_; }

    [[nodiscard]] Gauges gauges() const;

    [[nodiscard]] const Custody* custody(const TaskId& task) const { return custodian_.find(task); }

private:
    template <class Action>
    auto step(Moment now, Effects& out, const Action& action);
    void route(Moment now, Effects& out);
    [[nodiscard]] QueryAnswer page_of(const Query& query) const;
    [[nodiscard]] QueryAnswer answer_of(const Query& query, const TaskId& task) const;

    Timing near_;          // as set up
    Duration farthest_{};  // round trip
    Timing timing_;        // which follows
    Counters counters_;
    Members members_;
    Digests digests_;
    Custodian custodian_;
    Announcer announcer_;
    Participant participant_;
    Ledger ledger_;
};

}  // namespace starling::auction
