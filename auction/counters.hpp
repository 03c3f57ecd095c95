// What a node's auctions did since its start.  The sum over the nodes is the mesh's.
//
// Values: thread safe to read.
#pragma once

#include <cstdint>

namespace starling::auction {

struct Counters {
    std::uint64_t offered = 0;    // acknowledged here
    std::uint64_t completed = 0;  // results accepted by this runner
    std::uint64_t dead_lettered = 0;
    std::uint64_t cancelled = 0;
    std::uint64_t awarded = 0;          // accept_proposals, repetitions aside
    std::uint64_t reassigned = 0;       // a winner died, left or lost its lease
    std::uint64_t retried = 0;          // a winner failed
    std::uint64_t refused_stale = 0;    // own results refused for good, one each
    std::uint64_t adopted = 0;          // tasks taken over from a runner that is gone
    std::uint64_t superseded = 0;       // tasks lost to another runner
    std::uint64_t rehomed = 0;          // tasks moved to other custodians
    std::uint64_t completed_twice = 0;  // second acceptances found, after a move
    std::uint64_t executed = 0;         // tasks handed to a local worker
    std::uint64_t messages = 0;         // sent to other nodes
    std::uint64_t malformed = 0;        // refused because they make no sense
};

}  // namespace starling::auction
