#include "sim/swarm_regions.hpp"

#include <numeric>
#include <span>
#include <vector>

namespace starling::sim {

using namespace std::chrono_literals;

void place_in_regions(NetworkModel& network, Rng rng) {
    if (!rng.chance(1, 4)) return;
    network.latency_min = NetworkModel{}.latency_min;
    network.latency_spread = rng.between(Duration{1us}, Duration{2ms});
    network.jitter_mean = rng.between(Duration{1us}, Duration{10ms});
    network.regions.source = wan10_name;
    network.regions.matrix = wan10();
    if (rng.chance(1, 2)) return;
    std::vector<std::uint32_t> rows(wan10()->rows());
    std::iota(rows.begin(), rows.end(), 0U);
    rng.shuffle(std::span(rows));
    rows.resize(static_cast<std::size_t>(rng.between(2, 4)));
    network.regions.rows = rows;
}

}  // namespace starling::sim
