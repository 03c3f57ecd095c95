// Since when each host has been able to do what it has to do: it runs, and no fault of the plan
// strikes its process, its disk or its clocks.  What the network does to it does not matter here.
//
// Not thread safe.
#pragma once

#include "sim/fault.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

namespace starling::sim {

class Fitness {
public:
    explicit Fitness(std::uint32_t hosts) : hosts_(hosts) {}

    void on_started(std::uint32_t host, Duration now) {
        hosts_.at(host).running = true;
        hosts_.at(host).since = now;
    }

    void on_ended(std::uint32_t host) { hosts_.at(host).running = false; }

    void on_fault(const Fault& fault, Phase phase, Duration now) {
        if (row_of(fault.kind).target != Target::host) return;
        State& state = hosts_.at(fault.host);
        state.since = now;
        if (is_crash(fault.kind)) state.running = phase == Phase::ends && state.running;
        if (!row_of(fault.kind).has_end || is_crash(fault.kind)) return;
        if (phase == Phase::begins) {
            state.faults.insert(fault.number);
        } else {
            state.faults.erase(fault.number);
        }
    }

    // Nothing: it is not.
    [[nodiscard]] std::optional<Duration> fit_since(std::uint32_t host) const {
        const State& state = hosts_.at(host);
        if (!state.running || !state.faults.empty()) return std::nullopt;
        return state.since;
    }

private:
    struct State {
        bool running = false;
        Duration since{};
        std::set<std::uint32_t> faults;  // in force
    };

    std::vector<State> hosts_;
};

}  // namespace starling::sim
