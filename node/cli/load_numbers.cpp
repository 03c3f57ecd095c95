#include "node/cli/load_numbers.hpp"

#include "node/cli/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace starling::cli {
namespace {

constexpr std::int64_t ns_per_us = 1000;  // more digits would mean nothing
constexpr double us_per_ms = 1e3;
constexpr double ms_per_second = 1e3;

struct Bucket {
    double bound_ms = 0;
    std::uint64_t total = 0;  // of it and all below
};

// Counters are named without the ending that the text form gives them.
std::string_view bare(std::string_view name) {
    constexpr std::string_view ending = "_total";
    while (name.ends_with(ending)) name.remove_suffix(ending.size());
    return name;
}

}  // namespace

std::string run_name() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return fmt::format("{:x}", std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

double ms_of(std::chrono::nanoseconds duration) {
    return static_cast<double>(duration.count() / ns_per_us) / us_per_ms;
}

std::chrono::nanoseconds Samples::percentile(unsigned percent) const {
    if (samples_.empty()) return {};
    if (sorted_ != samples_.size()) std::ranges::sort(samples_);
    sorted_ = samples_.size();
    const std::size_t rank = (samples_.size() * percent + 99) / 100;
    return samples_[std::max<std::size_t>(rank, 1) - 1];
}

Value::Map Samples::document() const {
    return {{"p50", ms_of(percentile(50))},
            {"p95", ms_of(percentile(95))},
            {"p99", ms_of(percentile(99))},
            {"max", ms_of(percentile(100))},
            {"count", static_cast<std::int64_t>(samples_.size())}};
}

void CounterSums::observe(const std::string& node, std::string_view text) {
    constexpr std::string_view prefix = "starling_";
    const bool first = !std::exchange(seen_[node], true);
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        const std::size_t blank = line.rfind(' ');
        if (!line.starts_with(prefix) || blank == std::string_view::npos) continue;
        const auto value = parse_number(line.substr(blank + 1));
        if (!value) continue;
        Counter& counter =
            by_name_[std::string(bare(line.substr(prefix.size(), blank - prefix.size())))][node];
        if (!first) counter.grown += *value >= counter.last ? *value - counter.last : *value;
        counter.last = *value;
    }
}

std::uint64_t CounterSums::sum(std::string_view name) const {
    const auto found = by_name_.find(name);
    std::uint64_t sum = 0;
    if (found == by_name_.end()) return sum;
    for (const auto& [node, counter] : found->second) sum += counter.grown;
    return sum;
}

double CounterSums::percentile_ms(const std::string& histogram, unsigned percent) const {
    const std::string prefix = histogram + "_seconds_bucket{le=\"";
    std::vector<Bucket> buckets;
    for (const auto& [name, unused] : by_name_) {
        if (!name.starts_with(prefix)) continue;
        const std::string_view bound = std::string_view(name).substr(prefix.size());
        double seconds = 0;
        const auto read = std::from_chars(bound.data(), bound.data() + bound.size(), seconds);
        if (read.ec == std::errc{}) buckets.push_back({seconds * ms_per_second, sum(name)});
    }
    std::ranges::sort(buckets, {}, &Bucket::bound_ms);
    const std::uint64_t all = sum(histogram + "_seconds_count");
    const double rank = static_cast<double>(all) * percent / 100;
    Bucket below;
    for (const Bucket& each : buckets) {
        if (each.total > below.total && static_cast<double>(each.total) >= rank) {
            const double part = (rank - static_cast<double>(below.total)) /
                                static_cast<double>(each.total - below.total);
            return below.bound_ms + (each.bound_ms - below.bound_ms) * std::max(part, 0.0);
        }
        below = each;
    }
    return below.bound_ms;
}

}  // namespace starling::cli
