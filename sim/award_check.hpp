// What runners of tasks and those who work for them say and hear.
//
// Invariants:
//   awards_are_agreed     a task counts as agreed to once its winner agreed to this award, or
//                         renewed it
//   awards_end_as_given   under an epoch that was awarded its winner's result is stored, made under
//                         this epoch, and no other
//   bids_are_answered     who bids for a task that its runner gave to another is told so, or is
//                         given another task
//   leases_are_watched    a runner that hears no renewal for lease_within does something about it
//   results_are_reported  whoever reported a result reports it again within report_within until it
//                         is told that the result counts, or does not; and after it started again,
//                         unless its disk was lost or put back
//
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
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace starling::sim {

class AwardCheck final : public Check {
public:
    // Leases are judged after 6.25 s, and reports are repeated every 6.25 s at the latest.
    static constexpr Duration lease_within = std::chrono::seconds{9};
    static constexpr Duration report_within = std::chrono::seconds{9};
    static constexpr Duration report_within_of_start = std::chrono::seconds{4};
    static constexpr Duration answer_within = std::chrono::seconds{5};  // in the same turn

    AwardCheck(std::vector<NodeId> ids, Findings& findings);

    void on_traced(std::uint32_t host, const TraceRecord& record, Duration now) override;
    void on_started(std::uint32_t host, Boot boot, Duration now) override;
    void on_fault(const Fault& fault, Phase phase, Duration now) override;
    void on_ended(std::uint32_t host, Duration now) override;

    [[nodiscard]] bool wants_words() const override { return true; }

    void on_said(const Told& frame) override;
    void on_heard(const Told& frame) override;
    [[nodiscard]] std::optional<Duration> next_time() const override;
    void on_time(Duration now) override;

private:
    using Key = std::pair<std::uint32_t, std::uint64_t>;  // host, task
    // host, task, round, winner
    using Agreement = std::tuple<std::uint32_t, std::uint64_t, std::uint32_t, std::uint64_t>;
    // host, bidder, task
    using Bid = std::tuple<std::uint32_t, std::uint64_t, std::uint64_t>;

    void on_award_said(const Told& frame, const auction::AcceptProposal& message);
    void on_store_said(const Told& frame, const auction::StoreResult& message);
    void on_bid_heard(const Told& frame, const auction::Propose& message);
    void on_informed_heard(const Told& frame, const auction::Informed& message);
    void on_cancel_heard(const Told& frame, const auction::Cancel& message);
    void settle(const Told& frame, const Key& key);
    void note_agreed(const Told& frame, const TaskId& task, const auction::Epoch& epoch);
    void judge(Dues<Key>& dues, const std::string& invariant, Duration within, Duration now);
    void judge_bids(Duration now);

    // To whom this epoch of the task was awarded; nothing: to nobody.
    [[nodiscard]] std::optional<NodeId> winner_of(const TaskId& task,
                                                  const auction::Epoch& epoch) const;

    std::vector<NodeId> ids_;
    Findings& findings_;
    Decoder decoder_;
    Fitness fitness_;
    std::set<Agreement> agreed_;
    std::map<std::pair<std::uint64_t, auction::Epoch>, NodeId> awarded_;  // task, epoch: winner
    Dues<Key> leases_;
    Dues<Key> reports_;
    Dues<Bid> bids_;
    std::map<Key, std::uint64_t> settled_;  // what left with this batch or before is older
    std::map<Key, std::uint32_t> unknown_;  // how often a reporter was told that nobody knows
};

}  // namespace starling::sim
