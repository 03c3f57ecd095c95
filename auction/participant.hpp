// The side that bids and works: local workers, holds, assignments, leases, results.
//
//   worker waits ─cfp─> held ─accept_proposal─> runs ─finish─> reporting ─informed─> gone
//                        └ reject, time: waits    └ run limit, cancel, worker gone: failure
//   worker free ─somebody was turned away─> held for him, and proposed without being asked
//
// Invariants:
//   I1  A worker has at most one task; a task goes to a worker at most once per epoch.
//   I2  A hold ends by itself; an award finds the worker of the bid that it names, which may have
//       been for another task, else any waiting worker with the skill that nobody was promised.
//   I3  A result is persisted before it is sent, and kept until the runner or a custodian said
//       that it is accepted or stale.  It is offered again after a restart.
//   I4  The lease is renewed only while the handler lives and its run limit holds.  A winner that
//       stood still renews before it goes on.
//   I5  A fenced winner may finish: its result is offered and refused, never accepted besides
//       another.
//   I6  A worker is told once that nothing it reports of its task will count, as soon as this node
//       learns it: of a stop, of its run limit, of a renewal that is answered `over`.  A runner
//       that does not know the task is no answer: the custodians are asked with it from then on.
//
// Not thread safe.
#pragma once

#include "auction/counters.hpp"
#include "auction/digests.hpp"
#include "auction/members.hpp"
#include "auction/messages.hpp"
#include "auction/news.hpp"
#include "auction/timers.hpp"
#include "auction/timing.hpp"
#include "auction/turned_away.hpp"
#include "auction/verdict.hpp"
#include "base/effects.hpp"
#include "base/records.hpp"
#include "base/rng.hpp"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace starling::auction {

enum class WorkerVerdict : std::uint8_t {
    waiting,
    busy,       // it runs a task: nothing changed
    too_many,   // workers or skills of this node: nothing changed
    bad_skill,  // empty or too long: nothing changed
};

// What the worker does after its report.
enum class Afterwards : std::uint8_t { waits, rests };

struct Fault {
    std::string reason;
    bool retryable = true;
};

class Participant {
public:
    Participant(const Members& members, const Timing& timing, Counters& counters, Digests& digests,
                std::uint64_t seed);

    // Reads back results that nobody settled.
    void load(const RecordSource& records, Moment now);

    // A local worker waits for one task of this skill; called once for each of its skills.
    WorkerVerdict worker_waiting(const std::string& skill, WorkerId worker, BootTime now);
    // It is gone: what it ran is handed back.
    void worker_gone(WorkerId worker, Moment now, Effects& out);
    // Whatever the verdict, but for too_large, the worker is free afterwards.
    ReportVerdict finish(const Award& award, Bytes result, Afterwards afterwards, Moment now,
                         Effects& out);
    ReportVerdict fail(const Award& award, const Fault& fault, Afterwards afterwards, Moment now,
                       Effects& out);
    ReportVerdict progress(const Award& award, std::uint32_t permille, std::string note);

    Verdict on_cfp(const NodeId& from, const Cfp& message, Moment now, Effects& out);
    Verdict on_accept(const NodeId& from, const AcceptProposal& message, Moment now, Effects& out);
    Verdict on_reject(const NodeId& from, const RejectProposal& message, BootTime now);
    Verdict on_renewed(const NodeId& from, const Renewed& message, Moment now, Effects& out);
    Verdict on_informed(const NodeId& from, const Informed& message, Moment now, Effects& out);
    Verdict on_stop(const Cancel& message, Moment now, Effects& out);

    // Bids no more; drain() hands back what runs besides.
    void refuse_new(bool refuse) { refuses_new_ = refuse; }

    // It has no use for a worker any more.
    void on_member_gone(const NodeId& node) { turned_away_.forget(node); }

    void drain(Moment now, Effects& out);

    void on_tick(Moment now, Effects& out);
    [[nodiscard]] std::optional<BootTime> next_deadline() const;

    [[nodiscard]] std::vector<Assignment> take_assignments() {
        return std::exchange(assignments_, {});
    }

    [[nodiscard]] std::vector<Stopped> take_stopped() { return std::exchange(stopped_, {}); }

    [[nodiscard]] std::vector<Settled> take_settled() { return std::exchange(settled_, {}); }

