// The pictures of a run's report.
//
//      ribbon            what was broken when, a lane for each node
//      distribution      share of samples (up) that took at most so long (right, logarithmic)
//      accuracy          how many members each node was wrong about, second by second
//      messages          who told whom what: time to the right, a lane for each node
//      traffic           bytes that each node sent
//      tasks             from offer to acceptance, a lane for each task
//
// Pure functions: thread safe.
#pragma once

#include "sim/chronicle.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace starling::sim {

struct Curve {
    std::string_view name;
    std::span<const Duration> samples;  // ascending
    std::uint64_t total = 0;            // of which the samples are those that finished
};

[[nodiscard]] std::string ribbon_chart(const Story& story);

// `goal` is drawn as a line to compare with; zero: none.
[[nodiscard]] std::string distribution_chart(std::string_view label,
                                             const std::vector<Curve>& curves, Duration goal);
[[nodiscard]] std::string accuracy_chart(const Story& story);
[[nodiscard]] std::string task_chart(const Story& story);
[[nodiscard]] std::string message_chart(const Story& story);
[[nodiscard]] std::string traffic_chart(const Story& story);

// More lanes than these would show nothing.
inline constexpr std::uint32_t message_lanes_max = 30;

// "12.3 ms", "4 s": three digits at most.
[[nodiscard]] std::string brief(Duration duration);

// The smallest sample that so many percent of all are not above; nothing: there are none.
[[nodiscard]] std::optional<Duration> percentile(std::span<const Duration> samples,
                                                 std::uint32_t percent);

}  // namespace starling::sim
