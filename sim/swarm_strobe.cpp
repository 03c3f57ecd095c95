#include "sim/swarm_strobe.hpp"

#include "sim/swarm_author.hpp"

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t flashes_max = 20;

}  // namespace

void strobe_a_clock(Plan& plan, Rng rng) {
    const Duration apart = scaled(rng, 20ms, 1s);
    const Duration ahead = scaled(rng, 10ms, 24h);
    Fault step;
    step.kind = FaultKind::step_clock;
    step.host = static_cast<std::uint32_t>(rng.below(plan.nodes));
    step.at = rng.between(swarm_settle, plan.healed_at / 2);
    for (std::uint64_t left = rng.between(2, flashes_max); left > 0; --left) {
        if (step.at + apart >= plan.healed_at) return;
        step.amount = ahead.count();
        plan.faults.push_back(step);
        step.at += apart;
        step.amount = -ahead.count();
        plan.faults.push_back(step);
        step.at += apart;
    }
}

}  // namespace starling::sim
