// Clients that offer tasks, a worker beside every node that does them, and what must come of it.
//
//      offer (wait) ──> acknowledged ──> finished          serve ──> assignment ──> finish
//        └── error, or the node died before it acknowledged: offered again, with the same key;
//            and a part of them is offered twice in any case, anywhere
//
// Invariants:
//   acked_tasks_end      every acknowledged task is done in the end, as two nodes tell when asked;
//                        or a dead letter, if its workers failed attempts_max times, given up
//                        behind a disk that stood still among them, and attempts that were over
//                        before a worker was told of them; or three nodes were given it and none
//                        came back with a result
//   tasks_end_one_way    nobody calls a task done that another one calls a dead letter
//   one_result_counts    whoever is told a task's result is told the same one, and so is the
//                        worker who is told that its result counts, unless its own node lied
//   results_were_made    that result was made by an execution of this task
//   poison_is_contained  a task that kills whoever runs it killed nodes_lost_max processes at most
//
// Not thread safe.
#pragma once

#include "base/codec.hpp"
#include "node/calls_task.hpp"
#include "sim/check.hpp"
#include "sim/pace.hpp"
#include "sim/workers.hpp"
#include "sim/workload.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace starling::sim {

class TaskLoad final : public Workload {
public:
    // As many as crashed nodes make a task poison.
    static constexpr std::uint32_t nodes_lost_max = 3;

    // Workers do wrong until `healed_at`.
    TaskLoad(const LoadSetup& setup, Findings& findings, const Workers& workers = {},
             Duration healed_at = {});

    [[nodiscard]] std::optional<Duration> next_time() const override;
    void act(Duration now, Clients& clients) override;
    void on_answer(std::uint32_t host, CallId call, ByteView body, bool last,
                   Duration now) override;
    void on_crash(std::uint32_t host) override;
    void conclude(Duration now) override;

    [[nodiscard]] LoadCounts counts() const override { return counts_; }

    [[nodiscard]] std::uint64_t executions() const { return executions_made_; }

private:
    enum class Conduct : std::uint8_t { honest, fails, silent, late, twice, poison };

    struct Task {
        std::string key;
        std::optional<TaskId> id;      // once acknowledged
        std::set<Bytes> made;          // by executions
        std::set<Bytes> told;          // as the result, to those who ask
        std::set<Bytes> counted;       // as their workers were told
        std::uint32_t shown_done = 0;  // of the two nodes asked in the end
        std::uint32_t shown_dead = 0;
        bool poison = false;
        std::uint32_t failures = 0;     // of its workers, one way or another
        std::uint32_t overtaken = 0;    // results in time for a worker that was given it too late
        std::uint32_t killed = 0;       // processes that it took down
        std::set<std::uint32_t> given;  // hosts that it was assigned to
        std::vector<node::EpochRecord> tried;  // the attempts that workers were told of
        std::uint32_t untold = 0;  // attempts over by their run limit of which none was told
    };

    // An assignment that a worker has under way.
    struct Execution {
        std::uint32_t host = 0;
        CallId serving;  // void when the worker's node died meanwhile
        node::AssignmentRecord assignment;
        Conduct conduct{};
    };

    struct Report {
        std::size_t task = 0;
        Bytes result;
        bool in_time = false;  // as its worker saw it
    };

    using CallKey = std::pair<std::uint32_t, CallId>;

    void take_task(Duration now, Clients& clients);
    void offer(std::size_t task, Duration now, Clients& clients);
    void serve_everywhere(Clients& clients);
    void finish_due(Duration now, Clients& clients);
    void finish(const Execution& execution, Clients& clients);
    void fail(const Execution& execution, Clients& clients);
    [[nodiscard]] Conduct conduct_of(std::size_t task, std::uint64_t attempt, Duration now) const;
    void conclude(const Task& task, Duration now);
    [[nodiscard]] static bool has_one_result(const Task& task);
    static void on_dead(Task& task, const node::TaskRecord& record);
    void ask_ledger(Clients& clients);
    void on_offer_answer(std::map<CallKey, std::size_t>::iterator offer, ByteView body, bool last,
                         Duration now);
    void on_assignment(std::uint32_t host, CallId serving, ByteView body, Duration now);

    LoadSetup setup_;
    Findings& findings_;
    Workers workers_;
    Duration healed_at_;
    Pace pace_;
    Decoder decoder_;
    std::vector<Task> tasks_;
    std::map<std::string, std::size_t> by_key_;
    std::map<CallKey, std::size_t> offers_;
    std::multimap<Duration, std::size_t> again_;  // when to offer which task again
    std::multimap<Duration, std::size_t> twice_;  // when to offer which one once more
    std::map<std::uint32_t, CallId> serving_;     // host -> its worker's call
    std::multimap<Duration, Execution> running_;  // by the end of the execution
    std::map<CallKey, std::size_t> questions_;
    std::map<CallKey, Report> finishes_;  // results that wait for a word
    Duration next_round_;                 // of looking after workers
    bool asked_ = false;
    std::uint64_t executions_made_ = 0;
    std::uint64_t offers_made_ = 0;
    LoadCounts counts_;
};

}  // namespace starling::sim
