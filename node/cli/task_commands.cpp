#include "node/cli/asking.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/document_fields.hpp"
#include "node/cli/documents.hpp"
#include "node/cli/http_message.hpp"
#include "node/cli/json.hpp"
#include "node/cli/words.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>

namespace starling::cli {
namespace {

// A key of our own lets the same offer be asked after again.
std::string fresh_key() {
    std::array<std::uint64_t, 2> random{};
    static_cast<void>(::getrandom(random.data(), sizeof(random), 0));
    return fmt::format("cli-{:016x}{:016x}", random[0], random[1]);
}

// The offer as the node wants it; fields not given are left out.
Result<Value::Map> offer_of(const Invocation& call) {
    auto payload = value_of_word(call.words[1]);
    if (!payload) return tl::unexpected(payload.error());
    Value::Map body{{"skill", call.words[0]},
                    {"payload", std::move(*payload)},
                    {"key", call.has("key") ? call.text("key") : fresh_key()},
                    {"agent", call.text("as")},
                    {"wait", call.has("wait")}};
    for (const auto& [option, field] :
         {std::pair{"deadline", "deadline_ms"}, std::pair{"run-limit", "run_limit_ms"},
          std::pair{"estimate", "estimate_ms"}}) {
        auto duration = duration_of(call, option);
        if (!duration) return tl::unexpected(duration.error());
        body[field] = std::move(*duration);
    }
    const auto priority = call.number("priority", 0, 9);
    if (!priority) return tl::unexpected(priority.error());
    body["priority"] = static_cast<std::int64_t>(*priority);
    return body;
}

std::string result_text(const Value& task) {
    const Value& result = at(task, "result");
    if (const auto* text = result.as<std::string>()) return *text;
    return json_text(result);
}

Result<Exit> ended(const Value& task, Terminal& terminal) {
    const std::string state = text_at(task, "state");
    if (state == "dead") {
        return failure(ErrorCode::failed, "dead_lettered",
                       fmt::format("task {} was given up: {}", text_at(task, "id"),
                                   printable(text_at(task, "why"))),
                       "starling dlq show " + text_at(task, "id"));
    }
    if (state == "cancelled") {
        return failure(ErrorCode::failed, "task_cancelled",
                       fmt::format("task {} was cancelled", text_at(task, "id")),
                       "starling task show " + text_at(task, "id"));
    }
    terminal.result(map_of(task), [&] { return result_text(task); });
    const std::string winner = text_at(task, "winner");
    if (terminal.format() == Format::text) {
        terminal.note(fmt::format("task {} done by {}", text_at(task, "id"), winner.substr(0, 8)));
    }
    return Exit::ok;
}

Result<Exit> offer(const Invocation& call, Terminal& terminal) {
    const auto client = client_for(call);
    if (!client) return tl::unexpected(client.error());
    auto body = offer_of(call);
    if (!body) return tl::unexpected(body.error());
    const std::string key = text_at(*body, "key");
    auto answer = client->post("/v1/tasks", Value(std::move(*body)));
    if (!answer && answer.error().name == "timed_out") {
        answer.error().hint = fmt::format(
            "it may go on; the same words with --key {} ask after it, starling task ls shows why "
            "it waits",
            printable(key));
    }
    if (answer && call.has("wait")) return ended(*answer, terminal);
    return print(answer, terminal,
                 [](const Value& task) { return text_at(task, "id") + "  acknowledged"; });
}

Result<Exit> list(const Invocation& call, Terminal& terminal, const std::string& path) {
    const auto client = client_for(call);
    if (!client) return tl::unexpected(client.error());
    bool partial = false;
    const auto items = all_pages(
        *client,
        [&](const std::string& after) {
            return path + query_of({{"state", call.text("state")}, {"after", after}});
        },
        [&](const Value& page) {
            partial = partial || flag_at(page, "partial");
            return text_at(page, "last");
        });
    if (!items) return tl::unexpected(items.error());
    if (partial) terminal.note("some custodians did not answer: tasks may be missing");
    return print(Value(Value::Map{{"items", *items}, {"partial", partial}}), terminal,
                 [&](const Value&) { return tasks_text(*items); });
}

Result<Exit> task_ls(const Invocation& call, Terminal& terminal) {
    return list(call, terminal, "/v1/tasks");
}

Result<Exit> dlq_ls(const Invocation& call, Terminal& terminal) {
    return list(call, terminal, "/v1/dead-letters");
}

Result<Exit> show(const Invocation& call, Terminal& terminal, const std::string& path) {
    const auto client = client_for(call);
    if (!client) return tl::unexpected(client.error());
    return print(client->get(path + percent_encoded(call.words[0])), terminal, task_text);
}

Result<Exit> task_show(const Invocation& call, Terminal& terminal) {
    return show(call, terminal, "/v1/tasks/");
}

Result<Exit> dlq_show(const Invocation& call, Terminal& terminal) {
    return show(call, terminal, "/v1/dead-letters/");
}

Result<Exit> cancel(const Invocation& call, Terminal& terminal) {
    const auto client = client_for(call);
    if (!client) return tl::unexpected(client.error());
    const auto answer = client->remove("/v1/tasks/" + percent_encoded(call.words[0]),
                                       Value::Map{{"reason", call.text("reason")}});
    const auto exit = print(answer, terminal, task_text);
    if (!exit) return exit;
    return text_at(*answer, "state") == "cancelled" ? Exit::ok : Exit::precondition;
}

}  // namespace

Command task_offer_command() {
    Command command{"task offer", "work", "offer a task to whoever has the skill",
                    "SKILL JSON", 2,      2};
    command.options = {{"key", "KEY", "the same key is the same task, for 24 h"},
                       {"wait", "", "print the result; --timeout is how long to wait for it"},
                       {"deadline", "TIME", "give up this long from now"},
                       {"run-limit", "TIME", "of one attempt"},
                       {"priority", "0..9", "9 goes first", "0"},
                       {"estimate", "TIME", "how long it takes, for bidders"},
                       {"as", "AGENT", "who acts"}};
    command.examples = {"starling task offer upper '{\"text\":\"hello\"}' --wait",
                        "starling task offer render - --key job-17 --deadline 10m < job.json"};
    command.notes = "Exit code 7: it was given up (starling dlq show), 1: it was cancelled.";
    command.run = offer;
    return command;
}

Command task_ls_command() {
    Command command{"task ls", "work", "tasks that the custodians keep", "", 0, 0};
    command.options = {
        {"state", "STATE", "waiting, open, awarded, running, done, dead or cancelled"}};
    command.examples = {"starling task ls --state waiting", "starling task ls -o jsonl"};
    command.run = task_ls;
    return command;
}

Command task_show_command() {
    Command command{"task show", "work", "a task with its attempts and result", "ID", 1, 1};
    command.examples = {"starling task show 0f3a..."};
    command.run = task_show;
    return command;
}

Command task_cancel_command() {
    Command command{"task cancel", "work", "end a task that nobody needs any more", "ID", 1, 1};
    command.options = {{"reason", "TEXT", "why, for people"}};
    command.examples = {"starling task cancel 0f3a... --reason 'order withdrawn'"};
    command.notes = "Exit code 5: it had ended before.";
    command.run = cancel;
    return command;
}

Command dlq_ls_command() {
    Command command{"dlq ls", "work", "tasks that were given up", "", 0, 0};
    command.examples = {"starling dlq ls", "starling dlq ls -o name"};
    command.run = dlq_ls;
    return command;
}

Command dlq_show_command() {
    Command command{"dlq show", "work", "a task that was given up, with its history", "ID", 1, 1};
    command.examples = {"starling dlq show 0f3a..."};
    command.run = dlq_show;
    return command;
}

}  // namespace starling::cli
