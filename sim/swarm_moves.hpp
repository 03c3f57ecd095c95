// Hosts that come back at another address, in some plans of a swarm.
//
// Pure function, thread safe.
#pragma once

#include "base/rng.hpp"
#include "sim/plan.hpp"

namespace starling::sim {

// Half of the crashes become moves, but those of one host: a plan leaves one where it is.
void move_hosts(Plan& plan, Rng rng);

}  // namespace starling::sim
