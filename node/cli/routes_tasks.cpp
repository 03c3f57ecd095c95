#include "node/cli/documents.hpp"
#include "node/cli/fields.hpp"
#include "node/cli/json.hpp"
#include "node/cli/mesh_routes.hpp"

#include <memory>
#include <optional>
#include <utility>

namespace starling::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view task_path = "/v1/tasks/";
constexpr std::string_view dead_letter_path = "/v1/dead-letters/";
constexpr std::uint64_t tasks_page_max = 256;

TaskOffer offer_in(Fields& in) {
    TaskOffer task{in.required("skill")};
    task.payload = in.value("payload");
    task.key = in.text("key");
    task.estimate = in.duration("estimate_ms", 0ms);
    task.priority = static_cast<std::uint8_t>(in.number("priority", 0, {0, 9}));
    task.deadline = in.duration("deadline_ms", 0ms);
    task.run_limit = in.duration("run_limit_ms", 0ms);
    task.attempts = static_cast<std::uint32_t>(in.number("attempts", 0, {0, 255}));
    task.agent = in.text("agent");
    task.trace = in.text("trace");
    return task;
}

// With wait the answer is the end; what fails before the acknowledgement comes at once.
void offer_task(Node& node, const HttpRequest& request, const Exchange& exchange) {
    Fields in = Fields::of_body(request);
    const TaskOffer task = offer_in(in);
    const bool wait = in.flag("wait");
    if (const auto error = in.error()) return exchange.fail(*error);
    if (!wait) return answer_with(node.offer(task), exchange, shown_document);
    exchange.be_patient();
    node.offer_and_wait(task).finished.then(
        [exchange, skill = task.skill, key = task.key](Result<TaskInfo> info) {
            if (!info) return exchange.fail(info.error());
            info->skill = skill;
            info->key = key;
            exchange.reply(Value(document_of(*info)));
        });
}

void list_tasks(Node& node, const HttpRequest& request, const Exchange& exchange) {
    Fields in = Fields::of_query(request);
    TaskQuery query{in.text("after")};
    query.max = static_cast<std::uint32_t>(in.number("max", tasks_page_max, {1, tasks_page_max}));
    const std::string state = in.text("state");
    query.state = task_state(state);
    if (!state.empty() && !query.state) {
        in.fault("state must be waiting, open, awarded, running, done, dead or cancelled");
    }
    if (const auto error = in.error()) return exchange.fail(*error);
    answer_with(node.tasks(query), exchange, shown_document);
}

void get_task(Node& node, const HttpRequest& request, const Exchange& exchange) {
    answer_with(node.task(path_rest(request, task_path)), exchange, shown_document);
}

void cancel_task(Node& node, const HttpRequest& request, const Exchange& exchange) {
    Fields in = request.body.empty() ? Fields::of_query(request) : Fields::of_body(request);
    const std::string reason = in.text("reason");
    if (const auto error = in.error()) return exchange.fail(*error);
    answer_with(node.cancel(path_rest(request, task_path), reason), exchange, shown_document);
}

// /v1/tasks/ID/finish and its like.
void report_task(Node& node, const HttpRequest& request, const Exchange& exchange) {
    const std::string rest = path_rest(request, task_path);
    const auto slash = rest.find('/');
    const std::string action = slash == std::string::npos ? "" : rest.substr(slash + 1);
    if (action != "finish" && action != "fail" && action != "progress") {
        return exchange.fail({ErrorCode::not_found, "route_unknown",
                              "a task takes finish, fail or progress", "", Changed::no});
    }
    Fields in = Fields::of_body(request);
    const Award award{rest.substr(0, slash), in.required("epoch")};
    const Value result = action == "finish" ? in.value("result") : Value();
    const std::string reason = action == "fail" ? in.text("reason") : "";
    const bool retry = action == "fail" && in.flag("retry", true);
    const std::string note = action == "progress" ? in.text("note") : "";
    if (const auto error = in.error()) return exchange.fail(*error);
    if (action == "finish")
        return answer_with(node.finish(award, result), exchange, shown_document);
    if (action == "fail")
        return answer_with(node.fail(award, reason, retry), exchange, shown_document);
    answer_with(node.progress(award, note), exchange, shown_document);
}

// A worker for as long as the client listens: events `task`, `stop` and `error`.
void serve_tasks(Node& node, const HttpRequest& request, const Exchange& exchange) {
    Fields in = Fields::of_query(request);
    ServeOptions options{in.texts("skill")};
    options.slots = static_cast<std::uint32_t>(in.number("slots", 1, {1, 256}));
    options.agent = in.text("agent");
    if (const auto error = in.error()) return exchange.fail(*error);
    const auto kept = std::make_shared<std::optional<Watch>>();
    const auto assigned = [exchange](Task task) {
        exchange.push("task", json_text(document_of(task)));
        static_cast<void>(task.release());  // whoever reads the stream reports
    };
    const auto refused = [exchange](const Error& error) {
        exchange.push("error", problem(error).body);
    };
    const auto stopped = [exchange](const Award& award, TaskStop why) {
        exchange.push("stop", json_text(document_of(award, why)));
    };
    auto watch = node.serve(options, assigned, refused, stopped);
    if (!watch) return exchange.fail(watch.error());
    *kept = std::move(*watch);
    exchange.begin_stream([kept] { kept->reset(); });
}

void dead_letters(Node& node, const HttpRequest& request, const Exchange& exchange) {
    Fields in = Fields::of_query(request);
    const std::string after = in.text("after");
    const auto max =
        static_cast<std::uint32_t>(in.number("max", tasks_page_max, {1, tasks_page_max}));
    if (const auto error = in.error()) return exchange.fail(*error);
    answer_with(node.dead_letters(after, max), exchange, shown_document);
}

void dead_letter(Node& node, const HttpRequest& request, const Exchange& exchange) {
    answer_with(node.dead_letter(path_rest(request, dead_letter_path)), exchange, shown_document);
}

}  // namespace

void add_task_routes(Routes& routes, Node& node) {
    const auto add = [&](const std::string& method, const std::string& path, auto handler) {
        routes.add(method, path, [&node, handler](const HttpRequest& request, const Exchange& to) {
            handler(node, request, to);
        });
    };
    add("GET", "/v1/tasks", list_tasks);
    add("POST", "/v1/tasks", offer_task);
    add("GET", "/v1/tasks/*", get_task);
    add("DELETE", "/v1/tasks/*", cancel_task);
    add("POST", "/v1/tasks/*", report_task);
    add("GET", "/v1/serve", serve_tasks);
    add("GET", "/v1/dead-letters", dead_letters);
    add("GET", "/v1/dead-letters/*", dead_letter);
}

}  // namespace starling::cli
