// Serves local programs from the auctions: offers, the ledger, workers.
//
//   offer ──> acknowledged ──(wait)──> finished          serve ──> assignment.. ──> finish | fail
//   show, list, cancel ──> asked of the custodians ──> answered, partial when some kept silent
//   an assignment that counts no more ──> its server is told to stop it
//   finish ──> the result is kept and offered ──> accepted | refused | unknown after settle_within
//
// Invariants:
//   I1  Every call is answered once, an offer that waits twice, a serve until its caller goes.
//   I2  A worker of this service has at most one assignment; a serve call has `slots` workers.
//   I3  A finish is told that it counts only when a majority of the task's custodians accepted it.
//
// Not thread safe.
#pragma once

#include "auction/auctions.hpp"
#include "node/calls_task.hpp"
#include "node/turn.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace starling::node {

class TaskService {
public:
    // `auctions` outlives the service.
    explicit TaskService(auction::Auctions& auctions) : auctions_(auctions) {}

    void on(CallId call, const TaskOfferAsk& ask, const Turn& turn);
    void on(CallId call, const TaskListAsk& ask, const Turn& turn);
    void on(CallId call, const TaskShowAsk& ask, const Turn& turn);
    void on(CallId call, const TaskCancelAsk& ask, const Turn& turn);
    void on(CallId call, const TaskServeAsk& ask, const Turn& turn);
    void on(CallId call, const TaskFinishAsk& ask, const Turn& turn);
    void on(CallId call, const TaskFailAsk& ask, const Turn& turn);
    void on(CallId call, const TaskProgressAsk& ask, const Turn& turn);
    void on(CallId call, const DeadLetterListAsk& ask, const Turn& turn);
    void on(CallId call, const DeadLetterShowAsk& ask, const Turn& turn);
    // The caller is gone: what its workers run is handed back at the next tick.
    void on_call_ended(CallId call);

    // Tells programs what the auctions did since the last call.
    void on_tick(const Turn& turn);

    // When the oldest finish that waits is answered without news.
    [[nodiscard]] std::optional<BootTime> next_deadline() const;

    // From the acknowledgement to the first award.
    [[nodiscard]] const std::vector<std::uint64_t>& award_counts() const { return awards_; }

private:
    enum class Wanted : std::uint8_t { task, dead_letter };

    struct Offer {
        TaskOfferAsk ask;
        bool acknowledged = false;
    };

    struct Finish {
        CallId call;
        auction::Award award;
        BootTime until;
    };

    struct Listing {
        std::optional<TaskState> state;
    };

    void tell_acknowledged(const Turn& turn);
    void tell_finished(const Turn& turn);
    void tell_cancelled(const Turn& turn);
    void tell_shown(const Turn& turn);
    void tell_listed(const Turn& turn);
    void tell_assignments(const Turn& turn);
    void tell_stopped(const Turn& turn);
    void tell_settled(const Turn& turn);
    void expire_finishes(const Turn& turn);
    void report(CallId call, auction::ReportVerdict verdict, const Turn& turn);
    void list(CallId call, const auction::ListRequest& request, std::optional<TaskState> state,
              const Turn& turn);

    auction::Auctions& auctions_;
    std::map<CallId, Offer> offers_;
    std::map<CallId, Wanted> shows_;
    std::map<CallId, Listing> lists_;
    std::map<auction::WorkerId, CallId> workers_;
    std::vector<auction::WorkerId> gone_;
    std::vector<Finish> finishes_;  // in the order of their calls, so also of their ends
    std::uint64_t last_worker_ = 0;
    std::vector<std::uint64_t> awards_ = std::vector<std::uint64_t>(16);
};

}  // namespace starling::node
