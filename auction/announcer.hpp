// Runs auctions: of tasks offered here, and of tasks adopted from runners that are gone.  It is the
// proposer of the single-decree Paxos whose acceptors are the task's custodians.
//
//   offer, adopt ─> ledger (record, grant) ─> rounds and awards ─> ledger (store) ─> told, gone
//
// Invariants (those of one task are in work.hpp):
//   I1  An offer is acknowledged only when a majority of the named custodians holds the record.
//   I2  Nothing is awarded but under an epoch that a majority granted.
//   I3  An outcome seen among grants is stored again, never another one.
//   I4  A task leaves this table when its outcome is accepted, or when another node runs it.
//   I5  A task with a key is moved to other custodians only from where most members are seen.
//   I6  Waiting tasks start in order of arrival; ten seconds count as one step of priority.
//   I7  Until its custodians have been told that a task has ended, this node shows how.
//
// Not thread safe.
#pragma once

#include "auction/counters.hpp"
#include "auction/custodian.hpp"
#include "auction/digests.hpp"
#include "auction/members.hpp"
#include "auction/messages.hpp"
#include "auction/timers.hpp"
#include "auction/timing.hpp"
#include "auction/verdict.hpp"
#include "auction/work.hpp"
#include "base/effects.hpp"
#include "base/rng.hpp"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace starling::auction {

// Parts that a runner shares with the rest of the folder.
struct Shared {
    const Members& members;
    const Timing& timing;
    Counters& counters;
    Digests& digests;
};

class Announcer {
public:
    Announcer(Shared shared, std::uint64_t seed);

    // `call` gets an Acknowledged.  A key that is being worked on here joins that task.
    Offered offer(const TaskSpec& spec, CallId call, Moment now, Effects& out);
    // True when this node runs the task: `call` gets a Finished.  False: ask the ledger.
    bool wait(const TaskId& task, CallId call);
    // True when this node runs the task: `call` gets a CancelAnswer.
    bool cancel(const TaskId& task, CallId call, Moment now, Effects& out);
    void forget(CallId call);

    // Takes a task over.  With a call it is taken over to be cancelled.
    void adopt(const Custody& custody, Moment now, Effects& out);
    void adopt_to_cancel(const Record& record, CallId call, Moment now, Effects& out);

    Verdict on_granted(const NodeId& from, const GrantAnswer& message, Moment now, Effects& out);
    Verdict on_stored(const NodeId& from, const StoredResult& message, Moment now, Effects& out);
    Verdict on_propose(const NodeId& from, const Propose& message, Moment now, Effects& out);
    Verdict on_refuse(const NodeId& from, const Refuse& message, Moment now, Effects& out);
    Verdict on_agree(const NodeId& from, const Agree& message, Moment now, Effects& out);
    Verdict on_failure(const NodeId& from, const Failure& message, Moment now, Effects& out);
    // Nothing when this node does not run the task: then its custodians may know.
    std::optional<Verdict> on_inform(const NodeId& from, const Inform& message, Moment now,
                                     Effects& out);
    // Nothing: this node does not run the task, its custodian may know more.
    std::optional<Verdict> on_renew(const NodeId& from, const Renew& message, Moment now,
                                    Effects& out);
    Verdict on_stop(const Cancel& message, Effects& out);
    // What this runner answers to a custodian's question.
    [[nodiscard]] Duty duty_of(const Duty& asked) const;

    void on_member_gone(const NodeId& node, AttemptEnd end, Moment now, Effects& out);
    void on_member_alive(const NodeId& node, Boot boot, Moment now, Effects& out);

    void on_capacity() { look_everywhere_ = true; }

    void on_tick(Moment now, Effects& out);
    [[nodiscard]] std::optional<BootTime> next_deadline() const;

    [[nodiscard]] std::vector<Acknowledged> take_acknowledged() { return take(acknowledged_); }

    [[nodiscard]] std::vector<Finished> take_finished() { return take(finished_); }

    [[nodiscard]] std::vector<Awarded> take_awarded() { return take(awarded_); }

    [[nodiscard]] std::vector<CancelAnswer> take_cancelled() { return take(cancelled_); }

    // Calls that wait for a task which another node runs now.
    [[nodiscard]] std::vector<std::pair<CallId, TaskId>> take_handed_over() {
        return take(handed_over_);
    }

    // Records that live with other custodians than this node's own record says.
    [[nodiscard]] std::vector<Record> take_moved() { return take(moved_); }

    [[nodiscard]] std::size_t open_count() const { return works_.size(); }

    [[nodiscard]] std::size_t waiting_count() const;
    [[nodiscard]] std::optional<TaskView> view(const TaskId& task) const;
    [[nodiscard]] std::vector<TaskView> views_after(const TaskId& after, ListFilter filter,
                                                    std::size_t limit) const;

private:
    template <class T>
    static std::vector<T> take(std::vector<T>& items) {
        return std::exchange(items, {});
    }

    // announcer.cpp
    [[nodiscard]] Work* find(const TaskId& task);
    Work& begin(const Record& record, Moment now);
    void join_calls(Work& work, CallId call, BootTime now);
    void enter(Work& work, Stage stage, BootTime now);
    void arm(const Work& work);
    void act(Work& work, Moment now, Effects& out);
    void expire_calls(Work& work, BootTime now);
    void conclude(Work& work, const Outcome& outcome, Moment now, Effects& out);
    void tell_participants(const Work& work, const Outcome& outcome, Effects& out) const;
    void answer_calls(const Work& work, const Outcome& outcome);
    void hand_over(Work& work);
    void drop(const TaskId& task);
    void judge_majority(Work& work, BootTime now) const;
    void note_finished(const Work& work, BootTime now);
    void show_concluded(Work& work, const Outcome& outcome, Moment now);
    void forget_concluded(BootTime now);
    void flush_notes(Effects& out);

