// A wall clock that is set forth and back again and again, in some plans of a swarm: two services
// that set one clock, each by its own time.
//
// Pure function, thread safe.
#pragma once

#include "base/rng.hpp"
#include "sim/plan.hpp"

namespace starling::sim {

// One host's clock, which shows in the end what it would have shown.
void strobe_a_clock(Plan& plan, Rng rng);

}  // namespace starling::sim
