// Many seeds, each run in a child of its own; what they say is taken in the order of the seeds.
//
//      seeds ──plan──> crew of children ──> verdicts, in any order ──> window ──> totals, failures,
//                                                                  (seed order)   one hash
//
// Invariants:
//   I1  Totals, failures and the hash do not depend on how many run at once; CPU time does a
//   little. I2  A seed that is doubled runs twice, and must do the same both times.  Which seeds
//   are doubled
//       follows from the seeds.
//   I3  After `stop_after` failures, counted in the order of seeds, no later seed counts.
//
// Not thread safe.
#pragma once

#include "base/hash.hpp"
#include "node/cli/sim_child.hpp"
#include "node/cli/sim_verdict.hpp"
#include "sim/run.hpp"
#include <starling/error.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace starling::cli {

// A plan, and the options when it was made from them.
struct SeedPlan {
    sim::Plan plan;
    std::optional<sim::Options> options;
};

inline constexpr std::uint32_t whole_share = 1'000'000;
inline constexpr std::uint64_t sweep_seeds_max = 1'000'000'000;

struct SweepSetup {
    std::uint64_t first = 1;
    std::uint64_t last = 1;  // included
    std::size_t jobs = 1;
    std::uint64_t stop_after = sweep_seeds_max;  // failures
    std::uint32_t doubled = 0;                   // parts of whole_share
    Duration cpu = child_cpu_max;                // that one seed may use
};

// Of one kind of faults.
struct FaultTotals {
    std::uint64_t struck = 0;
    std::uint64_t repaired = 0;
};

struct SweepTotals {
    std::uint64_t seeds = 0;
    std::uint64_t failed = 0;
    std::uint64_t doubled = 0;
    std::uint64_t checks = 0;
    Duration virtual_time{};
    Duration cpu{};
    std::map<std::string, std::uint64_t> probes;  // how often each was hit
    std::map<std::string, FaultTotals> faults;
    std::string hash;  // over all trace hashes, in the order of the seeds; at the end
    bool interrupted = false;
};

struct SeedFailure {
    std::uint64_t seed = 0;
    std::string invariant;
    std::string what;
    SeedPlan plan;
};

// What a sweep asks of others, and tells them.
struct SweepCalls {
    std::function<Result<SeedPlan>(std::uint64_t seed)> plan;
    std::function<Work(const SeedPlan& plan)> work;
    std::function<Result<void>(const SeedFailure& failure)> on_failure;
    std::function<void(const SweepTotals& totals)> on_progress;
};

class Sweep {
public:
    Sweep(const SweepSetup& setup, SweepCalls calls);

    // To the end, to `stop_after` failures, or to a signal.  An error of a plan, of a child that
    // cannot start or of on_failure ends it.
    [[nodiscard]] Result<SweepTotals> run(const Signals& signals);

private:
    // A seed that was begun and not yet counted.
    struct Seed {
        std::optional<Verdict> first;
        std::optional<Verdict> second;
        bool doubled = false;
    };

    [[nodiscard]] std::uint64_t seeds() const { return setup_.last - setup_.first + 1; }

    [[nodiscard]] bool is_over() const;
    [[nodiscard]] bool may_begin() const;
    Result<void> begin_next();
    Result<void> take(SimCrew::Done done);
    Result<void> count_finished();
    Result<void> count(std::uint64_t seed, const Seed& finished);
    void count_numbers(const Value::Map& document);
    Result<void> fail(std::uint64_t seed, std::string invariant, std::string what);

    SweepSetup setup_;
    SweepCalls calls_;
    SimCrew crew_;
    SweepTotals totals_;
    Hasher hasher_;
    std::map<std::uint64_t, Seed> begun_;  // by place: seed - first
    std::uint64_t next_begun_ = 0;         // place
    std::uint64_t next_counted_ = 0;       // place
    bool second_waits_ = false;            // the last begun seed has to run once more
};

}  // namespace starling::cli
