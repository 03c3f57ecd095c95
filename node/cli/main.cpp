#include "node/cli/arguments.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/places.hpp"
#include "node/cli/terminal.hpp"

#include <algorithm>
#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

namespace starling::cli {
namespace {

// Errors before a format is known still come as JSON to who asked for it.
Format format_asked(const std::vector<std::string>& arguments) {
    return std::ranges::find(arguments, "--json") == arguments.end() ? Format::text : Format::json;
}

int failed(const Error& error, Terminal& terminal) {
    terminal.error(error);
    return static_cast<int>(entry_of(error).exit);
}

int run(const std::vector<std::string>& arguments) {
    Terminal terminal(std::cout, std::cerr);
    terminal.set_format(format_asked(arguments), false);
    const auto call = parse(arguments, environment_value);
    if (!call) return failed(call.error(), terminal);
    terminal.set_format(call->format, call->quiet);
    if (call->help) {
        std::cout << help_text(*call->command);
        return 0;
    }
    const auto exit = call->command->run(*call, terminal);
    if (!exit) return failed(exit.error(), terminal);
    if (std::cout.good()) return static_cast<int>(*exit);
    return failed({ErrorCode::failed, "file_unwritable", "standard output cannot be written", "",
                   Changed::no},
                  terminal);
}

}  // namespace
}  // namespace starling::cli

int main(int count, char** words) {
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return starling::cli::run({words + 1, words + count});
    } catch (const std::exception& error) {  // memory ran out, most likely
        std::cerr << "error E703: " << error.what() << '\n';
        return static_cast<int>(starling::cli::Exit::failed);
    }
}
