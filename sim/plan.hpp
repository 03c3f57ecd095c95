// What a run will do to its mesh, decided before it begins: shape, models, faults and their times.
//
//      Options(nodes, seed, duration) ──default_plan──> Plan ──> World carries it out
//
//      0        settle                      healed_at                     duration
//      |─────────|── rounds of faults ──────────|── nothing but repair ───────|
//                   round: a crash and its restart, a pause, a partition, broken links, a slow disk
//
// Invariants:
//   I1  Equal options give equal plans; faults are in the order of time.
//   I2  At healed_at every host runs and nothing is cut, so that what follows must converge.
//   I3  The plan, not the seed, says what happens: removing a line moves no other.
//
// Values and pure functions: thread safe to read.
#pragma once

#include "sim/disk.hpp"
#include "sim/fault.hpp"
#include "sim/host.hpp"
#include "sim/network.hpp"
#include "sim/workers.hpp"
#include <starling/error.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace starling::sim {

// Operations of clients over the whole mesh: how many in 1,000 virtual seconds (rate_unit).
struct Load {
    std::uint32_t puts = 2000;
    std::uint32_t swaps = 1000;  // compare and set of registers
    std::uint32_t tasks = 1000;
    std::uint32_t leases = 2000;    // acquired, renewed or released
    std::uint32_t decisions = 200;  // proposed; each has its votes and looks
    std::uint32_t edits = 1000;     // of counters, sets and values that are deleted
    Workers workers = {};
};

// A kind of operation as people name it.
struct LoadRow {
    std::string_view name;
    std::uint32_t Load::*rate;
    std::string_view usual;  // a second, as Load has it
    std::string_view what;
};

inline constexpr auto load_rows = std::to_array<LoadRow>({
    {"puts", &Load::puts, "2", "values put a second, over the whole mesh"},
    {"tasks", &Load::tasks, "1", "tasks offered a second"},
    {"cas", &Load::swaps, "1", "compare-and-sets a second; a read for every three"},
    {"leases", &Load::leases, "2", "leases acquired, renewed or released a second"},
    {"decisions", &Load::decisions, "0.2", "decisions proposed a second, with their votes"},
    {"edits", &Load::edits, "1", "counters, sets and values changed or deleted a second"},
});

// How many faults of these kinds a run has; nothing: one in each of its rounds.
struct FaultNumbers {
    std::optional<std::uint32_t> crashes;  // with their restarts
    std::optional<std::uint32_t> partitions;
};

struct Plan {
    std::uint64_t seed = 0;
    std::uint32_t nodes = 0;
    Duration duration{};
    Duration healed_at{};
    bool buggify = false;  // the nodes take legal but rare turns (base/buggify.hpp)
    NetworkModel network;
    DiskModel disk;
    ProcessModel process;
    Load load;
    std::vector<Fault> faults;  // in the order of time
};

struct Options {
    std::uint32_t nodes = 5;
    std::uint64_t seed = 1;
    Duration duration = std::chrono::seconds{60};
    Load load;
    FaultNumbers asked;  // a kind that is asked for zero times is not required of the run
};

// What a majority promised survives one lost disk, or one that is put back.
inline constexpr std::uint32_t lost_disk_nodes_min = 3;

// Every host has started once by then, so that there is something to put back.
inline constexpr Duration kept_disk_min = std::chrono::seconds{1};

inline constexpr std::uint32_t plan_nodes_min = 2;
inline constexpr std::uint32_t plan_nodes_max = 10'000;
inline constexpr Duration plan_duration_min = std::chrono::seconds{10};
inline constexpr Duration plan_duration_max = std::chrono::hours{24};
inline constexpr std::uint32_t plan_rate_max = 1'000'000;  // 1,000 a second

// Where the faults of a run of this duration end unless its plan says otherwise: a half-half
// partition heals within one heal period and some, however short the run is.
[[nodiscard]] Duration plan_healed_at(Duration duration);

// The most crashes or partitions that a run of this duration has room for.
[[nodiscard]] std::uint32_t plan_faults_max(Duration duration);

// invalid: nodes, duration, load or faults out of range; the message names the range.
[[nodiscard]] Result<Plan> default_plan(const Options& options);

}  // namespace starling::sim
