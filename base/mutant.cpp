#include "base/mutant.hpp"

#ifdef STARLING_MUTANTS

namespace starling {
namespace {

std::uint32_t chosen = 0;

}  // namespace

void choose_mutant(std::uint32_t number) {
    chosen = number;
}

bool is_mutant(std::uint32_t number) {
    return chosen == number;
}

}  // namespace starling

#endif
