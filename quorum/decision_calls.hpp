// Decisions as local programs ask for them, and the watch that closes them in time.
//
//   propose ──> open ── notice to the electors ──> each: news, watch
//   vote ─────> counted or refused
//   watch: k x 200 ms after the deadline, elector k closes; whoever comes later finds it closed
//
// Invariants:
//   I1  What an elector watches survives a restart (Table::fences); its time starts again then.
//   I2  Watching is only for progress: an early, late or repeated close of another changes no
//       result that was given (decision.hpp, I4).
//   I3  At most limits::decisions_watched; past it notices are refused, and calls still work.
//
// Not thread safe.
#pragma once

#include "base/records.hpp"
#include "quorum/asked.hpp"
#include "quorum/messages.hpp"
#include "quorum/registers.hpp"
#include "quorum/timers.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace starling::quorum {

enum class NoticeVerdict : std::uint8_t { watched, known, overloaded };

class DecisionCalls {
public:
    DecisionCalls(const Place& place, const RecordSource& records, Moment now);

    // Proposer and electors' order are filled in here.
    void propose(const Caller& caller, Decision decision, Moment now, Effects& out);
    void vote(const Caller& caller, const Vote& vote, Moment now, Effects& out);
    // wait: until it is closed, at most to the deadline.
    void show(const Caller& caller, bool wait, Moment now, Effects& out);
    void on_call_ended(CallId call);

    NoticeVerdict on_decision_opened(const DecisionOpened& notice, Moment now);
    void on_finished(const Finished& finished, Moment now, Effects& out);

    void on_tick(Moment now, Effects& out);
    [[nodiscard]] std::optional<BootTime> next_deadline() const;

    [[nodiscard]] std::vector<DecisionNews> take_news();

    [[nodiscard]] std::size_t watched() const { return watched_.size(); }

private:
    struct Flow {
        Question question{};
        Caller caller;
        bool wait = false;
        Duration duration{};  // of the decision proposed
        Finished last;        // of a show that waits
    };

    struct Watched {
        BootTime ends{};
        bool seen_open = false;
        bool told = false;  // its elector
        std::optional<Ticket> asking;
    };

    void start(Flow flow, Change change, Moment now, Effects& out);
    void refuse(const Flow& flow, Reason reason);
    void end(Ticket ticket, const Finished& finished);
    void on_opened(const Finished& finished, const Flow& flow, Moment now, Effects& out);
    void on_watched(const std::string& name, const Finished& finished, Moment now, Effects& out);
    void look_at(const std::string& name, Moment now, Effects& out);
    bool watch(const std::string& name, Duration remaining, Moment now);
    void note_open(const std::string& name, const Finished& finished, Moment now, Effects& out);
    [[nodiscard]] bool is_awaited(const std::string& name) const;
    void look_again(const std::string& name, Moment now);
    void note_closed(const std::string& name, const Finished& finished, Effects& out);
    void tell_electors(const std::string& name, const Decision& decision, Duration remaining,
                       Effects& out);

    Place place_;
    std::map<Ticket, Flow> flows_;
    std::map<Ticket, std::string> looks_;  // tickets of the watch
    std::map<std::string, Watched> watched_;
    Timers<std::string> watch_timers_;
    Timers<Ticket> show_timers_;
    std::vector<DecisionNews> news_;
};

}  // namespace starling::quorum
