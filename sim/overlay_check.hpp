// The shape of the links between running nodes, looked at when nothing happened for a while.
//
// Invariants:
//   overlay_is_connected  every running node is reachable from every other over open connections
//   links_are_bounded     nobody dials more peers than rings, voters and the socket limit allow
//
// Pure function.
#pragma once

#include "sim/check.hpp"

#include <cstdint>
#include <span>
#include <utility>

namespace starling::sim {

// (dialler, acceptor) of every open connection; `running` by host.
void check_overlay(std::span<const std::pair<std::uint32_t, std::uint32_t>> links,
                   const std::vector<bool>& running, Duration now, Findings& findings);

}  // namespace starling::sim
