// Drives a running mesh: offers requests as tasks in time, serves them with demo workers on every
// node, writes what was accepted, kills nodes, and keeps count.
//
//   request ──due──> offered ──answer──> acknowledged ──a worker's result is accepted──> completed
//              ^        │                     │ no news for long                            v
//              └─ lost ─┘                     └──> looked at ──> completed, dead    done/.. written
//
// Invariants:
//   I1  A request is offered under one key only, and offered again only while no node acknowledged
//       it.
//   I2  Nothing is called completed but what the task's custodians accepted: the answer to a
//       worker's result says so, or the task itself when that answer was lost.
//   I3  One kill at a time, and only while all nodes are attached.
//
// Not thread safe: one loop on the calling thread.
#pragma once

#include "node/cli/http_client.hpp"
#include "node/cli/ledger.hpp"
#include "node/cli/load_freshness.hpp"
#include "node/cli/load_node.hpp"
#include "node/cli/load_numbers.hpp"
#include "node/cli/load_source.hpp"
#include "node/cli/signals.hpp"
#include "node/cli/terminal.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace starling::cli {

// For one answer of a node, at the beginning and the end of a load.
inline constexpr std::chrono::seconds load_ask_within{5};

struct LoadSetup {
    std::string run;                    // names the run; part of every key
    std::vector<LoadRequest> requests;  // in the order of time
    std::vector<LoadTarget> targets;    // at most 64
    std::string control;                // socket of starling dev; empty: nothing can be killed
    unsigned speed = 1;
    unsigned slots = 1;
    std::uint64_t seed = 1;
    std::chrono::nanoseconds kill_every{};  // zero: never
};

class LoadRun : private LoadListener {
public:
    using Clock = HttpChannel::Clock;

    LoadRun(LoadSetup setup, Ledger& ledger, Terminal& terminal);

    // Attaches to every node; the error of one that cannot be attached within 5 s.
    [[nodiscard]] Result<void> begin();

    // Until every request came to its end, nothing moved for 30 s, or a signal came.
    void run(const Signals& signals);

    // What happened, as one document; looks at every node's state first, for at most 10 s.
    [[nodiscard]] Value::Map summary();

    [[nodiscard]] bool was_interrupted() const { return interrupted_; }

    // Nothing lost, nothing done twice, nothing given up, and all nodes hold the same.
    [[nodiscard]] bool is_good() const;

private:
    static constexpr std::size_t looking_max = 64;  // tasks asked for at a time

    struct Item {
        std::string task;  // its id, once acknowledged
        Clock::time_point due{};
        Clock::time_point acknowledged{};
        Clock::time_point look_at{};  // ask a node for it then, unless it moves
        std::size_t worker = 0;       // node where its result was accepted
        std::uint32_t assignments = 0;
        std::string epoch;  // of the accepted result, as its worker knew it; empty: not told
        bool offered = false;
        bool reassigned = false;
        bool completed = false;
        bool written = false;
        bool dead = false;
        bool looking = false;
    };

    struct Running {
        std::size_t item = 0;
        std::size_t node = 0;
        std::string task;
        std::string epoch;
    };

    struct Totals {
        std::uint64_t offered = 0;
        std::uint64_t executed = 0;
        std::uint64_t completed = 0;
        std::uint64_t written = 0;
        std::uint64_t killed = 0;
        std::int64_t running = 0;
        std::int64_t running_max = 0;
    };

    struct Kill {
        std::size_t node = 0;
        std::string id;
        Clock::time_point at{};
        NodeSet told = 0;  // who said that it is dead
    };

    // load_run.cpp: the loop
    void turn(std::chrono::milliseconds timeout_max);
    [[nodiscard]] std::chrono::milliseconds patience(std::chrono::milliseconds most) const;
    [[nodiscard]] bool is_over() const;
    void look_at_metrics();
    void show_progress(Clock::time_point now);
    [[nodiscard]] std::string progress_text() const;

    void moved() { moved_at_ = Clock::now(); }

