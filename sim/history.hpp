// What really happened to each host, for checks to judge by: its boot, when it was down or stopped,
// and from whom it was cut off.
//
//      World ── starts and faults ──> History ── was it out, cut, parted, strained in this
//      interval? ──> Check
//
// Invariants:
//   I1  A host is down until it is first started.
//   I2  An outage or a cut without an end yet lasts until `open_end`.
//   I3  Intervals are closed: those that share one instant overlap.
//
// Not thread safe.
#pragma once

#include "base/ids.hpp"
#include "base/moment.hpp"
#include "sim/fault.hpp"

#include <cstdint>
#include <vector>

namespace starling::sim {

struct Interval {
    Duration from{};
    Duration to{};
};

inline constexpr Duration open_end = Duration::max();

[[nodiscard]] constexpr bool overlap(Interval a, Interval b) {
    return a.from <= b.to && b.from <= a.to;
}

class History {
public:
    explicit History(std::uint32_t hosts) : hosts_(hosts) {}

    void on_started(std::uint32_t host, Boot boot, Duration now);
    void on_fault(const Fault& fault, Phase phase, Duration now);
    void on_ended(std::uint32_t host, Duration now);

    [[nodiscard]] std::uint32_t hosts() const { return static_cast<std::uint32_t>(hosts_.size()); }

    [[nodiscard]] Boot boot(std::uint32_t host) const { return hosts_.at(host).boot; }

    [[nodiscard]] bool is_down(std::uint32_t host) const { return hosts_.at(host).down; }

    // Whether the host was crashed or stopped at some time in the interval.
    [[nodiscard]] bool was_out(std::uint32_t host, Interval interval) const;

    // Whether a cut stood between the two.
    [[nodiscard]] bool were_parted(std::uint32_t a, std::uint32_t b, Interval interval) const;

    // Whether a cut stood between the host and anybody, or such a cut ended.
    [[nodiscard]] bool was_cut(std::uint32_t host, Interval interval) const;

    // The same for a one-way cut: there the deaf side's verdicts reach the other one.
    [[nodiscard]] bool was_half_cut(std::uint32_t host, Interval interval) const;

    // Whether it lived, but others could not rely on hearing of it in time: too slow, throttled,
    // behind a network that delays or loses, or dialled in vain.
    [[nodiscard]] bool was_strained(std::uint32_t host, Interval interval) const;

    // Whether a member spoke for others of who is dead: opinions are not signed.
    [[nodiscard]] bool was_slandered(Interval interval) const;

    // Whether the partition was not clean: two hosts that were kept from the subject all the time
    // could tell the observer so, directly or over others that no cut kept apart.
    [[nodiscard]] bool was_partly_cut(std::uint32_t observer, std::uint32_t subject,
                                      Interval interval) const;

    // When the first of the times began in which the host was out, cut off or strained during the
    // interval; the interval's begin if there was none.
    [[nodiscard]] Duration deaf_since(std::uint32_t host, Interval interval) const;

    [[nodiscard]] bool was_healed(std::uint32_t host, Interval interval) const;

private:
    struct Past {
        Boot boot;
        bool down = true;
        std::vector<Interval> out;  // crashed or stopped, in order of time
    };

    // A fault and when it was in force.
    struct Spell {
        Fault fault;
        Interval interval;
    };

    // Whether a cut names the host and has this property.
    template <class Property>
    [[nodiscard]] bool any_cut(std::uint32_t host, Property property) const;

    [[nodiscard]] std::vector<bool> heard_by(std::uint32_t observer, Interval interval) const;
    static void note(std::vector<Spell>& spells, const Fault& fault, Phase phase, Duration now);
    void begin_outage(std::uint32_t host, Duration now);
    void end_outage(std::uint32_t host, Duration now);

    std::vector<Past> hosts_;
    std::vector<Spell> cuts_;
    std::vector<Spell> strains_;
    std::vector<Spell> slanders_;
};

}  // namespace starling::sim
