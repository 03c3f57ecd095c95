// Whether a node goes on without end: a run of it would not come to one either.
//
// Invariants:
//   nobody_spins  no process takes more turns or inputs in a second than a busy one has use for
//
// Not thread safe.
#pragma once

#include "sim/check.hpp"
#include "sim/host.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace starling::sim {

class SpinCheck {
public:
    static constexpr std::uint64_t turns_per_second_max = 20'000;
    static constexpr std::uint64_t inputs_per_second_max = 40'000;

    SpinCheck(std::uint32_t hosts, Findings& findings);

    // Some virtual time after the look before: what the host has done since then must be little.
    void look(std::uint32_t host, const HostCounts& counts, Duration now);

    // Somebody did: nothing is learned from what follows, and it takes for ever.
    [[nodiscard]] bool found() const { return found_; }

private:
    struct Seen {
        Duration at{};
        std::uint64_t turns = 0;
        std::uint64_t inputs = 0;
    };

    void compare(std::uint32_t host, std::uint64_t most, std::uint64_t done,
                 std::string_view of_what, Duration now);

    std::vector<Seen> seen_;  // by host
    Findings& findings_;
    bool found_ = false;
};

}  // namespace starling::sim
