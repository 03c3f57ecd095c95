#include "base/limits.hpp"
#include "node/cli/asking.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/http_message.hpp"
#include "node/cli/json.hpp"
#include "node/cli/programs.hpp"
#include "node/cli/signals.hpp"
#include "node/cli/words.hpp"

#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <list>
#include <mutex>
#include <optional>
#include <thread>

namespace starling::cli {
namespace {

using std::chrono::milliseconds;

constexpr int retry_later = 75;
constexpr std::size_t output_max = 8 * limits::value_bytes;  // JSON escapes take room

// What the node is told about an attempt, and people too.
struct Report {
    std::string action;  // finish or fail
    Value::Map body;
    std::string said;
    bool halted = false;  // whoever asked for that knows that it does not count
};

Report failed(std::string reason, bool retry) {
    return {"fail", {{"reason", reason}, {"retry", retry}}, reason};
}

std::string without_newline(std::string text) {
    if (text.ends_with('\n')) text.pop_back();
    return text;
}

Report report_of(ProgramEnd end) {
    switch (end.how) {
        case ProgramEnd::How::exited:
            break;
        case ProgramEnd::How::signalled:
            return failed(fmt::format("the program died of signal {}", end.number), true);
        case ProgramEnd::How::output_too_long:
            return failed("the result is over 64 KiB", false);
        case ProgramEnd::How::over_limit:
            return failed("the program ran over its limit", true);
        case ProgramEnd::How::halted:
            return failed("the program was stopped", true);
        case ProgramEnd::How::not_started:
            return failed("the program could not be started", true);
    }
    if (end.number == retry_later) return failed("the program asks to try again later", true);
    if (end.number != 0) return failed(fmt::format("exit code {}", end.number), false);
    std::string text = without_newline(std::move(end.output));
    auto result = json_value(text);
    Value value;
    if (result) value = std::move(*result);
    if (!result && text.size() > limits::value_bytes) {
        return failed("the result is over 64 KiB", false);
    }
    if (!result && !text.empty()) value = std::move(text);
    return {"finish", {{"result", std::move(value)}}, "done"};
}

// One worker: its node, its program, and a thread for each task that runs.
class Agent {
public:
    Agent(const HttpClient& client, std::vector<std::string> words, Terminal& terminal)
        : client_(client), programs_(std::move(words), output_max), terminal_(terminal) {}

    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;

    ~Agent() {
        programs_.stop();
        for (Work& work : works_) work.thread.join();
    }

    void begin(const Value& task) {
        std::erase_if(works_, [](Work& work) {
            if (!work.done) return false;
            work.thread.join();
            return true;
        });
        Work& work = works_.emplace_back();
        work.id = text_at(task, "id");
        work.epoch = text_at(task, "epoch");
        work.thread = std::thread([this, task, &work] {
            perform(task, work);
            work.done = true;
        });
    }

    // Nothing that the program says of this task counts any more.
    void end(const Value& stop) {
        for (Work& work : works_) {
            const bool meant =
                work.id == text_at(stop, "id") && work.epoch == text_at(stop, "epoch");
            if (!meant) continue;
            work.why = reason_of(text_at(stop, "why"));
            work.halt.ask();
        }
    }

private:
    struct Work {
        std::string id{};
        std::string epoch{};
        std::thread thread{};
        Halt halt{};
        std::atomic<const char*> why{""};
        std::atomic<bool> done{false};
    };

    static const char* reason_of(const std::string& why) {
        if (why == "cancelled") return "stopped: the task was cancelled or given up";
        if (why == "run_limit") return "stopped: the program ran over its limit";
        if (why == "leaving") return "stopped: the node leaves";
        return "stopped: another attempt took over";
    }

    void perform(const Value& task, const Work& work) {
        const std::string id = text_at(task, "id");
        const std::vector<std::string> variables{
            "STARLING_TASK_ID=" + id, "STARLING_SKILL=" + text_at(task, "skill"),
            "STARLING_NODE=unix:" + client_.path(), "STARLING_SOCKET=" + client_.path()};
        ProgramEnd end = programs_.run(json_text(at(task, "payload")) + "\n", variables,
                                       milliseconds(number_at(task, "run_limit_ms")), &work.halt);
        const bool halted = end.how == ProgramEnd::How::halted;
        Report report = halted ? failed(work.why.load(), true) : report_of(std::move(end));
        report.halted = halted;
        report.body["epoch"] = text_at(task, "epoch");
        auto answer = client_.post(fmt::format("/v1/tasks/{}/{}", id, report.action), report.body);
        if (!answer && answer.error().name == "value_too_long") {
            report = failed("the result is over 64 KiB", false);
            report.body["epoch"] = text_at(task, "epoch");
            answer = client_.post(fmt::format("/v1/tasks/{}/fail", id), report.body);
        }
        tell(task, report, answer);
    }

