// A client of registers that moves to the next node when its own is gone.
//
//   idle ──begin──> asking ──answer──> ended, idle
//                    │  ^ the same operation, under the same name
//                    v  │
//                   moving to the next node          too late: ended as unknown, idle
//
// Invariants:
//   I1  Every operation that began ends once, at the latest when its patience is over.
//   I2  An operation keeps its name `client#n` wherever it is retried, so it happens at most once.
//   I3  applied and not_applied are what a node answered; everything else is unknown.
//
// Not thread safe: one loop owns it.
#pragma once

#include "node/cli/http_channel.hpp"
#include "sim/register_history.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace starling::cli {

class BenchClient {
public:
    using Clock = HttpChannel::Clock;

    struct Setup {
        std::string name;
        std::string stream;  // of its operations' names: different in every run
        std::vector<std::string> sockets;
        std::size_t node = 0;                // that it asks first
        std::chrono::milliseconds patience;  // with one operation
        Clock::time_point epoch;             // of the times in the history
    };

    using Ended = std::function<void(BenchClient& client, const sim::Call& call)>;

    BenchClient(Setup setup, Ended ended);

    [[nodiscard]] bool is_idle() const { return !call_; }

    // Begins an operation; its kind, key, value and expected version are given.  REQUIRES: idle.
    void begin(sim::Call call, Clock::time_point now);

    // Sends what is due.
    void turn(Clock::time_point now);

    // When turn() has something to do: never while an answer is awaited.
    [[nodiscard]] std::optional<Clock::time_point> due() const { return send_at_; }

    void add_to(std::vector<Pollable*>& polled) const;

    [[nodiscard]] const std::string& name() const { return setup_.name; }

    [[nodiscard]] std::uint64_t moves() const { return moves_; }

private:
    void send(Clock::time_point now);
    void on_answer(const Result<HttpReply>& reply);
    void move(Clock::time_point now);
    void end(sim::CallOutcome outcome, std::optional<sim::Seen> seen);
    [[nodiscard]] std::string request_text(std::chrono::milliseconds left) const;

    Setup setup_;
    Ended ended_;
    std::vector<std::unique_ptr<HttpChannel>> channels_;  // one a node
    std::size_t node_;
    std::uint64_t operations_ = 0;
    std::uint64_t moves_ = 0;
    std::size_t moves_in_a_row_ = 0;
    std::optional<sim::Call> call_;
    Clock::time_point deadline_{};
    std::optional<Clock::time_point> send_at_;
};

}  // namespace starling::cli
