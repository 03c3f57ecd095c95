#include "sim/swarm_moves.hpp"

namespace starling::sim {

void move_hosts(Plan& plan, Rng rng) {
    const auto stays = static_cast<std::uint32_t>(rng.below(plan.nodes));
    for (Fault& fault : plan.faults) {
        if (fault.kind != FaultKind::crash || fault.host == stays) continue;
        if (rng.chance(1, 2)) fault.kind = FaultKind::move;
    }
}

}  // namespace starling::sim