    void tell(const Value& task, const Report& report, const Result<Value>& answer) {
        const auto* counts = answer ? at(*answer, "counts").as<bool>() : nullptr;
        std::string said = report.said;
        if (!answer)
            said += ", not reported: " + answer.error().message;
        else if ((counts == nullptr || !*counts) && !report.halted)
            said += ", too late: another attempt took over";
        const std::scoped_lock held(lock_);
        terminal_.item({{"id", text_at(task, "id")},
                        {"skill", text_at(task, "skill")},
                        {"attempt", number_at(task, "attempt")},
                        {"action", report.action},
                        {"said", said},
                        {"counts", counts != nullptr && *counts}},
                       [&] { return text_at(task, "id") + "  " + said; });
    }

    const HttpClient& client_;
    Programs programs_;
    Terminal& terminal_;
    std::mutex lock_;  // of the terminal
    std::list<Work> works_;
};

// Until a signal (nothing), or the stream ended with a reason.
std::optional<Error> serve(const HttpClient& client, const std::string& target, int stop,
                           Agent& agent) {
    std::optional<Error> error;
    const auto ended = client.stream(
        target,
        [&](std::string_view event, const Value& document) {
            if (event == "task") agent.begin(document);
            if (event == "stop") agent.end(document);
            if (event == "error") {
                error = Error{ErrorCode::invalid, text_at(document, "name"),
                              text_at(document, "message"), text_at(document, "hint"), Changed::no};
            }
            return event != "error";
        },
        stop);
    if (error) return error;
    if (!ended) return ended.error();
    return std::nullopt;
}

Result<Exit> run(const Invocation& call, Terminal& terminal) {
    const auto client = client_for(call);
    if (!client) return tl::unexpected(client.error());
    const auto slots = call.number("slots", 1, 256);
    if (!slots) return tl::unexpected(slots.error());
    if (!call.has("skill")) {
        return failure(ErrorCode::invalid, "missing_argument", "--skill is missing",
                       "starling help run");
    }
    auto words = Programs::check(call.words);
    if (!words) return tl::unexpected(words.error());
    const auto signals = Signals::block({SIGINT, SIGTERM});  // before the first thread
    if (!signals) return tl::unexpected(signals.error());
    const std::string target = "/v1/serve" + query_of({{"skill", call.text("skill")},
                                                       {"slots", std::to_string(*slots)},
                                                       {"agent", call.text("as")}});
    terminal.note(
        fmt::format("serving {} at unix:{}", printable(call.text("skill")), client->path()));
    std::optional<Error> error;
    {
        Agent agent(*client, std::move(*words), terminal);
        error = serve(*client, target, signals->fd(), agent);
    }
    if (error) return tl::unexpected(*error);
    if (signals->take()) return Exit::interrupted;
    return failure(ErrorCode::failed, "connection_lost", "the node ended the stream of tasks",
                   "starling status");
}

}  // namespace

Command run_command() {
    Command command{"run", "work", "let a program do the tasks of a skill", "-- CMD ARGS...",
                    1,     1024};
    command.options = {{"skill", "S[,S]", "which tasks it does"},
                       {"slots", "N", "tasks at a time, 1 to 256", "1"},
                       {"as", "AGENT", "who acts, for people"}};
    command.examples = {"starling run --skill upper -- ./upper.sh",
                        "starling run --skill render --slots 4 -- python3 render.py --fast"};
    command.notes =
        "The program gets the payload as JSON on standard input and prints the result, JSON or "
        "text, at most 64 KiB. Exit code 0: done, 75: try again later, other: given up. It sees "
        "STARLING_TASK_ID, STARLING_SKILL, STARLING_NODE and STARLING_SOCKET, and is killed when "
        "the worker stops. When its task was cancelled or is somebody else's now it gets SIGTERM, "
        "and SIGKILL 2 s later.";
    command.run = run;
    return command;
}

}  // namespace starling::cli
