// How habits of a swarm write faults: each from a stream of its own, and none behind the end.
//
// Not thread safe.
#pragma once

#include "base/rng.hpp"
#include "sim/fault.hpp"
#include "sim/swarm.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace starling::sim {

using Hosts = std::vector<std::uint32_t>;

inline constexpr std::uint64_t swarm_stream = 0x7377726dULL << 32U;
// Most nodes are up by then.
inline constexpr Duration swarm_settle = std::chrono::milliseconds{500};
inline constexpr std::uint64_t faults_most_log = 5;

[[nodiscard]] inline Rng swarm_rng(std::uint64_t seed, std::uint64_t purpose,
                                   std::uint64_t number = 0) {
    return Rng(seed, swarm_stream | purpose << 20U | number);
}

// Between low and high, each order of magnitude as likely as the next.  REQUIRES: 0 < low <= high.
[[nodiscard]] inline std::int64_t scaled(Rng& rng, std::int64_t low, std::int64_t high) {
    const auto octaves =
        static_cast<std::uint64_t>(std::bit_width(static_cast<std::uint64_t>(high / low)));
    const std::int64_t from = low << rng.below(octaves);
    const std::int64_t to = std::min(high, from * 2);
    return from + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(to - from) + 1));
}

[[nodiscard]] inline Duration scaled(Rng& rng, Duration low, Duration high) {
    return Duration{scaled(rng, low.count(), high.count())};
}

// Makes the faults of one habit.
class Author {
public:
    Author(const SwarmOptions& options, std::uint64_t habit, std::vector<Fault>& faults)
        : options_(options), habit_(habit), faults_(faults) {}

    // Each with a stream of its own (I2).
    [[nodiscard]] Rng next_rng() { return swarm_rng(options_.seed, habit_, ++drawn_); }

    // From one to many.
    std::uint64_t how_many(std::uint64_t most_log = faults_most_log) {
        Rng rng = next_rng();
        const std::uint64_t some = 1ULL << rng.below(most_log + 1);
        return rng.between(std::max<std::uint64_t>(1, some / 2), some);
    }

    Duration any_time(Rng& rng) const {
        return rng.between(swarm_settle, options_.faulty - std::chrono::seconds{1});
    }

    // Mostly short, at times for most of the run.
    Duration any_length(Rng& rng) const {
        return scaled(rng, std::chrono::milliseconds{20}, options_.faulty / 2);
    }

    std::uint32_t any_host(Rng& rng) const {
        return static_cast<std::uint32_t>(rng.below(options_.nodes));
    }

    [[nodiscard]] std::uint32_t nodes() const { return options_.nodes; }

    [[nodiscard]] Duration faulty() const { return options_.faulty; }

    Hosts all_hosts(Rng& rng) const {
        Hosts hosts(options_.nodes);
        std::iota(hosts.begin(), hosts.end(), 0U);
        rng.shuffle(std::span(hosts));
        return hosts;
    }

    void strike(FaultKind kind, std::uint32_t host, Duration at, Duration lasts,
                std::int64_t amount = 0) {
        Fault fault;
        fault.kind = kind;
        fault.host = host;
        fault.amount = amount;
        add(std::move(fault), at, lasts);
    }

    void part(FaultKind kind, Hosts left, Hosts right, Duration at, Duration lasts) {
        Fault fault;
        fault.kind = kind;
        fault.left = std::move(left);
        fault.right = std::move(right);
        add(std::move(fault), at, lasts);
    }

    // What does not fit before the end is left out.
    void add(Fault fault, Duration at, Duration lasts) {
        if (at >= options_.faulty) return;
        if (row_of(fault.kind).amount == Amount::none) fault.amount = 0;
        fault.at = at;
        if (row_of(fault.kind).has_end) {
            fault.lasts =
                std::clamp(lasts, Duration{std::chrono::milliseconds{1}},
                           std::max(Duration{std::chrono::milliseconds{1}}, options_.faulty - at));
        }
        std::ranges::sort(fault.left);
        std::ranges::sort(fault.right);
        faults_.push_back(std::move(fault));
    }

private:
    const SwarmOptions& options_;
    std::uint64_t habit_;
    std::uint64_t drawn_ = 0;
    std::vector<Fault>& faults_;
};

}  // namespace starling::sim
