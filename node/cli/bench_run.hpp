// Register clients at work on a mesh whose voters die and come back, and how long each client had
// to wait for a success.
//
//   clients ──operations──> nodes          kill -9 of a random voter, back after a while
//      └──calls──> HistoryKeeper
//
// Invariants:
//   I1  One kill at a time, and only when the voter killed before is ready again.
//   I2  Waits are told without gaps: from the start to the first success of a client, between its
//       successes, and from the last one to its end.
//
// Not thread safe: one loop on the calling thread.
#pragma once

#include "base/rng.hpp"
#include "node/cli/bench_client.hpp"
#include "node/cli/bench_history.hpp"
#include "node/cli/http_pool.hpp"
#include "node/cli/load_numbers.hpp"
#include "node/cli/places.hpp"
#include "node/cli/signals.hpp"
#include "node/cli/terminal.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace starling::cli {

struct BenchSetup {
    std::string run;             // names the run; part of every key and operation
    std::vector<DevNode> nodes;  // where clients ask; not empty
    std::string control;         // socket of starling dev; empty: nothing can be killed
    std::size_t clients = 1;
    std::size_t keys = 1;
    std::chrono::milliseconds length{};
    std::chrono::milliseconds patience{};    // with one operation
    std::chrono::milliseconds pause{};       // of a client between two operations
    std::chrono::milliseconds kill_every{};  // zero: never
    std::chrono::milliseconds away{};        // of a killed voter
    std::uint64_t seed = 1;
};

class RegisterBench {
public:
    using Clock = BenchClient::Clock;

    RegisterBench(BenchSetup setup, HistoryKeeper& keeper, Terminal& terminal);

    // Asks every node whether it votes; the error of one that does not answer.
    [[nodiscard]] Result<void> begin();

    // For the length of the run, or until a signal came.
    void run(const Signals& signals);

    // What happened, as one document.
    [[nodiscard]] Value::Map summary() const;

    [[nodiscard]] bool was_interrupted() const { return interrupted_; }

private:
    // How one client fared.
    struct Fortune {
        std::unique_ptr<BenchClient> client;
        Rng choices;
        Clock::time_point next{};     // its next operation
        Clock::time_point success{};  // its last one, or its start
        std::chrono::nanoseconds longest{};
        std::chrono::nanoseconds longest_at{};  // its end, since the start
        std::uint64_t operations = 0;
        std::uint64_t successes = 0;
        std::uint64_t refused = 0;
        std::uint64_t unknown = 0;
    };

    struct Kill {
        std::string node;
        std::chrono::nanoseconds at{};       // since the start
        std::chrono::nanoseconds longest{};  // of the waits that went on, or began, after it
    };

    void turn(Clock::time_point until);
    [[nodiscard]] std::chrono::milliseconds patience(Clock::time_point now) const;
    void begin_due(Clock::time_point now, Clock::time_point until);
    [[nodiscard]] sim::Call next_call(Fortune& fortune);
    void on_ended(Fortune& fortune, const sim::Call& call);
    void note_wait(Fortune& fortune, Clock::time_point now);
    void kill_due(Clock::time_point now, Clock::time_point until);
    void kill();
    [[nodiscard]] bool is_busy() const;

    BenchSetup setup_;
    HistoryKeeper& keeper_;
    Terminal& terminal_;
    std::vector<Fortune> fortunes_;
    std::map<std::string, std::uint64_t> known_;  // key -> the version that a client saw last
    Samples latency_;                             // of successes
    std::vector<DevNode> voters_;
    std::vector<Kill> kills_;
    std::unique_ptr<HttpPool> control_;
    std::unique_ptr<HttpPool> victim_;  // of the last kill, asked whether it is ready
    bool asking_ = false;
    bool victim_ready_ = false;
    Clock::time_point began_{};
    Clock::time_point ended_{};
    Clock::time_point kill_at_{};
    Clock::time_point ask_at_{};
    bool interrupted_ = false;
};

// For people, from the summary.
[[nodiscard]] std::string bench_text(const Value& summary);

}  // namespace starling::cli
