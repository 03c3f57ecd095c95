#include "node/cli/arguments.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/terminal.hpp"
#include "node/cli/words.hpp"
#include <starling/version.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace starling::cli {
namespace {

std::string text(std::string_view view) {
    return std::string(view);
}

std::string option_name(const Option& option) {
    std::string name = option.letter == 0 ? "    " : fmt::format("-{}, ", option.letter);
    name += "--" + text(option.name);
    if (!option.value.empty()) name += " " + text(option.value);
    return name;
}

std::string option_help(const Option& option) {
    std::string help = text(option.help);
    if (!option.fallback.empty()) help += fmt::format(" (default {})", option.fallback);
    if (option.repeats) help += "; may be given more than once";
    return help;
}

std::string options_text(std::span<const Option> options) {
    std::vector<std::vector<std::string>> rows;
    for (const Option& option : options)
        rows.push_back({"  " + option_name(option), option_help(option)});
    return table_text(rows);
}

Value options_document(std::span<const Option> options) {
    Value::List list;
    for (const Option& option : options) {
        list.emplace_back(Value::Map{{"name", text(option.name)},
                                     {"value", text(option.value)},
                                     {"help", text(option.help)},
                                     {"default", text(option.fallback)}});
    }
    return list;
}

Value::Map command_document(const Command& command) {
    Value::List examples;
    for (const std::string_view each : command.examples) examples.emplace_back(text(each));
    return {{"name", text(command.name)},
            {"group", text(command.group)},
            {"summary", text(command.summary)},
            {"usage", text(command.usage)},
            {"options", options_document(std::span(command.options))},
            {"examples", std::move(examples)}};
}

Value::Map entry_document(const CatalogueEntry& entry) {
    return {{"code", text(entry.code)},
            {"name", text(entry.name)},
            {"exit", std::int64_t{static_cast<int>(entry.exit)}},
            {"meaning", text(entry.meaning)},
            {"next", text(entry.next)}};
}

std::string explanation(const CatalogueEntry& entry) {
    return fmt::format("{} {}\n  {}\n  next: {}\n  exit code {}\n", entry.code, entry.name,
                       entry.meaning, entry.next, static_cast<int>(entry.exit));
}

Result<Exit> explain_all(Terminal& terminal) {
    Value::List items;
    std::vector<std::vector<std::string>> rows;
    for (const CatalogueEntry& entry : catalogue()) {
        items.emplace_back(entry_document(entry));
        rows.push_back({text(entry.code), text(entry.name), text(entry.meaning)});
    }
    terminal.result({{"items", std::move(items)}}, [&] { return table_text(rows); });
    return Exit::ok;
}

Result<Exit> explain(const Invocation& call, Terminal& terminal) {
    if (call.words.empty()) return explain_all(terminal);
    const CatalogueEntry* entry = entry_of(std::string_view(call.words.front()));
    if (entry != nullptr) {
        terminal.result(entry_document(*entry), [&] { return explanation(*entry); });
        return Exit::ok;
    }
    std::vector<std::string> names;
    for (const CatalogueEntry& each : catalogue()) names.push_back(text(each.name));
    const auto near = nearest(call.words.front(), names);
    return failure(ErrorCode::invalid, "unknown_code",
                   fmt::format("no error is called {}{}", printable(call.words.front()),
                               near ? "; did you mean " + *near + "?" : ""),
                   "starling explain");
}

std::string names_and_summaries(const std::vector<const Command*>& members) {
    std::vector<std::vector<std::string>> rows;
    for (const Command* each : members) {
        rows.push_back({"  starling " + text(each->name), text(each->summary)});
    }
    return table_text(rows) + "\nEach takes --help.\n";
}

Result<Exit> help_with(const std::vector<std::string>& words, Terminal& terminal) {
    std::size_t used = 0;
    if (const Command* command = find_command(words, used)) {
        terminal.result(command_document(*command), [&] { return help_text(*command); });
        return Exit::ok;
    }
    const auto members = commands_of(words[0]);
    if (words.size() > 1 || members.empty()) return tl::unexpected(unknown_command(words));
    Value::List items;
    for (const Command* each : members) items.emplace_back(command_document(*each));
    terminal.result({{"items", std::move(items)}}, [&] { return names_and_summaries(members); });
    return Exit::ok;
}

Result<Exit> help(const Invocation& call, Terminal& terminal) {
    if (!call.words.empty()) return help_with(call.words, terminal);
    Value::List items;
    for (const Command& command : commands()) items.emplace_back(command_document(command));
    terminal.result({{"items", std::move(items)}, {"options", options_document(common_options())}},
                    [] { return help_text(); });
    return Exit::ok;
}

Result<Exit> show_version(const Invocation&, Terminal& terminal) {
    terminal.result({{"name", "starling"},
                     {"version", text(version())},
                     {"wire_version", std::int64_t{wire_version_number()}}},
                    [] {
                        return fmt::format("starling {}, wire version {}", version(),
                                           wire_version_number());
                    });
    return Exit::ok;
}

}  // namespace

std::string help_text() {
    std::string out =
        "Starling: nodes that share state, hand out work and agree, with no server in the "
        "middle.\n\n"
        "usage: starling COMMAND [WORDS] [OPTIONS]\n";
    std::vector<std::string_view> groups;
    for (const Command& command : commands()) {
        if (std::ranges::find(groups, command.group) == groups.end())
            groups.push_back(command.group);
    }
    for (const std::string_view group : groups) {
        out += fmt::format("\n{}\n", group);
        std::vector<std::vector<std::string>> rows;
        for (const Command& command : commands()) {
            if (command.group == group)
                rows.push_back({"  " + text(command.name), text(command.summary)});
        }
        out += table_text(rows);
    }
    return out +
           "\nEvery command takes --json, --node, --timeout and --help; options may come from the\n"
           "environment: STARLING_NODE=dev-2.\n\n"
           "  starling dev                       a mesh of three nodes on this machine\n"
           "  starling members                   who is in it\n"
           "  starling explain E202              what an error means\n";
}

std::string help_text(const Command& command) {
    std::string out =
        fmt::format("{}\n\nusage: starling {} {}\n", command.summary, command.name, command.usage);
    if (!command.notes.empty()) out += fmt::format("\n{}\n", command.notes);
    if (!command.options.empty()) out += "\noptions\n" + options_text(command.options);
    out += "\noptions of every command\n" + options_text(common_options());
    if (!command.examples.empty()) out += "\nexamples\n";
    for (const std::string_view example : command.examples) out += fmt::format("  {}\n", example);
    return out;
}

Command explain_command() {
    Command command{"explain", "about", "what an error means and what to do", "[CODE|NAME]", 0, 1};
    command.examples = {"starling explain E202", "starling explain timed_out"};
    command.run = explain;
    return command;
}

Command help_command() {
    Command command{"help", "about", "what a command does, or all commands", "[COMMAND]", 0, 2};
    command.examples = {"starling help mesh init"};
    command.run = help;
    return command;
}

Command version_command() {
    Command command{"version", "about", "which Starling this is", "", 0, 0};
    command.examples = {"starling version --json"};
    command.run = show_version;
    return command;
}

}  // namespace starling::cli
