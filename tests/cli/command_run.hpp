// A command line carried out inside a test, in a world without any node.
//
// Not thread safe.
#pragma once

#include "node/cli/arguments.hpp"
#include "node/cli/catalogue.hpp"
#include "node/cli/terminal.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace starling::cli {

// What it prints.
struct Run {
    Exit exit{};
    std::string out{};
    std::string err{};
};

inline Run run(const std::vector<std::string>& words) {
    std::ostringstream out;
    std::ostringstream err;
    Terminal terminal(out, err);
    const auto call = parse(words, [](const std::string&) { return std::nullopt; });
    REQUIRE(call);
    terminal.set_format(call->format, call->quiet);
    const auto exit = call->command->run(*call, terminal);
    if (!exit) terminal.error(exit.error());
    return {exit ? *exit : entry_of(exit.error()).exit, out.str(), err.str()};
}

}  // namespace starling::cli
