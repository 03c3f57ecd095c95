// What all agents of a world share: its time, the clients' way to nodes, what is to happen when,
// what was seen.
//
// Invariants:
//   I1  What is due first comes first; of what is due at once, what was appointed first.
//   I2  What was appointed for a process that ended since does not happen.
//
// Not thread safe.
#pragma once

#include "base/moment.hpp"
#include "sim/agents/outside.hpp"
#include "sim/agents/witness.hpp"
#include "sim/trace_hash.hpp"
#include "sim/workload.hpp"
#include <starling/agent.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace starling::sim {

// An agent of the world, in every process of its host.
struct Actor {
    std::uint32_t host = 0;
    std::function<std::unique_ptr<Agent>()> make;
};

struct AgentCounts {
    std::uint64_t handlers = 0;
    std::uint64_t calls = 0;
    std::uint64_t externals = 0;
};

// Something that no world may show, whatever its rules.
struct Complaint {
    std::string rule;
    std::string what;
};

class Calendar {
public:
    using Task = std::function<void()>;
    using Life = std::weak_ptr<const bool>;  // of the process that it is for

    void add(Duration at, Life life, Task task) {
        items_.emplace(std::pair(at, ++added_), Item{std::move(life), std::move(task)});
    }

    [[nodiscard]] std::optional<Duration> next_time() const {
        if (items_.empty()) return std::nullopt;
        return items_.begin()->first.first;
    }

    // One of what is due; false when nothing is.
    bool carry_out_next(Duration now) {
        if (items_.empty() || items_.begin()->first.first > now) return false;
        const auto item = items_.extract(items_.begin());
        if (!item.mapped().life.expired()) item.mapped().task();
        return true;
    }

private:
    struct Item {
        Life life;
        Task task;
    };

    std::map<std::pair<Duration, std::uint64_t>, Item> items_;
    std::uint64_t added_ = 0;
};

struct AgentGround {
    AgentGround(std::uint64_t world_seed, std::uint32_t nodes) : seed(world_seed), witness(nodes) {}

    std::uint64_t seed;
    Duration now{};
    Clients* clients = nullptr;  // of the world, once it acted
    Calendar calendar;
    Witness witness;
    TraceHash hash;  // of what agents do
    AgentCounts counts;
    Outsides outsides;
    std::map<std::uint32_t, std::uint64_t> externals_of;  // agent -> calls, over all its processes
    std::vector<Complaint> complaints;
    bool tasks_offered = false;
};

}  // namespace starling::sim
