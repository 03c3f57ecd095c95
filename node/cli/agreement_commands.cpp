#include "node/cli/asking.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/documents.hpp"
#include "node/cli/http_message.hpp"
#include "node/cli/json.hpp"
#include "node/cli/words.hpp"

#include <fmt/format.h>

namespace starling::cli {
namespace {

std::string register_path(const Invocation& call) {
    return "/v1/registers/" + percent_encoded(call.words[0]);
}

std::string lease_path(const Invocation& call) {
    return "/v1/leases/" + percent_encoded(call.words[0]);
}

std::string decision_path(const Invocation& call) {
    return "/v1/decisions/" + percent_encoded(call.words[0]);
}

std::string timeout_query(const Invocation& call) {
    return fmt::format("?timeout_ms={}", call.timeout.count());
}

Result<Exit> get(const Invocation& call, Terminal& terminal, const std::string& target,
                 std::string (*text)(const Value&)) {
    const auto client = client_for(call);
    if (!client) return tl::unexpected(client.error());
    return print(client->get(target), terminal, text);
}

Result<Exit> post(const Invocation& call, Terminal& terminal, const std::string& target,
                  Value::Map body, std::string (*text)(const Value&)) {
    const auto client = client_for(call);
    if (!client) return tl::unexpected(client.error());
    body["timeout_ms"] = timeout_value(call);
    return print(client->post(target, Value(std::move(body))), terminal, text);
}

// ---- registers

Result<Exit> register_get(const Invocation& call, Terminal& terminal) {
    return get(call, terminal, register_path(call) + timeout_query(call), register_text);
}

Result<Exit> register_cas(const Invocation& call, Terminal& terminal) {
    Value::Map body;
    const bool removes = call.has("remove");
    if (removes == (call.words.size() == 2)) {
        return failure(ErrorCode::invalid, "missing_argument", "give a VALUE, or --remove",
                       "starling help register cas");
    }
    if (removes) {
        body["remove"] = true;
    } else {
        auto value = value_of_word(call.words[1]);
        if (!value) return tl::unexpected(value.error());
        body["value"] = std::move(*value);
    }
    if (call.has("if-version")) {
        const auto version = call.number("if-version", 0, INT64_MAX);
        if (!version) return tl::unexpected(version.error());
        body["expected"] = static_cast<std::int64_t>(*version);
    }
    if (call.has("op")) body["operation"] = call.text("op");
    return post(call, terminal, register_path(call), std::move(body), register_text);
}

// An operation that did not happen is an answer, and no success.
Result<Exit> register_settle(const Invocation& call, Terminal& terminal) {
    const auto client = client_for(call);
    if (!client) return tl::unexpected(client.error());
    const auto answer =
        client->post(register_path(call) + "/settle",
                     Value::Map{{"operation", call.words[1]}, {"timeout_ms", timeout_value(call)}});
    const auto exit = print(answer, terminal, [](const Value& state) {
        return text_at(state, "outcome") + "  " + register_text(state);
    });
    if (!exit) return exit;
    const std::string outcome = text_at(*answer, "outcome");
    if (outcome == "unknown") return Exit::timed_out;
    return outcome == "applied" ? Exit::ok : Exit::precondition;
}

// ---- leases

Result<Exit> lease_acquire(const Invocation& call, Terminal& terminal) {
    const auto term = duration_of(call, "term");
    if (!term) return tl::unexpected(term.error());
    return post(call, terminal, lease_path(call) + "/acquire",
                {{"holder", call.text("as")}, {"term_ms", *term}}, lease_text);
}

Result<Exit> change_lease(const Invocation& call, Terminal& terminal, const std::string& action,
                          Value::Map body) {
    const auto fence = parse_number(call.words[1]);
    if (!fence || *fence > INT64_MAX) {
        return failure(ErrorCode::invalid, "invalid", printable(call.words[1]) + " is no fence",
                       "starling lease show " + printable(call.words[0]));
    }
    body["fence"] = static_cast<std::int64_t>(*fence);
    return post(call, terminal, lease_path(call) + "/" + action, std::move(body), lease_text);
}

Result<Exit> lease_renew(const Invocation& call, Terminal& terminal) {
    const auto term = duration_of(call, "term");
    if (!term) return tl::unexpected(term.error());
    return change_lease(call, terminal, "renew", {{"term_ms", *term}});
}

Result<Exit> lease_release(const Invocation& call, Terminal& terminal) {
    return change_lease(call, terminal, "release", {});
}

Result<Exit> lease_show(const Invocation& call, Terminal& terminal) {
    return get(call, terminal, lease_path(call) + timeout_query(call), lease_text);
}

// ---- decisions

Value texts(const std::vector<std::string>& lists) {
    Value::List all;
    for (const std::string& list : lists) {
        for (const std::string& each : split(list, ',')) all.emplace_back(each);
    }
    return all;
}

Result<Exit> decide_propose(const Invocation& call, Terminal& terminal) {
    const auto within = duration_of(call, "within");
    if (!within) return tl::unexpected(within.error());
    for (const char* option : {"options", "status-quo"}) {
        if (call.has(option)) continue;
        return failure(ErrorCode::invalid, "missing_argument",
                       fmt::format("--{} is missing", option), "starling help decide propose");
    }
    return post(call, terminal, decision_path(call),
                {{"question", call.words[1]},
                 {"options", texts(call.texts("options"))},
                 {"status_quo", call.text("status-quo")},
                 {"electors", texts(call.texts("electors"))},
                 {"within_ms", *within}},
                decision_text);
}

Result<Exit> decide_vote(const Invocation& call, Terminal& terminal) {
    return post(
        call, terminal, decision_path(call) + "/votes",
        {{"option", call.words[1]}, {"agent", call.text("as")}, {"reason", call.text("reason")}},
        decision_text);
}

Result<Exit> decide_show(const Invocation& call, Terminal& terminal) {
    return get(call, terminal,
               decision_path(call) + timeout_query(call) + (call.has("wait") ? "&wait=true" : ""),
               decision_text);
}

constexpr Option as_option{"as", "AGENT", "who acts, for people"};

}  // namespace

Command register_get_command() {
    Command command{"register get", "agreement", "what a register holds, agreed by a majority",
                    "NAME",         1,           1};
    command.examples = {"starling register get leader", "starling register get leader --json"};
    command.run = register_get;
    return command;
}

Command register_cas_command() {
    Command command{"register cas", "agreement", "change a register if it has the expected version",
                    "NAME [VALUE]", 1,           2};
    command.options = {
        {"if-version", "N", "the version it must have; 0: absent (default: whatever is there)"},
        {"op", "NAME", "names the change: repeating it changes nothing twice"},
        {"remove", "", "remove the value instead of writing one"}};
    command.examples = {"starling register cas leader '\"ann\"' --if-version 0",
                        "starling register cas leader --remove --if-version 3"};
    command.notes = "Exit code 5: another version is there. 6: too few voters. 4: settle it.";
    command.run = register_cas;
    return command;
}

Command register_settle_command() {
    Command command{"register settle", "agreement", "what became of a change that is unknown",
                    "NAME OPERATION",  2,           2};
    command.examples = {"starling register settle leader hex:0011aabb"};
    command.notes = "Its answer is final: what did not happen will not happen later.";
    command.run = register_settle;
    return command;
}

Command lease_acquire_command() {
    Command command{"lease acquire", "agreement", "hold a name for a while", "NAME", 1, 1};
    command.options = {{"term", "TIME", "how long, 100ms to 1h", "10s"}, as_option};
    command.examples = {"starling lease acquire printer --term 30s --as press-1"};
    command.notes =
        "The asked node holds it. Give the fence to whatever you write to: it rises with every "
        "holder.";
    command.run = lease_acquire;
    return command;
}

Command lease_renew_command() {
    Command command{"lease renew", "agreement", "hold it for another term", "NAME FENCE", 2, 2};
    command.options = {{"term", "TIME", "how long (default as before)"}};
    command.examples = {"starling lease renew printer 4"};
    command.run = lease_renew;
    return command;
}

Command lease_release_command() {
    Command command{"lease release", "agreement", "let others hold it", "NAME FENCE", 2, 2};
    command.examples = {"starling lease release printer 4"};
    command.run = lease_release;
    return command;
}

Command lease_show_command() {
    Command command{"lease show", "agreement", "who holds a name", "NAME", 1, 1};
    command.examples = {"starling lease show printer"};
    command.run = lease_show;
    return command;
}

Command decide_propose_command() {
    Command command{"decide propose", "agreement", "ask the electors", "NAME QUESTION", 2, 2};
    command.options = {
        {"options", "A,B,..", "what may be voted for", "", 0, true},
        {"status-quo", "A", "the option that holds without a majority"},
        {"electors", "ID,..", "node ids (default the voters of the mesh)", "", 0, true},
        {"within", "TIME", "how long it stays open, at most 24h", "1h"}};
    command.examples = {
        "starling decide propose ship 'ship it today?' --options yes,no --status-quo no"};
    command.run = decide_propose;
    return command;
}

Command decide_vote_command() {
    Command command{"decide vote", "agreement", "the asked node's vote, once", "NAME OPTION", 2, 2};
    command.options = {as_option, {"reason", "TEXT", "why, for people"}};
    command.examples = {"starling decide vote ship yes --node dev-2 --reason 'tests pass'"};
    command.run = decide_vote;
    return command;
}

Command decide_show_command() {
    Command command{"decide show", "agreement", "votes and outcome of a decision", "NAME", 1, 1};
    command.options = {{"wait", "", "until it is closed or --timeout passed"}};
    command.examples = {"starling decide show ship --wait --timeout 1m"};
    command.run = decide_show;
    return command;
}

}  // namespace starling::cli
