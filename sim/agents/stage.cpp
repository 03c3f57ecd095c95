#include "sim/agents/stage.hpp"

#include "base/hash.hpp"
#include "sim/agents/agent_load.hpp"
#include "sim/world.hpp"

#include <algorithm>
#include <numeric>

namespace starling::sim {
namespace {

constexpr Duration slice = std::chrono::milliseconds{100};

std::uint64_t struck(const FaultCounts& faults) {
    return std::accumulate(faults.begun.begin(), faults.begun.end(), std::uint64_t{0});
}

// Of the mesh and of its agents.
std::string hash_of(const World& world, const AgentGround& ground) {
    TraceHash hash;
    hash.add_bytes(view_of(world.trace_hash()));
    hash.add_bytes(view_of(ground.hash.digest()));
    return hash.digest();
}

}  // namespace

Performance perform(const Stage& stage) {
    AgentGround ground(stage.plan.seed, stage.plan.nodes);
    ground.outsides = stage.outsides;
    Rules rules(stage.rules, stage.plan.healed_at);
    World* shown = nullptr;
    AgentLoad load(ground, stage.actors, rules, [&](std::uint32_t host) {
        const Host& machine = shown->host(host);
        return ProcessShown{machine.ready(), machine.counts().starts};
    });
    World world(stage.plan);
    shown = &world;
    for (const Identity& identity : world.identities().nodes) load.add_host(identity.key.id());
    world.engage(load);

    const bool whole = stage.length == Length::whole;
    for (Duration until{}; until < stage.plan.duration && (whole || rules.breaches().empty());) {
        until = std::min(until + slice, stage.plan.duration);
        world.run_until(until);
    }
    if (whole || rules.breaches().empty()) load.conclude(world.now());
    return {rules.breaches(),       hash_of(world, ground), ground.counts,
            struck(world.faults()), rules.looks(),          ground.witness.notes()};
}

}  // namespace starling::sim
