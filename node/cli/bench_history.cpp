#include "node/cli/bench_history.hpp"

#include "node/cli/document_fields.hpp"
#include "node/cli/json.hpp"
#include "node/cli/words.hpp"
#include "sim/check_chain.hpp"
#include "sim/check_linearizable.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <span>
#include <system_error>
#include <utility>

namespace starling::cli {
namespace {

using sim::Call;
using sim::CallKind;
using sim::CallOutcome;

constexpr std::array kinds{CallKind::read, CallKind::write, CallKind::cas};
constexpr std::array outcomes{CallOutcome::applied, CallOutcome::not_applied, CallOutcome::unknown};

// The one of `all` with this name; nothing when there is none.
template <class T>
std::optional<T> named(std::span<const T> all, const std::string& name) {
    for (const T each : all) {
        if (name_of(each) == name) return each;
    }
    return std::nullopt;
}

tl::unexpected<Error> malformed_history(const std::string& message) {
    return failure(ErrorCode::invalid, "history_malformed", message,
                   "give a file that starling bench registers --history wrote");
}

Error file_error(const char* name, const std::string& path, const char* what, int number) {
    return Error{
        ErrorCode::failed, name,
        fmt::format("{} cannot be {}: {}", path, what, std::system_category().message(number)), "",
        Changed::no};
}

std::optional<sim::Seen> seen_in_result(const Value& result) {
    if (result.is_null()) return std::nullopt;
    return sim::Seen{static_cast<std::uint64_t>(number_at(result, "version")),
                     text_at(result, "value")};
}

std::string_view name_of(Judgement judgement) {
    switch (judgement) {
        case Judgement::accepted:
            return "accepted";
        case Judgement::rejected:
            return "rejected";
        case Judgement::undecided:
            return "undecided";
    }
    return "";
}

std::int64_t line_of(std::size_t call) {
    return static_cast<std::int64_t>(call) + 1;
}

Judgement judge_chain(const sim::CallHistory& history, Value::Map& document) {
    const auto bad = sim::check_chain(history);
    if (!bad) return Judgement::accepted;
    document["rule"] = bad->rule;
    document["line"] = line_of(bad->call);
    document["text"] = bad->text;
    return Judgement::rejected;
}

Judgement judge_search(const sim::CallHistory& history, Value::Map& document) {
    const auto result = sim::check_linearizable(history);
    document["steps"] = number_value(result.steps);
    if (result.verdict == sim::LinearVerdict::linearizable) return Judgement::accepted;
    document["key"] = result.key;
    if (result.blocked) document["line"] = line_of(*result.blocked);
    return result.verdict == sim::LinearVerdict::violated ? Judgement::rejected
                                                          : Judgement::undecided;
}

}  // namespace

std::string_view name_of(CallKind kind) {
    switch (kind) {
        case CallKind::read:
            return "read";
        case CallKind::write:
            return "write";
        case CallKind::cas:
            return "cas";
        case CallKind::settle:
            return "settle";
    }
    return "";
}

std::string_view name_of(CallOutcome outcome) {
    switch (outcome) {
        case CallOutcome::applied:
            return "applied";
        case CallOutcome::not_applied:
            return "not_applied";
        case CallOutcome::unknown:
            return "unknown";
    }
    return "";
}

Value::Map document_of(const Call& call) {
    Value::Map args;
    if (call.kind != CallKind::read) args["value"] = call.value;
    if (call.kind == CallKind::cas) args["expected"] = number_value(call.expected);
    Value result;
    if (call.seen)
        result =
            Value::Map{{"version", number_value(call.seen->version)}, {"value", call.seen->value}};
    Value returned;
    if (call.return_ns) returned = *call.return_ns;
    return {{"client", call.client},
            {"key", call.key},
            {"kind", std::string(name_of(call.kind))},
            {"args", std::move(args)},
            {"call_ns", call.call_ns},
            {"return_ns", std::move(returned)},
            {"result", std::move(result)},
            {"outcome", std::string(name_of(call.outcome))}};
}

Result<Call> call_of(std::string_view line) {
    const auto document = json_value(line);
    if (!document) return malformed_history(document.error().message);
    for (const char* field : {"client", "key", "kind", "outcome"}) {
        if (text_at(*document, field).empty())
            return malformed_history(fmt::format("no {}", field));
    }
    const auto kind = named<CallKind>(kinds, text_at(*document, "kind"));
    const auto outcome = named<CallOutcome>(outcomes, text_at(*document, "outcome"));
    const auto* called = at(*document, "call_ns").as<std::int64_t>();
    const auto* returned = at(*document, "return_ns").as<std::int64_t>();
    if (!kind) return malformed_history("kind must be read, write or cas");
    if (!outcome) return malformed_history("outcome must be applied, not_applied or unknown");
    if (called == nullptr) return malformed_history("no call_ns");
    if (returned == nullptr && *outcome != CallOutcome::unknown) {
        return malformed_history("return_ns may be null only if the outcome is unknown");
    }
    const Value& args = at(*document, "args");
    Call call;
    call.client = text_at(*document, "client");
    call.key = text_at(*document, "key");
    call.kind = *kind;
    call.expected = static_cast<std::uint64_t>(number_at(args, "expected"));
    call.value = text_at(args, "value");
    call.call_ns = *called;
    if (returned != nullptr) call.return_ns = *returned;
    call.outcome = *outcome;
    call.seen = seen_in_result(at(*document, "result"));
    if (call.outcome == CallOutcome::applied && !call.seen) return malformed_history("no result");
    return call;
}

Result<sim::CallHistory> read_history(const std::string& path) {
    errno = 0;
    std::ifstream file(path);
    if (!file.is_open()) {
        return tl::unexpected(file_error("file_unreadable", path, "read", errno));
    }
    sim::CallHistory history;
    for (std::string line; std::getline(file, line);) {
        auto call = call_of(line);
        if (!call) {
            return malformed_history(fmt::format("{} line {}: {}", printable(path),
                                                 history.size() + 1, call.error().message));
        }
        history.push_back(std::move(*call));
    }
    if (file.bad()) return tl::unexpected(file_error("file_unreadable", path, "read", errno));
    return history;
}

Result<HistoryKeeper> HistoryKeeper::open(const std::string& path) {
    std::ofstream file;
    errno = 0;
    if (!path.empty()) file.open(path, std::ios::trunc);
    if (!path.empty() && !file.is_open()) {
        return tl::unexpected(file_error("file_unwritable", path, "written", errno));
    }
    return HistoryKeeper(path, std::move(file));
}

void HistoryKeeper::add(const Call& call) {
    if (path_.empty()) {
        kept_.push_back(call);
        return;
    }
    file_ << json_text(Value(document_of(call))) << '\n';
}

Result<sim::CallHistory> HistoryKeeper::finish() {
    if (path_.empty()) return std::move(kept_);
    errno = 0;
    file_.close();
    if (file_.fail()) return tl::unexpected(file_error("file_unwritable", path_, "written", errno));
    return read_history(path_);
}

Verdicts judge(const sim::CallHistory& history) {
    Verdicts verdicts;
    Value::Map chain;
    Value::Map search;
    verdicts.chain = judge_chain(history, chain);
    verdicts.search = judge_search(history, search);
    chain["verdict"] = std::string(name_of(verdicts.chain));
    search["verdict"] = std::string(name_of(verdicts.search));
    verdicts.document = {{"calls", number_value(history.size())},
                         {"chain", std::move(chain)},
                         {"search", std::move(search)}};
    return verdicts;
}

std::string verdicts_text(const Value& document) {
    const Value& chain = at(document, "chain");
    const Value& search = at(document, "search");
    std::string text = "version chain          " + text_at(chain, "verdict");
    if (text_at(chain, "verdict") != "accepted") {
        text += fmt::format("  line {}: {} {}", number_at(chain, "line"), text_at(chain, "rule"),
                            text_at(chain, "text"));
    }
    text += fmt::format("\nlinearizability search {}  {} steps", text_at(search, "verdict"),
                        number_at(search, "steps"));
    if (number_at(search, "line") > 0) {
        text += fmt::format("  line {}: no order of the calls on {} explains it",
                            number_at(search, "line"), text_at(search, "key"));
    }
    return text + "\n";
}

}  // namespace starling::cli
