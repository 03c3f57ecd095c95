#include "node/cli/arguments.hpp"

#include "node/cli/commands.hpp"
#include "node/cli/words.hpp"
#include "tests/cli/test_place.hpp"
#include <starling/text_file.hpp>

#include <catch2/catch.hpp>

#include <set>

namespace starling::cli::arguments_test {
namespace {

using namespace std::chrono_literals;

std::optional<std::string> empty_environment(const std::string&) {
    return std::nullopt;
}

// Words as a shell splits them, single quotes included.
std::vector<std::string> shell_words(const std::string& line) {
    std::vector<std::string> words(1);
    bool quoted = false;
    for (const char letter : line) {
        if (letter == '\'')
            quoted = !quoted;
        else if (letter != ' ' || quoted)
            words.back() += letter;
        else if (!words.back().empty())
            words.emplace_back();
    }
    if (words.back().empty()) words.pop_back();
    return words;
}

Result<Invocation> parsed(const std::string& line,
                          const Environment& environment = empty_environment) {
    const auto words = shell_words(line);
    return parse(words, environment);
}

std::string message_of(const Result<Invocation>& call) {
    return call ? "it was understood" : call.error().message;
}

TEST_CASE("a command of two words is found before one of one", "[cli][arguments]") {
    CHECK(parsed("mesh init --members a")->command->name == "mesh init");
    CHECK(parsed("dev")->command->name == "dev");
    CHECK(parsed("dev nodes")->command->name == "dev nodes");
}

TEST_CASE("options that every command takes may come before it", "[cli][arguments]") {
    const auto call = parsed("--json --timeout 2s members");
    REQUIRE(call);
    CHECK(call->command->name == "members");
    CHECK(call->format == Format::json);
    CHECK(call->timeout == 2s);
}

TEST_CASE("the value of an option is no part of the command's name", "[cli][arguments]") {
    const auto call = parsed("dev --dir nodes");
    REQUIRE(call);
    CHECK(call->command->name == "dev");
    CHECK(call->text("dir") == "nodes");
}

TEST_CASE("nothing at all asks for help", "[cli][arguments]") {
    CHECK(parsed("")->command->name == "help");
}

TEST_CASE("a misspelt command is answered with the nearest one", "[cli][arguments]") {
    const auto call = parsed("membres");
    REQUIRE_FALSE(call);
    CHECK(call.error().name == "unknown_command");
    CHECK(call.error().message == "unknown command \"membres\"; did you mean \"members\"?");
}

TEST_CASE("a command whose second word is misspelt is answered with the nearest one",
          "[cli][arguments]") {
    CHECK(message_of(parsed("mesh int")) ==
          "unknown command \"mesh int\"; did you mean \"mesh init\"?");
    const auto call = parsed("mesh frobnicate");
    CHECK(message_of(call) == "unknown command \"mesh frobnicate\"");
    CHECK(call.error().hint == "starling help mesh");
}

TEST_CASE("half a command of two words asks for help with those that it begins",
          "[cli][arguments]") {
    for (const char* words : {"mesh", "mesh --help", "help mesh"}) {
        const auto call = parsed(words);
        REQUIRE(call);
        CHECK(call->command->name == "help");
        CHECK(call->words == std::vector<std::string>{"mesh"});
        CHECK_FALSE(call->help);
    }
}

TEST_CASE("a shortened option is not guessed", "[cli][arguments]") {
    const auto call = parsed("members --time 5s");
    REQUIRE_FALSE(call);
    CHECK(call.error().name == "unknown_option");
}

TEST_CASE("a misspelt option is answered with the nearest one", "[cli][arguments]") {
    CHECK(message_of(parsed("members --timout 5s")) ==
          "starling members has no option --timout; did you mean --timeout?");
}

TEST_CASE("an option without its value is refused", "[cli][arguments]") {
    CHECK(parsed("members --timeout").error().name == "bad_option");
    CHECK(parsed("members --json=1").error().name == "bad_option");
}

TEST_CASE("an option given twice is refused unless it repeats", "[cli][arguments]") {
    CHECK(parsed("members --timeout 1s --timeout 2s").error().name == "bad_option");
    CHECK(parsed("mesh init --members a --members b")->texts("members").size() == 2);
}

TEST_CASE("a flag wins over the environment, the environment over the default",
          "[cli][arguments]") {
    const Environment environment = [](const std::string& name) -> std::optional<std::string> {
        if (name == "STARLING_TIMEOUT") return "7s";
        if (name == "STARLING_NODE") return "dev-2";
        return std::nullopt;
    };
    CHECK(parsed("members", environment)->timeout == 7s);
    CHECK(parsed("members", environment)->text("node") == "dev-2");
    CHECK(parsed("members --timeout 1s", environment)->timeout == 1s);
    CHECK(parsed("members")->timeout == 5s);
}

TEST_CASE("too few and too many words are refused with the usage", "[cli][arguments]") {
    CHECK(parsed("mesh admit").error().name == "missing_argument");
    CHECK(parsed("members all").error().name == "too_many_arguments");
}

TEST_CASE("help wins over missing words", "[cli][arguments]") {
    CHECK(parsed("mesh admit --help")->help);
}

TEST_CASE("words behind -- are never options", "[cli][arguments]") {
    CHECK(parsed("explain -- --json").value().words == std::vector<std::string>{"--json"});
}

TEST_CASE("the output form is one of four", "[cli][arguments]") {
    CHECK(parsed("members -o name")->format == Format::name);
    CHECK(parsed("members -o yaml").error().name == "bad_option");
}

TEST_CASE("numbers outside their range are refused", "[cli][arguments]") {
    const auto call = parsed("dev -n 0");
    REQUIRE(call);
    CHECK(call->number("nodes", 1, 64).error().message ==
          "--nodes: must be a whole number from 1 to 64");
}

TEST_CASE("every command has a summary, a group and examples that parse", "[cli][table]") {
    for (const Command& command : commands()) {
        INFO(command.name);
        CHECK_FALSE(command.summary.empty());
        CHECK_FALSE(command.group.empty());
        CHECK(command.run != nullptr);
        REQUIRE_FALSE(command.examples.empty());
        for (const std::string_view example : command.examples) {
            INFO(example);
            std::string line(example.substr(0, example.find_first_of("|<>")));
            REQUIRE(line.starts_with("starling "));
            const auto call = parsed(line.substr(9));
            INFO(message_of(call));
            REQUIRE(call);
            CHECK(call->command->name == command.name);
        }
    }
}

TEST_CASE("no option of a command hides another", "[cli][table]") {
    for (const Command& command : commands()) {
        INFO(command.name);
        std::set<std::string_view> names;
        std::set<char> letters;
        for (const Option& option : common_options()) names.insert(option.name);
        for (const Option& option : common_options()) letters.insert(option.letter);
        for (const Option& option : command.options) {
            INFO(option.name);
            CHECK(names.insert(option.name).second);
            CHECK((option.letter == 0 || letters.insert(option.letter).second));
        }
    }
}

TEST_CASE("a mutated command line is a usage error or understood, never worse",
          "[cli][arguments]") {
    const std::string whole =
        "mesh init --members a@h:1,b --name shop --root-key f --timeout 5s -o json";
    std::size_t tried = 0;
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (const char letter : {'-', '=', ' ', 'x', '\x01'}) {
            std::string mutated = whole;
            mutated[at] = letter;
            const auto call = parsed(mutated);
            if (!call) CHECK(entry_of(call.error()).exit == Exit::usage);
            ++tried;
        }
    }
    CHECK(tried >= 200);
}

// `starling node` with a configuration file of this text.
Result<Invocation> configured(const std::string& text, const std::string& flags = {},
                              const Environment& environment = empty_environment) {
    const TestPlace place;
    REQUIRE(write_text_file(place / "node.conf", text));
    return parsed("node --config " + (place / "node.conf") + " " + flags, environment);
}

TEST_CASE("a configuration file stands for flags, and flags and the environment win over it",
          "[cli][config]") {
    const std::string text =
        "# a node\n\nname = picker-1\nlog=debug   # loud\nbind = 127.0.0.1:7\n"
        "join = a:1\njoin = b:2,c:3\n";
    const auto environment = [](const std::string& name) -> std::optional<std::string> {
        if (name == "STARLING_BIND") return "127.0.0.1:8";
        return std::nullopt;
    };
    const auto call = configured(text, "--log warn", environment);
    REQUIRE(call);
    CHECK(call->text("name") == "picker-1");
    CHECK(call->text("log") == "warn");
    CHECK(call->text("bind") == "127.0.0.1:8");
    CHECK(call->texts("join") == std::vector<std::string>{"a:1", "b:2,c:3"});
}

TEST_CASE("a line of a configuration file that means nothing is named", "[cli][config]") {
    const auto complaint = [](const std::string& text) {
        const auto call = configured(text);
        REQUIRE_FALSE(call);
        CHECK(call.error().name == "config_malformed");
        const std::string& message = call.error().message;
        return message.substr(message.find("node.conf"));
    };
    CHECK(complaint("name = a\nbnid = b\n") ==
          "node.conf:2: starling node has no key bnid; did you mean bind?");
    CHECK(complaint("config = other\n").starts_with("node.conf:1: starling node has no key"));
    CHECK(complaint("timeout = 2s\n").starts_with("node.conf:1: starling node has no key"));
    CHECK(complaint("name\n") == "node.conf:1: expected KEY = VALUE");
    CHECK(complaint("[net]\nbind = b\n") ==
          "node.conf:1: there are no sections: every key stands alone");
    CHECK(complaint("name = a\nname = b\n") == "node.conf:2: name again");
}

TEST_CASE("a configuration file that is not there is an error by name", "[cli][config]") {
    const auto call = parsed("node --config /nowhere/node.conf");
    REQUIRE_FALSE(call);
    CHECK(call.error().name == "file_missing");
}

}  // namespace
}  // namespace starling::cli::arguments_test
