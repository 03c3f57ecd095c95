// The option --mutant of simulator commands, in builds that have planted mistakes.
//
// In every other build there is no such option.  Thread safe before the first core is made.
#pragma once

#include "node/cli/command.hpp"
#include <starling/error.hpp>

namespace starling::cli {

void add_mutant_option(Command& command);

// Chooses the mutant for all that this process simulates, its children included.
[[nodiscard]] Result<void> take_mutant(const Invocation& call);

}  // namespace starling::cli
