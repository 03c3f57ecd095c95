#include "node/cli/config_file.hpp"

#include "node/cli/words.hpp"
#include <starling/text_file.hpp>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace starling::cli {
namespace {

namespace po = boost::program_options;

// What may stand in the file: the command's own options, without the one that names the file.
po::options_description described(const Command& command) {
    po::options_description description;
    for (const Option& option : command.options) {
        if (option.name == config_option) continue;
        description.add_options()(std::string(option.name).c_str(), po::value<std::string>());
    }
    return description;
}

std::string unknown_key(const Command& command, const std::string& key) {
    std::vector<std::string> names;
    for (const Option& option : command.options) {
        if (option.name != config_option) names.emplace_back(option.name);
    }
    const auto near = nearest(key, names);
    return fmt::format("starling {} has no key {}{}", command.name, printable(key),
                       near ? fmt::format("; did you mean {}?", *near) : "");
}

// The values of one line, or why it is none.
Result<std::vector<po::option>> values_in(const Command& command,
                                          const po::options_description& description,
                                          const std::string& line) {
    const auto refused = [](const std::string& why) {
        return failure(ErrorCode::invalid, "config_malformed", why, "");
    };
    const auto first = line.find_first_not_of(" \t\r");
    if (first != std::string::npos && line[first] == '[') {
        return refused("there are no sections: every key stands alone");
    }
    std::istringstream text(line);
    try {
        return po::parse_config_file(text, description).options;
    } catch (const po::unknown_option& error) {
        return refused(unknown_key(command, error.get_option_name()));
    } catch (const po::error&) {
        return refused("expected KEY = VALUE");
    }
}

}  // namespace

Result<ConfigValues> read_config(const Command& command, const std::string& path) {
    auto text = read_text_file(path);
    if (!text) return tl::unexpected(text.error());
    const po::options_description description = described(command);
    ConfigValues values;
    std::istringstream lines(*text);
    std::string line;
    for (std::size_t number = 1; std::getline(lines, line); ++number) {
        const auto found = values_in(command, description, line);
        const auto refused = [&](const std::string& why) {
            return failure(ErrorCode::invalid, "config_malformed",
                           fmt::format("{}:{}: {}", printable(path), number, why),
                           fmt::format("starling help {}", command.name));
        };
        if (!found) return refused(found.error().message);
        for (const po::option& each : *found) {
            const auto option = std::ranges::find(command.options, each.string_key, &Option::name);
            auto& kept = values[each.string_key];
            if (!kept.empty() && !option->repeats) return refused(each.string_key + " again");
            kept.push_back(each.value.at(0));
        }
    }
    return values;
}

}  // namespace starling::cli
