#include "node/cli/document_fields.hpp"
#include "node/cli/documents.hpp"
#include "node/cli/json.hpp"
#include "node/cli/terminal.hpp"
#include "node/cli/words.hpp"

#include <fmt/format.h>

namespace starling::cli {
namespace {

// JSON without the outer quotes of a plain text, so that a shell can use it.
std::string shown(const Value& value) {
    if (const auto* text = value.as<std::string>()) return printable(*text);
    return json_text(value);
}

std::string cut(std::string text) {
    constexpr std::size_t most = 60;
    if (text.size() <= most) return text;
    return printable(text.substr(0, most)) + "...";
}

std::string in_quotes(const std::string& text) {
    return text.empty() ? "" : fmt::format(", \"{}\"", printable(text));
}

std::string agent_of(const Value& entry) {
    const std::string agent = printable(text_at(entry, "agent"));
    const std::string node = brief_at(entry, "node");
    return agent.empty() ? node : agent + " at " + node;
}

std::string list_text(const Value::List& items) {
    std::string text;
    for (const Value& item : items) text += (text.empty() ? "" : ", ") + shown(item);
    return text;
}

std::string attempt_text(const Value& attempt) {
    const std::string reason = text_at(attempt, "reason");
    return fmt::format("  {}  {}  {}{}{}\n", brief_at(attempt, "node"), text_at(attempt, "outcome"),
                       age_at(attempt, "took_ms"), flag_at(attempt, "executed") ? "  ran" : "",
                       reason.empty() ? "" : "  " + printable(reason));
}

}  // namespace

std::string entry_text(const Value& entry) {
    const auto& siblings = list_at(entry, "siblings");
    if (siblings.size() < 2) return shown(at(entry, "value"));
    std::string text;
    for (const Value& sibling : siblings) text += shown(sibling) + "\n";
    return text;
}

std::string provenance_text(const Value& entry) {
    return fmt::format(
        "{} by {}, {} old{}{}", text_at(entry, "type"), agent_of(entry), age_at(entry, "age_ms"),
        in_quotes(text_at(entry, "reason")),
        flag_at(entry, "conflicted") ? ", a concurrent write lost or stands beside" : "");
}

std::string entries_text(const Value& page) {
    std::vector<std::vector<std::string>> rows{{"KEY", "TYPE", "VALUE", "BY", "AGE"}};
    for (const Value& entry : list_at(page, "items")) {
        rows.push_back({printable(text_at(entry, "key")), text_at(entry, "type"),
                        cut(shown(at(entry, "value"))), agent_of(entry), age_at(entry, "age_ms")});
    }
    return table_text(rows);
}

std::string change_text(const Value& change) {
    const std::string phase = text_at(change, "phase");
    if (phase == "caught_up") return "--- changes from here on";
    if (phase == "lagged") return "--- some changes were missed; values again:";
    const Value& entry = at(change, "entry");
    const std::string key = printable(text_at(entry, "key"));
    if (flag_at(change, "removed")) {
        return fmt::format("{}  removed  by {}", key, agent_of(entry));
    }
    const auto& lost = list_at(change, "lost");
    return fmt::format("{}  {}  by {}{}{}", key, cut(shown(at(entry, "value"))), agent_of(entry),
                       in_quotes(text_at(entry, "reason")),
                       lost.empty() ? "" : "  lost: " + cut(list_text(lost)));
}

std::string register_text(const Value& state) {
    const std::string value = flag_at(state, "present") ? shown(at(state, "value")) : "absent";
    return fmt::format("{}  version {}", value, number_at(state, "version"));
}

std::string lease_text(const Value& lease) {
    if (!flag_at(lease, "held")) return fmt::format("free  fence {}", number_at(lease, "fence"));
    return fmt::format(
        "held by {} at {}{}  fence {}  term {}{}", printable(text_at(lease, "holder")),
        brief_at(lease, "node"), flag_at(lease, "mine") ? " (this node)" : "",
        number_at(lease, "fence"), age_at(lease, "term_ms"),
        flag_at(lease, "mine") ? ", " + age_at(lease, "remaining_ms") + " left" : "");
}

std::string decision_text(const Value& decision) {
    const auto& votes = list_at(decision, "votes");
    std::string text = flag_at(decision, "closed")
                           ? fmt::format("{}  ({})\n", printable(text_at(decision, "decided")),
                                         printable(text_at(decision, "why")))
                           : fmt::format("open  {} of {} electors voted\n", votes.size(),
                                         list_at(decision, "electors").size());
    text += fmt::format(
        "  {}  options {}; status quo {}\n", printable(text_at(decision, "question")),
        list_text(list_at(decision, "options")), printable(text_at(decision, "status_quo")));
    for (const Value& vote : votes) {
        text += fmt::format("  {}  {}{}\n", brief_at(vote, "elector"),
                            printable(text_at(vote, "option")), in_quotes(text_at(vote, "reason")));
    }
    return text;
}

std::string task_text(const Value& task) {
    const std::string why = printable(text_at(task, "why"));
    std::string text =
        fmt::format("{}  {}  {}{}\n", text_at(task, "id"), printable(text_at(task, "skill")),
                    text_at(task, "state"), why.empty() ? "" : " (" + why + ")");
    const auto* map = task.as<Value::Map>();
    if (map != nullptr && map->contains("result")) {
        text += "  result " + cut(shown(at(task, "result"))) + "\n";
    }
    for (const Value& attempt : list_at(task, "attempts")) text += attempt_text(attempt);
    if (number_at(task, "stale_refused") > 0) {
        text += fmt::format("  {} late results refused\n", number_at(task, "stale_refused"));
    }
    if (flag_at(task, "partial")) text += "  some custodians did not answer\n";
    return text;
}

std::string tasks_text(const Value::List& tasks) {
    std::vector<std::vector<std::string>> rows{
        {"TASK", "SKILL", "KEY", "STATE", "WINNER", "RUNS", "WHY"}};
    for (const Value& task : tasks) {
        rows.push_back({text_at(task, "id"), printable(text_at(task, "skill")),
                        printable(text_at(task, "key")), text_at(task, "state"),
                        brief_at(task, "winner"), std::to_string(number_at(task, "executions")),
                        printable(text_at(task, "why"))});
    }
    return table_text(rows);
}

}  // namespace starling::cli
