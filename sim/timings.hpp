// How long what users wait for took in a run, as they would measure it on real nodes.
//
//      World ── traces, starts, faults ──> Timings ──take()──> percentiles of four times, and
//
//      convergence   a batch committed at its writer ──> applied, at each other node
//      award         a task recorded, so that its offer may be acknowledged ──> awarded
//      kill_to_dead  a process killed ──> all others that run say that it is dead
//      stop_to_dead  the same of a process that stands still
//      all_met       the beginning ──> every node has each other one in its table, for the first
//      time
//
// Invariants:
//   I1  It only looks: a run has the same trace hash without it.
//   I2  What it keeps is bounded: the first samples_max of a kind stand for all.
//   I3  A death that not all told before the fault ended is no sample.
//
// Not thread safe.
#pragma once

#include "base/ids.hpp"
#include "sim/check.hpp"
#include "sim/host_numbers.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace starling::sim {

// Of some samples; of none all is zero.
struct Percentiles {
    std::uint64_t count = 0;
    Duration p50{};
    Duration p95{};
    Duration max{};
};

// The smallest samples that half, and 95 of 100, of all are not above.
[[nodiscard]] Percentiles percentiles_of(std::vector<Duration> samples);

struct RunTimes {
    Percentiles convergence;
    Percentiles award;
    Percentiles kill_to_dead;
    Percentiles stop_to_dead;
    std::optional<Duration> all_met;  // when every node had each other one in its table
};

class Timings final : public Check {
public:
    static constexpr std::size_t samples_max = 200'000;

    explicit Timings(const std::vector<NodeId>& ids);

    void on_traced(std::uint32_t host, const TraceRecord& record, Duration now) override;
    void on_started(std::uint32_t host, Boot boot, Duration now) override;
    void on_fault(const Fault& fault, Phase phase, Duration now) override;
    void on_ended(std::uint32_t host, Duration now) override;

    [[nodiscard]] std::optional<Duration> next_time() const override { return std::nullopt; }

    void on_time(Duration /*now*/) override {}

    [[nodiscard]] RunTimes times() const;

private:
    using Key = std::pair<std::uint64_t, std::uint64_t>;

    // A process that was killed or stopped, until all say so or it is back.
    struct Outage {
        Duration began{};
        FaultKind kind{};
        std::set<std::uint32_t> waiting;  // hosts that did not say so yet
    };

    void on_met(std::uint32_t host, std::uint64_t subject, Duration now);
    void on_death(std::uint32_t host, const TraceRecord& record, Duration now);
    void leave_out(std::uint32_t host);

    HostNumbers hosts_;
    std::set<std::uint32_t> running_;
    std::map<std::uint32_t, Outage> outages_;     // by host
    std::map<Key, Duration> committed_;           // batch -> when
    std::map<std::uint64_t, Duration> recorded_;  // task, until its award -> when
    std::vector<Duration> convergence_;
    std::vector<Duration> awards_;
    std::vector<Duration> kills_;
    std::vector<Duration> stops_;
    std::vector<bool> met_;  // host * hosts + subject
    std::size_t meetings_ = 0;
    std::optional<Duration> all_met_;
};

}  // namespace starling::sim
