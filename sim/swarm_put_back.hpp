// A disk that is put back to an earlier state, in some plans of a swarm.
//
// Around it, from before the copy is made until the node has asked its peers, nothing keeps peers
// from hearing and telling how far the disk was: what nobody present knows nobody can tell
// (docs/DECISIONS.md 66).
//
// Pure function, thread safe.
#pragma once

#include "base/rng.hpp"
#include "sim/plan.hpp"

namespace starling::sim {

// Leaves plans alone that lose a disk, have too few hosts, or no time for it.
void put_a_disk_back(Plan& plan, Rng rng);

}  // namespace starling::sim