    // load_offers.cpp: offers, their answers, and tasks asked for
    void offer_due(Clock::time_point now);
    void offer(std::size_t item);
    void on_offered(std::size_t item, std::size_t node, const Result<Value>& answer);
    void offer_later(std::size_t item, std::chrono::milliseconds after);
    [[nodiscard]] LoadNode* next_node();
    void look_due(Clock::time_point now);
    void look_later(std::size_t item, Clock::time_point at);
    void look(std::size_t item, LoadNode& node);
    void on_looked(std::size_t item, const Result<Value>& task);
    [[nodiscard]] std::string key_of(std::size_t item) const;
    [[nodiscard]] std::optional<std::size_t> item_of(std::string_view key) const;

    // load_work.cpp: demo workers, and what is written for accepted results
    void on_assigned(LoadNode& node, const Value& task) override;
    void on_gone(LoadNode& node) override;
    void finish_due(Clock::time_point now);
    void finish(const Running& run);
    void on_finished(const Running& run, const Result<Value>& answer);
    void complete(std::size_t item, std::size_t node, const std::string& epoch);
    void write(std::size_t item, LoadNode& node);
    void on_written(std::size_t item, std::size_t node, const Result<Value>& answer);
    void on_state(LoadNode& node, const Value& change) override;
    void on_member(LoadNode& node, const Value& event) override;
    [[nodiscard]] NodeSet current_nodes() const;

    // load_kills.cpp
    void kill_due(Clock::time_point now);
    void kill(LoadNode& node);
    [[nodiscard]] LoadNode* busiest();

    // load_summary.cpp
    [[nodiscard]] bool converged();
    [[nodiscard]] bool agrees(const HttpClient& client, std::int64_t& sum) const;
    [[nodiscard]] Result<std::int64_t> executions(const HttpClient& client) const;
    [[nodiscard]] Result<std::size_t> done_keys(const HttpClient& client) const;
    [[nodiscard]] Value::List totals_document() const;
    [[nodiscard]] std::uint64_t lost() const;

    LoadSetup setup_;
    Ledger& ledger_;
    Terminal& terminal_;
    std::vector<std::unique_ptr<LoadNode>> nodes_;
    std::vector<std::string> ids_;  // of the nodes, from their status
    std::vector<Totals> totals_;
    std::vector<Item> items_;
    std::size_t shards_ = 1;  // of the keys
    std::size_t next_item_ = 0;
    std::size_t next_target_ = 0;
    std::multimap<Clock::time_point, std::size_t> offers_again_;
    std::multimap<Clock::time_point, Running> running_;
    std::multimap<Clock::time_point, std::size_t> looks_;  // those of Item::look_at count
    std::multimap<Clock::time_point, std::size_t> writes_again_;
    Freshness freshness_;
    CounterSums sums_;
    Samples award_;      // acknowledged to handed to a worker, as seen here
    Samples latency_;    // due to completed
    Samples detection_;  // killed to dead, at each of the others
    std::vector<Kill> kills_;
    std::unique_ptr<HttpPool> control_;
    std::int64_t executions_before_ = 0;
    Clock::time_point began_{};
    Clock::time_point moved_at_{};
    Clock::time_point kill_at_{};
    Clock::time_point metrics_at_{};
    Clock::time_point shown_at_{};
    std::size_t looking_ = 0;
    std::uint64_t offered_ = 0;
    std::uint64_t acknowledged_ = 0;
    std::uint64_t completed_ = 0;
    std::uint64_t written_ = 0;
    std::uint64_t dead_ = 0;
    std::uint64_t twice_ = 0;
    std::uint64_t reassigned_ = 0;              // tasks that a second worker got
    std::uint64_t first_at_later_attempt_ = 0;  // no worker of ours saw the attempts before
    std::uint64_t reports_refused_ = 0;
    std::uint64_t resubmitted_ = 0;
    bool interrupted_ = false;
    bool converged_ = false;
    std::chrono::milliseconds convergence_{};
};

}  // namespace starling::cli
