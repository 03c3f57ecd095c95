// The journal's tables: what a node keeps over a restart.  Keys order as bytes do.
#pragma once

#include <cstdint>

namespace starling {

enum class Table : std::uint8_t {
    meta = 1,       // name -> value: boot, journal id, promise ceiling, mesh
    members = 2,    // node id -> claim and state, dead ones too
    batches = 3,    // origin (node, boot), counter -> frame as received
    values = 4,     // key, dot -> live value
    heads = 5,      // origin -> counter, chain hash
    registers = 6,  // name -> acceptor record
    tasks = 7,      // task id -> custodian record
    results = 8,    // task id -> participant's copy of a result not yet accepted
    dead_letters = 9,
    fences = 10,  // decisions and leases held by this node
    forks = 20,   // origin, counter -> batch that contradicts the one in the log
};

}  // namespace starling
