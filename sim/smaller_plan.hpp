// Plans that say less than another one: fewer faults, fewer hosts, less time.
//
// Each draw of a run is a function of the seed, its purpose and a counter, so that what is left
// happens as it did, up to where the plans part.
//
// Pure functions: thread safe.
#pragma once

#include "sim/plan.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace starling::sim {

// Ascending places in a list: of faults, or of hosts.
using Places = std::vector<std::uint32_t>;

[[nodiscard]] Places all_places(std::size_t count);

// The places in `parts` runs of nearly equal length.
[[nodiscard]] std::vector<Places> split(const Places& places, std::size_t parts);

[[nodiscard]] Places without(const Places& places, const Places& removed);

[[nodiscard]] Plan with_faults(const Plan& plan, std::span<const std::uint32_t> kept);

// Only the kinds of faults in these places of fault_rows, or of clients in these of load_rows.
[[nodiscard]] Plan with_kinds(const Plan& plan, std::span<const std::uint32_t> kept);
[[nodiscard]] Plan with_clients(const Plan& plan, std::span<const std::uint32_t> kept);

// The places of those that the plan has.
[[nodiscard]] Places kinds_in(const Plan& plan);
[[nodiscard]] Places clients_in(const Plan& plan);

// These hosts, in this order, numbered anew from 0.  Faults that have nobody left to strike go.
[[nodiscard]] Plan with_hosts(const Plan& plan, std::span<const std::uint32_t> kept);

// So many of its hosts, ascending: first those that faults by themselves strike, then those on the
// smaller side of others, then the first ones.
[[nodiscard]] Places struck_hosts(const Plan& plan, std::uint32_t nodes);

// So many hosts, each with the faults of all whose number leaves the same rest.
// REQUIRES: 0 < nodes <= plan.nodes.
[[nodiscard]] Plan folded(const Plan& plan, std::uint32_t nodes);

// Everything from this fault on, and the end, comes earlier.
[[nodiscard]] Plan earlier_from(const Plan& plan, std::size_t first, Duration by);

// Healed at this time, with no fault from then on, and as long afterwards as before.
[[nodiscard]] Plan healed_sooner(const Plan& plan, Duration healed_at);

[[nodiscard]] inline Duration end_of(const Fault& fault) {
    return fault.at + fault.lasts;
}

[[nodiscard]] Duration last_end(const Plan& plan);

}  // namespace starling::sim
