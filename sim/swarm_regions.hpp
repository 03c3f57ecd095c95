// Where in the world the hosts of a swarm's plan are.  Pure function, thread safe.
#pragma once

#include "base/rng.hpp"
#include "sim/network.hpp"

namespace starling::sim {

// One seed in four is spread over the world, over all of wan10 or a few of its regions.
void place_in_regions(NetworkModel& network, Rng rng);

}  // namespace starling::sim
