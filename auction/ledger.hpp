// Asks the custodians what became of a task, and which tasks there are: no other list exists.
//
//   show, list, cancel, watch ──query──> nodes that may know ──query_answer──> one merged answer
//
// Invariants:
//   I1  An inquiry ends when everybody who was asked has answered, or answer_within later.  Then
//       it says `partial` unless all did.
//   I2  A page is complete up to its last id among those who answered.
//   I3  A watch ends with the task's outcome only.
//
// Not thread safe.
#pragma once

#include "auction/members.hpp"
#include "auction/messages.hpp"
#include "auction/news.hpp"
#include "auction/timers.hpp"
#include "auction/timing.hpp"
#include "auction/verdict.hpp"
#include "base/effects.hpp"

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace starling::auction {

struct ListRequest {
    ListFilter filter{};
    TaskId after;               // zero: from the first
    std::uint32_t limit = 100;  // at most limits::list_entries
};

enum class AskVerdict : std::uint8_t { asked, overloaded };

class Ledger {
public:
    Ledger(const Members& members, const Timing& timing, std::uint64_t seed);

    enum class Purpose : std::uint8_t {
        show,
        watch,   // the outcome of a task that another node runs
        cancel,  // the record of a task that is to be cancelled, or why there is nothing to cancel
        list,
    };

    // REQUIRES: not Purpose::list, which asks by list().
    AskVerdict inquire(Purpose purpose, CallId call, const TaskId& task, Moment now, Effects& out);
    AskVerdict list(CallId call, const ListRequest& request, Moment now, Effects& out);
    void forget(CallId call);

    Verdict on_answer(const NodeId& from, const QueryAnswer& message, Moment now, Effects& out);

    void on_tick(Moment now, Effects& out);

    [[nodiscard]] std::optional<BootTime> next_deadline() const { return timers_.next(); }

    [[nodiscard]] std::vector<Shown> take_shown() { return std::exchange(shown_, {}); }

    [[nodiscard]] std::vector<Listed> take_listed() { return std::exchange(listed_, {}); }

    [[nodiscard]] std::vector<Finished> take_finished() { return std::exchange(finished_, {}); }

    [[nodiscard]] std::vector<CancelAnswer> take_cancelled() {
        return std::exchange(cancelled_, {});
    }

    [[nodiscard]] std::vector<std::pair<CallId, Record>> take_to_cancel() {
        return std::exchange(to_cancel_, {});
    }

private:
    struct Inquiry {
        Purpose purpose{};
        CallId call;
        TaskId task;
        ListRequest list;
        std::set<NodeId> asked;
        std::set<NodeId> answered;
        bool resting = false;  // a watch between two rounds
        std::size_t rounds = 0;
        std::optional<TaskView> view;
        std::optional<Record> record;
        std::map<TaskId, TaskView> views;
        std::optional<TaskId> complete_to;  // nothing: to the end
        bool too_many_nodes = false;
    };

    AskVerdict begin(Inquiry inquiry, Moment now, Effects& out);
    void ask_around(std::uint64_t request, Moment now, Effects& out);
    void ask(std::uint64_t request, const NodeId& node, Effects& out);
    static void take_page(Inquiry& inquiry, const QueryAnswer& message);
    void end(std::uint64_t request, Moment now);
    void end_list(const Inquiry& inquiry);
    void end_cancel(const Inquiry& inquiry, bool partial);
    [[nodiscard]] bool end_watch(Inquiry& inquiry, bool partial);

    const Members& members_;
    const Timing& timing_;
    std::uint64_t last_request_;
    std::map<std::uint64_t, Inquiry> inquiries_;
    std::size_t watches_ = 0;
    Timers<std::uint64_t> timers_;

    std::vector<Shown> shown_;
    std::vector<Listed> listed_;
    std::vector<Finished> finished_;
    std::vector<CancelAnswer> cancelled_;
    std::vector<std::pair<CallId, Record>> to_cancel_;
};

}  // namespace starling::auction
