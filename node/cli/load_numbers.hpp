// Numbers about a load: samples of durations, and what nodes say in /metrics.
//
// Not thread safe.
#pragma once

#include <starling/value.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace starling::cli {

// A name of its own for each run: the keys and registers of an earlier run stay in the mesh.
[[nodiscard]] std::string run_name();

class Samples {
public:
    void add(std::chrono::nanoseconds sample) { samples_.push_back(sample); }

    [[nodiscard]] std::size_t size() const { return samples_.size(); }

    // The smallest sample that `percent` of all do not exceed; zero when there is none.
    [[nodiscard]] std::chrono::nanoseconds percentile(unsigned percent) const;

    // {p50, p95, p99, max, count} in milliseconds with a fraction.
    [[nodiscard]] Value::Map document() const;

private:
    mutable std::vector<std::chrono::nanoseconds> samples_;
    mutable std::size_t sorted_ = 0;
};

[[nodiscard]] double ms_of(std::chrono::nanoseconds duration);

// Counters of the Prometheus text form, summed over nodes and over their restarts.
class CounterSums {
public:
    // What a node shows now.  A counter that fell began anew.
    void observe(const std::string& node, std::string_view text);

    // The growth of a counter, named without _total, since its node was first observed; of all
    // nodes together.
    [[nodiscard]] std::uint64_t sum(std::string_view name) const;

    // The bound of the histogram's bucket that holds this percentile, interpolated, in ms.
    [[nodiscard]] double percentile_ms(const std::string& histogram, unsigned percent) const;

private:
    struct Counter {
        std::uint64_t last = 0;
        std::uint64_t grown = 0;
    };

    std::map<std::string, std::map<std::string, Counter>, std::less<>> by_name_;  // then by node
    std::map<std::string, bool> seen_;
};

}  // namespace starling::cli
