// Command lines understood: words and options of the command table, environment included.
//
//   STARLING_TIMEOUT=2s starling members --json     every option NAME may come from STARLING_NAME
//
// Invariants:
//   I1  Nothing is guessed: a shortened or misspelt word is an error that suggests the nearest one.
//   I2  A flag wins over the environment, the environment over the configuration file (of commands
//       that take one: config_file.hpp), that over the default.
//
// Thread safe; pure but for that file.
#pragma once

#include "node/cli/command.hpp"
#include <starling/error.hpp>

#include <functional>
#include <optional>
#include <span>
#include <string>

namespace starling::cli {

// Looks a variable up in the environment.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// Everything behind the program's name.  No words at all, "help" and "--help" give the help
// command.
[[nodiscard]] Result<Invocation> parse(std::span<const std::string> arguments,
                                       const Environment& environment);

// unknown_command, with the nearest one.
[[nodiscard]] Error unknown_command(std::span<const std::string> words);

}  // namespace starling::cli
