#include "node/cli/arguments.hpp"

#include "node/cli/config_file.hpp"
#include "node/cli/words.hpp"

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace starling::cli {
namespace {

namespace po = boost::program_options;

std::vector<Option> options_of(const Command& command) {
    std::vector<Option> all(command.options.begin(), command.options.end());
    all.insert(all.end(), common_options().begin(), common_options().end());
    return all;
}

const Option* option_named(std::span<const Option> options, std::string_view name) {
    const auto found = std::ranges::find(options, name, &Option::name);
    return found == options.end() ? nullptr : &*found;
}

const Option* option_lettered(std::span<const Option> options, char letter) {
    const auto found = std::ranges::find_if(
        options, [&](const Option& each) { return each.letter != 0 && each.letter == letter; });
    return found == options.end() ? nullptr : &*found;
}

// The option that this argument writes; null when it is none of them.
const Option* option_written(std::span<const Option> options, std::string_view argument) {
    if (argument.starts_with("--")) {
        return option_named(options, argument.substr(2, argument.find('=') - 2));
    }
    return argument.size() < 2 ? nullptr : option_lettered(options, argument[1]);
}

bool is_one_of(std::span<const Option> options, std::string_view argument) {
    return option_written(options, argument) != nullptr;
}

// Whether the value of the option in this argument is the next argument.
bool takes_next(std::span<const Option> options, std::string_view argument) {
    const Option* option = option_written(options, argument);
    if (option == nullptr || option->value.empty()) return false;
    const bool attached = argument.starts_with("--") ? argument.find('=') != std::string_view::npos
                                                     : argument.size() > 2;
    return !attached;
}

// Where the words of a command may stand: before the first option that is not common to all
// commands.
std::vector<std::size_t> word_places(std::span<const std::string> arguments) {
    const auto common = common_options();
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
        const std::string& argument = arguments[i];
        const bool option = argument.size() > 1 && argument[0] == '-';
        if (option && !is_one_of(common, argument)) break;
        if (!option)
            places.push_back(i);
        else if (takes_next(common, argument))
            ++i;
    }
    return places;
}

po::options_description described(std::span<const Option> options) {
    po::options_description description;
    for (const Option& option : options) {
        const std::string letter = option.letter == 0 ? "" : fmt::format(",{}", option.letter);
        const std::string name = std::string(option.name) + letter;
        if (option.value.empty()) {
            description.add_options()(name.c_str(), po::bool_switch());
        } else {
            description.add_options()(name.c_str(), po::value<std::vector<std::string>>());
        }
    }
    return description;
}

std::string variable_of(std::string_view option) {
    std::string name = "STARLING_";
    for (const char letter : option) {
        name += letter == '-' ? '_'
                              : static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    }
    return name;
}

std::string help_hint(const Command& command) {
    return fmt::format("starling help {}", command.name);
}

Error unknown_option(const Command& command, std::span<const Option> options,
                     const std::string& written) {
    std::vector<std::string> names;
    for (const Option& option : options) names.push_back("--" + std::string(option.name));
    const std::string word = written.substr(0, written.find('='));
    const auto near = nearest(word, names);
    return Error{ErrorCode::invalid, "unknown_option",
                 fmt::format("starling {} has no option {}{}", command.name, printable(word),
                             near ? fmt::format("; did you mean {}?", *near) : ""),
                 help_hint(command), Changed::no};
}

Error bad_option(const Command& command, std::string_view option, std::string_view why) {
    return Error{ErrorCode::invalid, "bad_option", fmt::format("--{}: {}", option, why),
                 help_hint(command), Changed::no};
}

// What program_options throws, in our words.
Error refused(const Command& command, std::span<const Option> options, const po::error& error) {
    if (const auto* unknown = dynamic_cast<const po::unknown_option*>(&error)) {
        return unknown_option(command, options, unknown->get_option_name());
    }
    if (const auto* syntax = dynamic_cast<const po::error_with_option_name*>(&error)) {
        std::string name = syntax->get_option_name();
        name.erase(0, name.find_first_not_of('-'));
        return bad_option(command, name, "a value is missing or not allowed here");
    }
    return Error{ErrorCode::invalid, "bad_option", error.what(), help_hint(command), Changed::no};
}

struct Parsed {
    po::variables_map flags;
    std::vector<std::string> words;
};

Result<Parsed> parse_options(const Command& command, std::span<const Option> options,
                             const std::vector<std::string>& arguments) {
    const po::options_description description = described(options);
    const int style = po::command_line_style::unix_style &
                      ~static_cast<int>(po::command_line_style::allow_guessing);
    try {
        const auto parsed = po::command_line_parser(arguments)
                                .options(description)
                                .style(style)
                                .allow_unregistered()
                                .run();
        Parsed result;
        for (const auto& each : parsed.options) {
            if (each.unregistered) {
                return tl::unexpected(unknown_option(command, options, each.original_tokens.at(0)));
            }
            if (each.position_key >= 0) result.words.push_back(each.value.at(0));
        }
        po::parsed_options known(&description);
        std::ranges::copy_if(parsed.options, std::back_inserter(known.options),
                             [](const auto& each) { return each.position_key < 0; });
        po::store(known, result.flags);
        return result;
    } catch (const po::error& error) {
        return tl::unexpected(refused(command, options, error));
    }
}

// What was given to an option, before its default: a flag, else the environment.
std::vector<std::string> given_to(const Option& option, const po::variables_map& flags,
                                  const Environment& environment) {
    const std::string name(option.name);
    const auto given = flags.find(name);
    if (given != flags.end() && !given->second.defaulted()) {
        if (option.value.empty()) return {"1"};
        return given->second.as<std::vector<std::string>>();
    }
    if (const auto variable = environment(variable_of(option.name));
        variable && !variable->empty()) {
        return {*variable};
    }
    return {};
}

// What the file says that the options name; nothing when they name none.
Result<ConfigValues> config_of(const Command& command, const po::variables_map& flags,
                               const Environment& environment) {
    const Option* option = option_named(command.options, config_option);
    if (option == nullptr) return ConfigValues{};
    const auto named = given_to(*option, flags, environment);
    if (named.empty()) return ConfigValues{};
    return read_config(command, named.back());
}

// I2.
std::vector<std::string> values_of(const Option& option, const po::variables_map& flags,
                                   const Environment& environment, const ConfigValues& config) {
    auto given = given_to(option, flags, environment);
    if (!given.empty()) return given;
    const auto filed = config.find(option.name);
    if (filed != config.end()) return filed->second;
    if (option.fallback.empty()) return {};
    return {std::string(option.fallback)};
}

Result<Format> format_of(const Invocation& call) {
    constexpr std::array<std::pair<std::string_view, Format>, 4> formats{{{"text", Format::text},
                                                                          {"json", Format::json},
                                                                          {"jsonl", Format::jsonl},
                                                                          {"name", Format::name}}};
    if (call.has("json")) return Format::json;
    const std::string written = call.text("output");
    for (const auto& [name, format] : formats) {
        if (name == written) return format;
    }
    return tl::unexpected(bad_option(*call.command, "output", "must be text, json, jsonl or name"));
}

std::optional<Error> read_common(Invocation& call) {
    const auto format = format_of(call);
    if (!format) return format.error();
    call.format = *format;
    call.help = call.has("help");
    call.quiet = call.has("quiet");
    call.verbose = call.has("verbose");
    const auto timeout = parse_duration(call.text("timeout"));
    if (!timeout || timeout->count() == 0) {
        return bad_option(*call.command, "timeout", "must be a duration such as 150ms, 5s or 2m");
    }
    call.timeout = *timeout;
    return std::nullopt;
}

std::optional<Error> wrong_count(const Invocation& call) {
    const Command& command = *call.command;
    if (call.help) return std::nullopt;
    const std::string usage = fmt::format("starling {} {}", command.name, command.usage);
    if (call.words.size() < command.words_min) {
        return Error{ErrorCode::invalid, "missing_argument", "a word is missing: " + usage,
                     help_hint(command), Changed::no};
    }
    if (call.words.size() <= command.words_max) return std::nullopt;
    return Error{
        ErrorCode::invalid, "too_many_arguments",
        fmt::format("{} is one word too many: {}", printable(call.words[command.words_max]), usage),
        help_hint(command), Changed::no};
}

Result<Invocation> parse_for(const Command& command, const std::vector<std::string>& arguments,
                             const Environment& environment) {
    const std::vector<Option> options = options_of(command);
    auto parsed = parse_options(command, options, arguments);
    if (!parsed) return tl::unexpected(parsed.error());
    Invocation call;
    call.command = &command;
    call.words = std::move(parsed->words);
    const auto config = config_of(command, parsed->flags, environment);
    if (!config) return tl::unexpected(config.error());
    for (const Option& option : options) {
        auto values = values_of(option, parsed->flags, environment, *config);
        if (values.size() > 1 && !option.repeats) {
            return tl::unexpected(bad_option(command, option.name, "is given more than once"));
        }
        if (!values.empty()) call.options.emplace(option.name, std::move(values));
    }
    if (auto error = read_common(call)) return tl::unexpected(*error);
    if (auto error = wrong_count(call)) return tl::unexpected(*error);
    return call;
}

}  // namespace

