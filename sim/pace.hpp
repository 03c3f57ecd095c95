// When a client acts: at a steady rate, each time at a drawn place within its own slot of time.
//
//      |  x    |x      |    x  | ...        one operation a slot, the last slot ends by `until`
//
// Not thread safe.
#pragma once

#include "base/moment.hpp"
#include "base/rng.hpp"
#include "sim/check.hpp"
#include "sim/lost_writes.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace starling::sim {

// Rates are whole numbers of operations in this time: thousandths per second.
inline constexpr Duration rate_unit = std::chrono::seconds{1000};

// What every kind of load needs to know.
struct LoadSetup {
    std::uint64_t seed = 0;
    std::uint32_t rate = 0;  // operations per rate_unit
    Duration from{};
    Duration until{};
    Duration survey_at{};  // when everything acknowledged must be there
    Duration healed_at{};  // no fault is in force from then on
    // Who is asked then answers within this.
    Duration last_timeout = std::chrono::milliseconds{400};
    const LostWrites* lost = nullptr;  // what may be gone with a disk; null: nothing

    [[nodiscard]] bool may_be_gone(const node::VersionToken& version) const {
        return lost != nullptr && lost->may_be_gone(version);
    }
};

// Behind the healing only every second node writes: what the others wrote last comes to light by
// comparing replicas alone, for no later write of theirs shows the gap.
[[nodiscard]] inline std::uint32_t writer_at(const LoadSetup& setup, std::uint32_t host,
                                             Duration now) {
    return now < setup.healed_at ? host : host / 2 * 2;
}

inline constexpr const char* calls_are_answered = "calls_are_answered";

// At the end of a run: a call that still waits, though its time was over long ago on a healed mesh.
inline void check_answered(const LoadSetup& setup, Duration since, const Violation& waiting,
                           Findings& findings) {
    constexpr Duration answered_within = std::chrono::seconds{6};
    findings.looked(calls_are_answered);
    if (std::max(since, setup.healed_at) + answered_within > waiting.at) return;
    findings.violated(calls_are_answered, waiting);
}

class Pace {
public:
    // `stream` tells the draws of different clients apart.
    Pace(const LoadSetup& setup, std::uint64_t stream) : setup_(setup), stream_(stream) {}

    // When the next operation is due; nothing when that would be too late.
    [[nodiscard]] std::optional<Duration> next() const {
        if (setup_.rate == 0) return std::nullopt;
        const Duration slot = rate_unit / setup_.rate;
        const Duration begin = setup_.from + slot * static_cast<std::int64_t>(done_);
        if (begin + slot > setup_.until) return std::nullopt;
        return begin + Rng(setup_.seed, stream_ + done_).between(Duration{0}, slot);
    }

    // The number of the operation that is due, which counts as done from now on.
    std::uint64_t take() { return done_++; }

    [[nodiscard]] std::uint64_t done() const { return done_; }

private:
    LoadSetup setup_;
    std::uint64_t stream_;
    std::uint64_t done_ = 0;
};

}  // namespace starling::sim
