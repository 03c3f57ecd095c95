// The command table: what `starling` can do.  Help, parsing and a test of every command are made
// from it.
//
//   argv ──parse──> Invocation ──Command::run──> Outcome ──> stdout (results), stderr (the rest),
//   exit code
//
// Thread safe: constants and values.
#pragma once

#include "node/cli/catalogue.hpp"
#include <starling/error.hpp>
#include <starling/value.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace starling::cli {

struct Option {
    std::string_view name;   // without dashes
    std::string_view value;  // what stands for its value in help; empty: a switch
    std::string_view help;
    std::string_view fallback{};  // used when it is not given; empty: nothing
    char letter = 0;              // short form; 0: none
    bool repeats = false;
};

enum class Format : std::uint8_t { text, json, jsonl, name };

struct Invocation;
class Terminal;

struct Command {
    std::string_view name;   // one or two words
    std::string_view group;  // its section in help
    std::string_view summary;
    std::string_view usage;  // the words behind the name: "TOKEN ADDRESS..."
    std::size_t words_min = 0;
    std::size_t words_max = 0;
    std::vector<Option> options{};
    std::vector<std::string_view> examples{};  // whole lines
    std::string_view notes{};
    Result<Exit> (*run)(const Invocation& call, Terminal& terminal) = nullptr;
};

// A command line that was understood.
struct Invocation {
    const Command* command = nullptr;
    std::vector<std::string> words;
    std::map<std::string, std::vector<std::string>, std::less<>> options;
    bool help = false;
    Format format = Format::text;
    bool quiet = false;
    bool verbose = false;
    std::chrono::milliseconds timeout{5000};

    [[nodiscard]] bool has(std::string_view option) const;
    [[nodiscard]] std::string text(std::string_view option) const;  // empty when not given
    [[nodiscard]] std::vector<std::string> texts(std::string_view option) const;

    // bad_option unless the value is a whole number from min to max.
    [[nodiscard]] Result<std::uint64_t> number(std::string_view option, std::uint64_t min,
                                               std::uint64_t max) const;
};

// Every command, in the order of help.
[[nodiscard]] std::span<const Command> commands();

// The options that every command takes.
[[nodiscard]] std::span<const Option> common_options();

// The command these first words name; null when there is none.  `used` tells how many words it
// took.
[[nodiscard]] const Command* find_command(std::span<const std::string> words, std::size_t& used);

// The commands of two words that begin with this one: of "mesh" among others "mesh init".
[[nodiscard]] std::vector<const Command*> commands_of(std::string_view word);

}  // namespace starling::cli