bool Invocation::has(std::string_view option) const {
    return options.contains(option);
}

std::string Invocation::text(std::string_view option) const {
    const auto found = options.find(option);
    return found == options.end() ? std::string{} : found->second.back();
}

std::vector<std::string> Invocation::texts(std::string_view option) const {
    const auto found = options.find(option);
    return found == options.end() ? std::vector<std::string>{} : found->second;
}

Result<std::uint64_t> Invocation::number(std::string_view option, std::uint64_t min,
                                         std::uint64_t max) const {
    const auto value = parse_number(text(option));
    if (value && *value >= min && *value <= max) return *value;
    return tl::unexpected(bad_option(
        *command, option, fmt::format("must be a whole number from {} to {}", min, max)));
}

Error unknown_command(std::span<const std::string> words) {
    std::vector<std::string> names;
    for (const Command& command : commands()) names.emplace_back(command.name);
    const std::string both = words.size() > 1 ? words[0] + " " + words[1] : words[0];
    auto near = nearest(both, names);
    std::string shown = near ? both : words[0];
    if (!near) near = nearest(words[0], names);
    const bool is_half_known = !commands_of(words[0]).empty();
    if (!near && is_half_known) shown = both;
    return Error{ErrorCode::invalid, "unknown_command",
                 fmt::format("unknown command \"{}\"{}", printable(shown),
                             near ? fmt::format("; did you mean \"{}\"?", *near) : ""),
                 is_half_known ? "starling help " + words[0] : "starling help", Changed::no};
}

// What "starling mesh" means, with --help or without.
Result<Invocation> parse_half(const std::vector<std::string>& arguments,
                              const Environment& environment) {
    std::size_t used = 0;
    const std::vector<std::string> name{"help"};
    auto call = parse_for(*find_command(name, used), arguments, environment);
    if (call) call->help = false;
    return call;
}

Result<Invocation> parse(std::span<const std::string> arguments, const Environment& environment) {
    const auto places = word_places(arguments);
    std::vector<std::string> words;
    for (const std::size_t place : places) words.push_back(arguments[place]);
    std::size_t used = 0;
    const std::vector<std::string> fallback{"help"};
    const bool none = words.empty();
    const Command* command = find_command(none ? fallback : words, used);
    std::vector<std::string> rest(arguments.begin(), arguments.end());
    if (command == nullptr) {
        const bool is_half = words.size() == 1 && !commands_of(words[0]).empty();
        if (is_half) return parse_half(rest, environment);
        return tl::unexpected(unknown_command(words));
    }
    for (std::size_t i = none ? 0 : used; i > 0; --i) {
        rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(places[i - 1]));
    }
    return parse_for(*command, rest, environment);
}

}  // namespace starling::cli