    [[nodiscard]] std::size_t running_count() const;

    [[nodiscard]] std::size_t reporting_count() const { return jobs_.size() - running_count(); }

    [[nodiscard]] std::size_t hold_count() const { return holds_.size(); }

private:
    enum class WorkerState : std::uint8_t { resting, waiting, running };

    struct Worker {
        WorkerState state{};
        std::set<std::string> skills;
        std::optional<TaskId> held_for;
        std::optional<Award> winding_down;  // it was told to stop; its report frees it
    };

    struct Hold {
        Epoch epoch;
        WorkerId worker;
    };

    struct Report {
        std::optional<Bytes> result;  // otherwise a failure
        FailureReason reason{};
        Fault fault;
        std::size_t sent = 0;
        std::size_t unknown = 0;  // answers of nodes that do not know the task
    };

    struct Job {
        Record record;  // without payload
        Epoch epoch;
        Epoch given;  // what the worker was told; an award may go on under a later epoch
        NodeId runner;
        WorkerId worker;
        std::optional<Report> report;  // nothing while it runs
        bool fenced = false;
        bool told = false;  // the worker, to stop
        bool asks_custodians = false;
        BootTime renewed{};  // last time the runner said that the lease holds
        BootTime renew_at{};
        BootTime run_until{};
        std::uint32_t permille = 0;
        std::string note;
    };

    // participant.cpp
    [[nodiscard]] std::optional<RefuseReason> objection(const Cfp& message) const;
    [[nodiscard]] std::optional<WorkerId> pick(const std::string& skill, const TaskId& task) const;
    [[nodiscard]] std::uint64_t cost_of(const Cfp& message) const;
    void hold(const Cfp& message, WorkerId worker, BootTime now);
    void serve_turned_away(BootTime now, Effects& out);
    [[nodiscard]] std::optional<WorkerId> worker_for(const AcceptProposal& message, BootTime now);
    void release(TaskId task, BootTime now);
    void propose(const NodeId& to, const Cfp& message, Standing standing, Effects& out);
    Verdict accept_again(Job& job, const NodeId& from, const AcceptProposal& message, Moment now,
                         Effects& out);
    void assign(const AcceptProposal& message, WorkerId worker, Moment now, Effects& out);
    void decline(const NodeId& to, const AcceptProposal& message, Effects& out);
    void agree(const Job& job, Effects& out);
    void set_state(WorkerId worker, WorkerState state, BootTime now);
    void show_workers(const std::set<std::string>& skills, BootTime now);
    [[nodiscard]] bool ended(const TaskId& task, const Epoch& epoch) const;

    // participant_reports.cpp
    void tell_worker(Job& job, StopReason reason);
    void stop_worker(Job& job, StopReason reason, BootTime now);
    void free_worker(const Award& award, Afterwards afterwards, BootTime now);
    [[nodiscard]] Job* running(const Award& award);
    void report(const TaskId& task, Report report, Moment now, Effects& out);
    void send_report(Job& job, const NodeId& to, Effects& out);
    void send_next(const TaskId& task, Moment now, Effects& out);
    [[nodiscard]] NodeId next_target(const Job& job, BootTime now) const;
    void look_after(const TaskId& task, Moment now, Effects& out);
    void renew(Job& job, BootTime now, Effects& out);
    void arm(const Job& job);
    void settle(const TaskId& task, bool accepted, Effects& out);
    void forget_job(const TaskId& task, Effects& out);
    void keep(const Job& job, Effects& out) const;

    const Members& members_;
    const Timing& timing_;
    Counters& counters_;
    Digests& digests_;
    Rng rng_;
    std::map<WorkerId, Worker> workers_;
    std::map<TaskId, Hold> holds_;
    Timers<TaskId> hold_timers_;
    TurnedAway turned_away_;
    bool freed_ = false;  // a worker, since the turned away were looked at
    std::map<TaskId, Job> jobs_;
    Timers<TaskId> job_timers_;
    std::map<TaskId, Epoch> ended_;  // the latest epoch run here
    std::deque<TaskId> ended_order_;
    bool refuses_new_ = false;

    std::vector<Assignment> assignments_;
    std::vector<Stopped> stopped_;
    std::vector<Settled> settled_;
};

}  // namespace starling::auction
