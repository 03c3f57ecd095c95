#include "node/cli/sim_mutant.hpp"

#include "base/mutant.hpp"
#include "sim/mutants.hpp"

namespace starling::cli {

#ifdef STARLING_MUTANTS

void add_mutant_option(Command& command) {
    command.options.push_back({"mutant", "N", "the planted mistake of this number", "0"});
}

Result<void> take_mutant(const Invocation& call) {
    const auto number = call.number("mutant", 0, sim::mutants.back().number);
    if (!number) return tl::unexpected<Error>(number.error());
    choose_mutant(static_cast<std::uint32_t>(*number));
    return {};
}

#else

void add_mutant_option(Command&) {}

Result<void> take_mutant(const Invocation&) {
    return {};
}

#endif

}  // namespace starling::cli
