// The driver's thread: turns of NodeCore, one after another.
//
//   wait ──> links ──> frames ──> calls ──> fetched ──> tick ──> carry out ──> release ──> wait ...
//
// Invariants:
//   I1  A turn takes in a bounded amount: limits::frames_per_turn, limits::calls_per_turn.
//   I2  Of what a turn wants, links change first, then frames leave that promise nothing; frames
//   and
//       answers that promise something leave, in order, once everything handed to the journal up to
//       that turn is durable.
//   I3  A frame of this node to itself waits for its gate like any other, then comes in next turn.
//   I4  After stop() was asked for, the loop ends when the journal has everything, or the time is
//   over.
//
// Made by one thread, then run() by one other; the numbers, call queue and stop() by any.
#pragma once

#include "base/crypto.hpp"
#include "node/core.hpp"
#include "node/io/call_queue.hpp"
#include "node/io/journal_thread.hpp"
#include "node/io/poller.hpp"
#include "node/io/trace_log.hpp"
#include "node/io/transport.hpp"
#include "node/io/turn_store.hpp"
#include "node/io/watchdog.hpp"

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace starling::io {

struct LoopNumbers {
    Duration oldest_batch{};
    Duration last_turn{};
    Duration longest_turn{};
    std::uint64_t turns = 0;
    std::uint64_t batches = 0;
    std::uint64_t batches_waiting = 0;
    std::uint64_t calls_open = 0;
    TransportNumbers transport;
};

// Something became readable, and the turn that follows will look at it anyway.
class Nudge final : public Watcher {
public:
    void on_ready() override {}
};

class DriverLoop {
public:
    struct Parts {
        std::unique_ptr<Poller> poller;
        std::unique_ptr<Transport> transport;
        std::unique_ptr<journal::Journal> journal;
        TraceLog* log = nullptr;  // outlives the loop
        std::string directory;    // whose disk the watchdog looks at
        JournalThread::OnFailure on_journal_failure;
    };

    // Makes the core from what the journal holds.
    DriverLoop(Parts parts, node::Setup setup);
    ~DriverLoop();

    // The first read that failed while the core was made: then do not run().
    [[nodiscard]] const std::optional<Error>& read_failure() const { return read_failure_; }

    // Until stop(); then ends open calls and the transport, for most of the time that it gave.
    void run();
    void stop(Duration within);

    [[nodiscard]] CallQueue& calls() { return calls_; }

    [[nodiscard]] bool ready() const { return ready_.load(); }

    [[nodiscard]] LoopNumbers numbers() const;

    [[nodiscard]] const JournalThread& journal() const { return *journal_; }

private:
    void turn();
    void wait();
    [[nodiscard]] std::optional<BootTime> wake_at() const;
    node::Backlog take_in(Moment now, Effects& out);
    node::Backlog take_calls(Moment now, Effects& out);
    void take_fetched(Moment now, Effects& out);
    void take_call(PostedCall call, Moment now, Effects& out);
    void tell_health(Moment now, Effects& out);

    void carry_out(TurnStore::Turn turn, Moment now);
    void order_fetches(const Effects& turn);
    void send(const Effects& turn, Gate gate, Moment now);
    void keep_own(Kind kind, ByteView body, Moment now);
    void answer(const Effects& turn, Gate gate);
    void release(Moment now);
    void finish();
    [[noreturn]] void give_way(Boot boot);
    void publish(Moment now, Duration worked);

    std::unique_ptr<Poller> poller_;
    std::unique_ptr<Transport> transport_;
    TraceLog& log_;
    Verifier verifier_;
    TurnStore turns_;
    std::optional<Error> read_failure_;
    std::unique_ptr<node::NodeCore> core_;
    std::unique_ptr<JournalThread> journal_;
    std::unique_ptr<Watchdog> watchdog_;
    CallQueue calls_;
    Nudge nudge_;

    std::deque<PostedCall> waiting_calls_;
    std::vector<Bytes> own_frames_;  // of this node to itself: the next turn takes them in
    std::map<CallId, AnswerSink> sinks_;
    std::uint64_t handed_ = 0;  // number of the last batch
    node::Backlog backlog_ = node::Backlog::drained;
    Duration last_turn_{};

    std::atomic<bool> stopping_{false};
    std::atomic<Duration> stop_within_{Duration{0}};
    std::atomic<bool> ready_{false};
    mutable std::mutex numbers_mutex_;
    LoopNumbers numbers_;
};

}  // namespace starling::io
