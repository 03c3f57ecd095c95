#include "sim/swarm_put_back.hpp"

#include "base/limits.hpp"
#include "sim/swarm_author.hpp"

#include <algorithm>
#include <array>

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration back_min = 2 * limits::mark_period;
constexpr Duration calm_before = 2s;
constexpr Duration calm_after = limits::recalled_within + 2s;

// Whether peers hear and tell all the same.
bool is_mild(FaultKind kind) {
    constexpr std::array kinds = {FaultKind::step_clock, FaultKind::drift, FaultKind::low_disk,
                                  FaultKind::forge,      FaultKind::swamp, FaultKind::outsider};
    return std::ranges::find(kinds, kind) != kinds.end();
}

}  // namespace

void put_a_disk_back(Plan& plan, Rng rng) {
    const auto forgotten = [](const Fault& fault) { return forgets(fault.kind); };
    if (plan.nodes < lost_disk_nodes_min || std::ranges::any_of(plan.faults, forgotten)) return;
    Fault back;
    back.kind = FaultKind::restore_disk;
    back.host = static_cast<std::uint32_t>(rng.below(plan.nodes));
    const Duration most = std::max<Duration>(back_min, plan.healed_at / 4);
    const Duration by = scaled(rng, back_min, most);
    const Duration first = kept_disk_min + calm_before + by;
    if (first + 1s >= plan.healed_at) return;
    back.amount = by.count();
    back.at = rng.between(first, plan.healed_at - 1s);
    back.lasts = std::min(scaled(rng, 20ms, plan.healed_at / 8 + 40ms), plan.healed_at - back.at);
    std::erase_if(plan.faults, [&](const Fault& fault) {
        const bool over = fault.at + fault.lasts < kept_at(back) - calm_before;
        const bool later = fault.at > back.at + back.lasts + calm_after;
        return !over && !later && !is_mild(fault.kind);
    });
    plan.faults.push_back(back);
}

}  // namespace starling::sim
