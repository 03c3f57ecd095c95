// What goes wrong with the programs that do tasks, until the mesh heals.
//
//      assignment ──> honest | fails | silent | late | twice | (poison task) its node dies
//
// Values: thread safe to read.
#pragma once

#include <cstdint>

namespace starling::sim {

// Of a million executions; poison: of a million tasks.
struct Workers {
    std::uint32_t fail = 0;    // says that it failed
    std::uint32_t silent = 0;  // says nothing until it was stopped at the run limit, then gives up
    std::uint32_t late = 0;    // answers after the run limit, when others have the task
    std::uint32_t twice = 0;   // answers once more, with another result
    std::uint32_t poison = 0;  // whoever runs it dies

    [[nodiscard]] bool any() const { return (fail | silent | late | twice | poison) != 0; }
};

}  // namespace starling::sim