    // announcer_ledger.cpp
    [[nodiscard]] bool is_own(const Epoch& epoch) const;
    [[nodiscard]] Epoch next_epoch(const Work& work) const;
    void ask(Work& work, Intent intent, Moment now, Effects& out);
    void send_ledger(Work& work, Moment now, Effects& out);
    [[nodiscard]] std::vector<NodeId> audience(const Work& work, BootTime now) const;
    void widen(Work& work, Moment now, Effects& out);
    void send_one(const Work& work, const NodeId& to, BootTime now, Effects& out) const;
    void send_record(const Work& work, const NodeId& to, BootTime now, Effects& out) const;
    Verdict on_grant_verdict(Work& work, const NodeId& from, const GrantAnswer& message, Moment now,
                             Effects& out);
    void on_majority(Work& work, Moment now, Effects& out);
    void follow_intent(Work& work, Moment now, Effects& out);
    void acknowledge(Work& work, BootTime now, Effects& out);
    void answer_offers(Work& work);
    void outbid(Work& work, const Epoch& highest, Moment now, Effects& out);
    void meet_rival(Work& work, const NodeId& from, const Record& record, Moment now, Effects& out);
    void judge_rivals(Work& work, Moment now, Effects& out);
    void join(Work& work, const Record& record, Moment now, Effects& out);
    void move(Work& work, const Record& record, Moment now, Effects& out);
    void count_refusal(Work& work, const NodeId& from, Effects& out);
    void withdraw(const Work& work, Effects& out) const;
    void store(Work& work, const Outcome& outcome, Moment now, Effects& out);
    void bury(Work& work, std::string reason, Moment now, Effects& out);
    void rehome(Work& work, Moment now, Effects& out);
    void spread_accepted(const Work& work, const Held& held, Effects& out) const;

    // announcer_rounds.cpp
    void open(Work& work, Moment now, Effects& out);
    void look(const std::string& skill, Moment now, Effects& out);
    void try_round(Work& work, Busy busy, Moment now, Effects& out);
    void wait_for_worker(Work& work, WaitReason reason, BootTime now, Effects& out);
    [[nodiscard]] std::vector<NodeId> choose(const Work& work, Busy busy);
    void leave_queue(const Work& work);
    void leave_round(Work& work, Effects& out);
    void decide(Work& work, Moment now, Effects& out);
    void decline(Work& work, Moment now, Effects& out);
    void close_round(Work& work);
    [[nodiscard]] const std::string* skill_of(const TaskId& task) const;
    [[nodiscard]] Work* first_waiting(const std::string& skill, const NodeId& bidder, BootTime now);
    bool use_bid(const Bid& bid, Moment now, Effects& out);
    [[nodiscard]] BidVerdict bid_in_round(Work& work, const NodeId& from, const Propose& message,
                                          BootTime now) const;
    Verdict on_stray_bid(const NodeId& from, const Propose& message, Moment now, Effects& out);
    [[nodiscard]] static bool rests_unsold(const Work& work, const Bid& bid);

    // announcer_awards.cpp
    void award(Work& work, const Bid& bid, Moment now, Effects& out);
    void send_award(const Work& work, Effects& out) const;
    void run(Work& work, Moment now, Effects& out);
    void next_award(Work& work, Moment now, Effects& out);
    void lose(Work& work, AttemptEnd end, Moment now, Effects& out);
    void end_attempt(Work& work, AttemptEnd end, const std::string& reason, Moment now);
    void try_again(Work& work, Moment now, Effects& out);
    [[nodiscard]] static bool is_winner(const Work& work, const NodeId& from, const Epoch& epoch);
    [[nodiscard]] bool may_report(const Work& work, const NodeId& from, const Epoch& epoch) const;
    [[nodiscard]] static bool is_over(const Work& work, const NodeId& from, const Epoch& epoch);

    Shared shared_;
    Rng rng_;
    std::uint64_t offered_ = 0;
    std::uint64_t terms_ = 0;
    std::map<TaskId, Work> works_;
    Timers<TaskId> timers_;
    // Tasks that wait for a worker, by skill, lowest order first.
    std::map<std::string, std::set<std::pair<std::int64_t, TaskId>>, std::less<>> queues_;
    std::map<std::string, std::size_t, std::less<>> collecting_;  // rounds under way, by skill
    bool look_everywhere_ = false;
    std::optional<BootTime> look_at_;
    std::map<TaskId, TaskView> concluded_;  // I7
    std::deque<std::pair<BootTime, TaskId>> concluded_order_;
    std::map<NodeId, Progress> notes_;
    std::optional<BootTime> notes_at_;

    std::vector<Acknowledged> acknowledged_;
    std::vector<Finished> finished_;
    std::vector<Awarded> awarded_;
    std::vector<CancelAnswer> cancelled_;
    std::vector<std::pair<CallId, TaskId>> handed_over_;
    std::vector<Record> moved_;
};

}  // namespace starling::auction
