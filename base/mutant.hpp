// Planted mistakes: how a simulator shows that it finds what it is there to find.
//
//      STARLING_MUTANT(7, right, wrong)      as usual:                  right
//                                            STARLING_MUTANTS=ON:       wrong, once 7 is chosen
//
// Invariants:
//   I1  Without STARLING_MUTANTS the macro is its second argument and nothing else.
//   I2  Each number stands in one place of the sources; sim/mutants.hpp says what is wrong there.
//
// A mutant is chosen before the first core is made and stays: thread safe to read from then on.
#pragma once

#ifdef STARLING_MUTANTS

#include <cstdint>

namespace starling {

// None is 0.
void choose_mutant(std::uint32_t number);
[[nodiscard]] bool is_mutant(std::uint32_t number);

}  // namespace starling

#define STARLING_MUTANT(number, right, wrong) (::starling::is_mutant(number) ? (wrong) : (right))

#else

#define STARLING_MUTANT(number, right, wrong) (right)

#endif
