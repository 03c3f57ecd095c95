// Keeps the records of tasks: the acceptor of one single-decree Paxos per task, whose ballots are
// the epochs (Lamport, "Paxos Made Simple", 2001).
//
//   record ──> kept ──store_result──> holds an outcome ──finished──> final ──> forgotten
//               │   grant: the highest epoch rises                   after 24 h or 100,000 others
//               └─ runner gone, or it forgot the task: custodian k adopts after k steps, jitter
//
// Invariants:
//   I1  The highest epoch of a task never falls; only at or above it is granted or stored.
//   I2  Every grant shows the outcome held: the runner stores that again, not another one.
//   I3  Under one epoch at most one outcome is held; a final outcome never changes.
//   I4  What is answered is persisted in the same turn ("durable before visible").
//   I5  An unfinished task is either watched (a timer runs) or being adopted.
//   I6  A key is taken on record once: whoever offers it again is shown the record there is.  Of a
//       record that others were told of something stays: it may be replaced, not forgotten.
//   I7  Whose result it takes straight from a winner: of an epoch whose award it was told, that
//       node's alone.  Of the highest epoch it cannot know: the award follows the grant, and only
//       the runner knows to whom.  The first member that reports under it is believed, as long as
//       the runner does not say otherwise: outsiders cannot, a member that lies can.
//   I8  One that may have forgotten what it granted takes nothing on record that somebody may have
//       put to it before: no key, nothing that is not fresh; unless all custodians have to agree.
//
// Not thread safe.
#pragma once

#include "auction/counters.hpp"
#include "auction/members.hpp"
#include "auction/messages.hpp"
#include "auction/timers.hpp"
#include "auction/timing.hpp"
#include "auction/verdict.hpp"
#include "base/effects.hpp"
#include "base/records.hpp"
#include "base/rng.hpp"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace starling::auction {

// Everything a custodian knows of a task.
struct Custody {
    Record record;
    Epoch highest;
    std::optional<Held> held;
    bool accepted = false;  // `held` is accepted: final
    Attempts attempts;
    std::uint64_t finished_ms = 0;
    std::optional<BootTime> deadline;
    bool shared = true;      // others than the runner may count on the record, as far as is known
    bool withdrawn = false;  // by its runner, which never used it: a rival's may take its place
};

class Custodian {
public:
    Custodian(const Members& members, const Timing& timing, Counters& counters, std::uint64_t seed);

    // Reads its tables back.
    void load(const RecordSource& records, Moment now);

    Verdict on_record(const NodeId& from, const RecordTask& message, Moment now, Effects& out);
    Verdict on_grant(const NodeId& from, const Grant& message, Moment now, Effects& out);
    Verdict on_store(const NodeId& from, const StoreResult& message, Moment now, Effects& out);
    // From a winner whose runner is silent or does not know the task.
    Verdict on_inform(const NodeId& from, const Inform& message, Moment now, Effects& out);
    // From a winner whose runner does not know the task: has it ended?
    Verdict on_renew(const NodeId& from, const Renew& message, Effects& out) const;
    Verdict on_duty(const NodeId& from, const Duty& duty, Moment now, Effects& out);
    Verdict on_withdraw(const NodeId& from, const Cancel& message, Effects& out);

    // Somebody came, went or restarted: which runners are gone has changed.
    void on_members_changed(BootTime now);
    // A custodian of an earlier generation is back: it learns how the task ended.
    void on_back(const NodeId& node, Effects& out);
    // The task lives elsewhere now, as one of its new custodians said.
    void on_moved(const Record& record, Effects& out);

    void refuse_new(bool refuse) { refuses_new_ = refuse; }

    // What it granted may have lain on another disk.
    void forgot() { forgot_ = true; }

    // The same, and what it has is void: this turn erases it.
    void forget(Effects& out);

    void on_tick(Moment now, Effects& out);
    [[nodiscard]] std::optional<BootTime> next_deadline() const;

    // Tasks whose runner is gone, to be run by this node from now on.
    [[nodiscard]] std::vector<Custody> take_adoptions() { return std::exchange(adoptions_, {}); }

    [[nodiscard]] const Custody* find(const TaskId& task) const;
    [[nodiscard]] std::optional<TaskView> view(const TaskId& task) const;
    // Up to `limit` tasks after this id, ids ascending.
    [[nodiscard]] std::vector<TaskView> views_after(const TaskId& after, ListFilter filter,
                                                    std::size_t limit) const;

    [[nodiscard]] std::size_t unfinished_count() const { return unfinished_.size(); }

    [[nodiscard]] std::size_t finished_count() const { return finished_.size() + dead_.size(); }

private:
    struct Finished {
        BootTime at;
        TaskId task;
    };

    [[nodiscard]] GrantAnswer answer_of(const TaskId& task, const Epoch& epoch) const;
    [[nodiscard]] GrantVerdict record(const NodeId& from, const RecordTask& message, Moment now,
                                      Effects& out);
    [[nodiscard]] GrantVerdict grant(Custody& entry, const Epoch& epoch, const Attempts& attempts,
                                     Moment now, Effects& out);
    [[nodiscard]] bool may_have_known(const RecordTask& message) const;
    void move_home(Custody& entry, const RecordTask& message, Moment now, Effects& out);
    [[nodiscard]] static StoreVerdict store_verdict(const Custody& entry,
                                                    const StoreResult& message);
    void keep_outcome(Custody& entry, const StoreResult& message, Moment now, Effects& out);
    void refuse_result(Custody& entry, const NodeId& from, const Epoch& epoch, Effects& out);
    void finish(Custody& entry, Moment now, Effects& out);
    void note_twice(const Custody& entry, const StoreResult& message, Effects& out);

    void tell_moved(const Custody& entry, const NodeId& node, Effects& out) const;

    void keep_record(const Custody& entry, Effects& out) const;
    void keep_state(const Custody& entry, BootTime now, Effects& out) const;
    void erase(const TaskId& task, Effects& out);
    void prune(BootTime now, Effects& out);

    void index_loaded(BootTime now);
    void watch(const Custody& entry, BootTime now);
    void look_later(const Custody& entry, bool heard_runner, BootTime now);
    void ask_soon(const Custody& entry, BootTime now);
    void look_after(Custody& entry, Moment now);
    void adopt_soon(const Custody& entry, BootTime now);
    void ask_runners_in_chunks(Effects& out);

    const Members& members_;
    const Timing& timing_;
    Counters& counters_;
    Rng rng_;
    std::map<TaskId, Custody> entries_;
    std::set<TaskId> unfinished_;
    std::set<TaskId> orphans_;       // adoption is under way
    std::set<TaskId> rehomed_;       // final ones with a previous list
    std::deque<Finished> finished_;  // done and cancelled, oldest first
    std::deque<TaskId> dead_;        // dead letters, oldest first
    Timers<TaskId> timers_;
    std::map<NodeId, Progress> questions_;  // to runners, of this turn
    std::vector<Custody> adoptions_;
    bool refuses_new_ = false;
    bool forgot_ = false;
};

}  // namespace starling::auction
