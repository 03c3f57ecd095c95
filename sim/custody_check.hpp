// What custodians of tasks say and hear, and what follows from it, across their restarts too.
//
// Invariants:
//   grants_rise              who grants an epoch granted no higher one, nor did before it lost its
//                            disk
//   results_go_to_winners    a custodian keeps no result of an award below what it granted, unless
//                            its runner had it already
//   task_ends_are_kept       who noted durably that a task ended asks nobody about it any more, and
//                            shows it to nobody as under way
//   custodians_look_after    a custodian with a task that has not ended asks for its runner, or
//                            takes the task, within look_within; and so after it started again
//
// What waited for the disk may be older than what was heard meanwhile: batches tell.  A node that
// was given a task after its end has a task that has not ended, as far as it knows.  Of a host that
// lost its disk, or whose disk was put back, only grants_rise is still asked: it may know no end
// and look after nothing that it had before, but must not grant what it cannot know to be higher.
// Not thread safe.
#pragma once

#include "auction/messages.hpp"
#include "base/codec.hpp"
#include "sim/check.hpp"
#include "sim/dues.hpp"
#include "sim/fitness.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace starling::sim {

class CustodyCheck final : public Check {
public:
    // Custodians look every 12.5 s, and who adopts waits for up to 4 s before that.
    static constexpr Duration look_within = std::chrono::seconds{20};
    static constexpr Duration look_within_of_start = std::chrono::seconds{10};

    CustodyCheck(std::vector<NodeId> ids, Findings& findings);

    void on_traced(std::uint32_t host, const TraceRecord& record, Duration now) override;
    void on_started(std::uint32_t host, Boot boot, Duration now) override;
    void on_fault(const Fault& fault, Phase phase, Duration now) override;
    void on_ended(std::uint32_t host, Duration now) override;

    [[nodiscard]] bool wants_words() const override { return true; }

    void on_said(const Told& frame) override;
    void on_heard(const Told& frame) override;

    [[nodiscard]] std::optional<Duration> next_time() const override { return dues_.next(); }

    void on_time(Duration now) override;

private:
    using Key = std::pair<std::uint32_t, std::uint64_t>;  // host, task
    using Epoch = auction::Epoch;

    // What a custodian showed of a task.
    struct Kept {
        Epoch highest{};
        Epoch forgotten{};          // the highest on a disk that was lost
        Epoch asked{};              // the highest that others asked it for
        std::set<Epoch> origins{};  // awards whose results it may have
        std::optional<Epoch> stored{};
        bool runs = false;  // it ran the task itself: whoever runs a task answers for it
        // What left the node with this batch or an earlier one says nothing of the task's end.
        std::uint64_t over_since = 0;
        std::optional<std::uint64_t> ends_with{};  // the batch with the note that it ended
        Duration end_heard{};
        std::optional<std::uint64_t> ended_with{};  // the same once it is durable
    };

    void on_granted(const Told& frame, const auction::GrantAnswer& message);
    void on_stored(const Told& frame, const auction::StoredResult& message);
    void on_informed(const Told& frame, const auction::Informed& message);
    void on_progress_said(const Told& frame, const auction::Progress& message);
    void on_progress_heard(const Told& frame, const auction::Progress& message);
    void on_store_heard(const Told& frame, const auction::StoreResult& message);
    void on_answer_heard(const Told& frame, const auction::GrantAnswer& message);
    void forget(std::uint32_t host);
    void on_asked(const Key& key, const auction::Epoch& epoch);
    void on_run(const Told& frame, const TaskId& task);
    void on_refused(std::uint32_t host, Duration now);
    void note_durable(const Told& frame);
    void is_over(const Told& frame, const Key& key);
    void check_end_is_kept(const Told& frame, const Key& key);
    void look_again(const Key& key, Duration now);
    void violated(const char* invariant, const Told& frame, std::uint64_t task,
                  const std::string& what);

    std::vector<NodeId> ids_;
    Findings& findings_;
    Decoder decoder_;
    Fitness fitness_;
    std::map<Key, Kept> kept_;
    std::vector<std::set<std::uint64_t>> ending_;  // by host: tasks with ends_with
    Dues<Key> dues_;
};

}  // namespace starling::sim
