// Partitions of a swarm: who does not reach whom, and for how long.
//
// Not thread safe.
#pragma once

#include "base/rng.hpp"
#include "sim/fault.hpp"
#include "sim/swarm_author.hpp"

namespace starling::sim::partitions {

// Any two sides that are all these hosts together.
[[nodiscard]] Fault sides_of(Rng& rng, const Hosts& hosts);

// Of all shapes, each for a while.
void any(Author& author);

// For so long that each side buries the other, and has to find it again.
void split(Author& author);

// The same two sides, over and over.
void flapping(Author& author);

// Hosts that are clogged one after another and go on in another order: FoundationDB's favourite.
void swizzle(Author& author);

}  // namespace starling::sim::partitions
