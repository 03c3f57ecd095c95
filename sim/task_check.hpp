// What the nodes that run tasks say of their ends, all of them at once.
//
//      task_accepted ──┐
//      task_rehomed  ──┴─> by task: the awards whose results were accepted
//
// Invariants:
//   one_award_accepted   of a task that never moved to other custodians at most one award's result
//                        is accepted, however often and wherever it was offered
//
// Not thread safe.
#pragma once

#include "sim/check.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <utility>

namespace starling::sim {

class TaskCheck final : public Check {
public:
    explicit TaskCheck(Findings& findings);

    void on_traced(std::uint32_t host, const TraceRecord& record, Duration now) override;
    void on_started(std::uint32_t host, Boot boot, Duration now) override;
    void on_fault(const Fault& fault, Phase phase, Duration now) override;
    [[nodiscard]] std::optional<Duration> next_time() const override;
    void on_time(Duration now) override;

    // Tasks that moved.
    [[nodiscard]] std::size_t moved() const { return moved_.size(); }

private:
    using Award = std::pair<std::uint64_t, std::uint64_t>;  // round, who won it

    Findings& findings_;
    std::map<std::uint64_t, std::set<Award>> accepted_;
    std::set<std::uint64_t> moved_;
};

}  // namespace starling::sim
