#include "node/cli/document_fields.hpp"
#include "node/cli/documents.hpp"

namespace starling::cli {
namespace {

Value::List values_of(const std::vector<Value>& values) {
    return {values.begin(), values.end()};
}

// Each part of a vector as a document.
template <class T>
Value::List documents_of(const std::vector<T>& items) {
    Value::List list;
    for (const T& item : items) list.emplace_back(document_of(item));
    return list;
}

}  // namespace

Value::Map document_of(const TaskAttempt& attempt) {
    return {{"epoch", attempt.epoch},           {"node", attempt.node},
            {"outcome", attempt.outcome},       {"reason", attempt.reason},
            {"executed", attempt.executed},     {"awarded_at", time_value(attempt.awarded_ms)},
            {"took_ms", ms_value(attempt.took)}};
}

Value::Map document_of(const Vote& vote) {
    return {{"elector", vote.elector},
            {"option", vote.option},
            {"agent", vote.agent},
            {"reason", vote.reason}};
}

Value::Map document_of(const Written& written) {
    return {{"version", written.version}, {"copies", number_value(written.copies)}};
}

Value::Map document_of(const Entry& entry) {
    Value::Map document{{"key", entry.key},
                        {"type", text_value(name_of(entry.type))},
                        {"value", entry.value()},
                        {"version", entry.version},
                        {"node", entry.node},
                        {"agent", entry.agent},
                        {"reason", entry.reason},
                        {"trace", entry.trace},
                        {"written_at", time_value(entry.written_ms)},
                        {"age_ms", ms_value(entry.age)},
                        {"conflicted", entry.conflicted}};
    if (entry.type == KeyType::multi_value) document["siblings"] = values_of(entry.values);
    return document;
}

Value::Map document_of(const EntryPage& page) {
    return {{"items", documents_of(page.entries)},
            {"more", page.more},
            {"as_of_ms", ms_value(page.as_of)}};
}

Value::Map document_of(const StateChange& change) {
    Value::Map document{{"phase", text_value(name_of(change.phase))}};
    if (change.phase == Phase::caught_up || change.phase == Phase::lagged) return document;
    document["entry"] = document_of(change.entry);
    if (change.phase == Phase::current) return document;
    document["removed"] = change.removed;
    document["remote"] = change.remote;
    document["lost"] = values_of(change.lost);
    document["staleness_ms"] = ms_value(change.staleness);
    return document;
}

Value::Map document_of(const RegisterState& state) {
    return {{"outcome", text_value(name_of(state.outcome))},
            {"present", state.value.has_value()},
            {"value", state.value.value_or(Value())},
            {"version", number_value(state.version)},
            {"operation", text_or_null(operation_text(state.operation))}};
}

Value::Map document_of(const Lease& lease) {
    return {{"outcome", text_value(name_of(lease.outcome))},
            {"held", lease.held},
            {"mine", lease.mine},
            {"node", text_or_null(lease.node)},
            {"holder", lease.holder},
            {"fence", number_value(lease.fence)},
            {"term_ms", ms_value(lease.term)},
            {"remaining_ms", ms_value(lease.remaining)}};
}

Value::Map document_of(const Decision& decision) {
    return {{"outcome", text_value(name_of(decision.outcome))},
            {"name", decision.name},
            {"question", decision.question},
            {"options", texts_value(decision.options)},
            {"status_quo", decision.status_quo},
            {"electors", texts_value(decision.electors)},
            {"votes", documents_of(decision.votes)},
            {"closed", decision.closed},
            {"decided", text_or_null(decision.decided)},
            {"why", decision.why},
            {"remaining_ms", ms_value(decision.remaining)}};
}

Value::Map document_of(const TaskInfo& task) {
    Value::Map document{{"id", task.id},
                        {"skill", task.skill},
                        {"key", task.key},
                        {"state", text_value(name_of(task.state))},
                        {"why", task.why},
                        {"announcer", text_or_null(task.announcer)},
                        {"custodians", texts_value(task.custodians)},
                        {"generation", number_value(task.generation)},
                        {"epoch", task.epoch},
                        {"winner", text_or_null(task.winner)},
                        {"attempts", documents_of(task.attempts)},
                        {"executions", number_value(task.executions)},
                        {"stale_refused", number_value(task.stale_refused)},
                        {"offered_at", time_value(task.offered_ms)},
                        {"partial", task.partial}};
    if (task.result) document["result"] = *task.result;
    return document;
}

Value::Map document_of(const TaskPage& page) {
    return {{"items", documents_of(page.tasks)},
            {"last", text_or_null(page.last)},
            {"more", page.more},
            {"partial", page.partial}};
}

Value::Map document_of(const TaskReport& report) {
    return {{"counts", report.counts}};
}

Value::Map document_of(const Task& task) {
    return {{"id", task.award().task},
            {"epoch", task.award().epoch},
            {"skill", task.skill()},
            {"payload", task.payload()},
            {"key", task.key()},
            {"trace", task.trace()},
            {"attempt", number_value(task.attempt())},
            {"deadline_ms", ms_value(task.deadline())},
            {"run_limit_ms", ms_value(task.run_limit())}};
}

Value::Map document_of(const Award& award, TaskStop why) {
    return {{"id", award.task}, {"epoch", award.epoch}, {"why", std::string(name_of(why))}};
}

std::string operation_text(const std::string& operation) {
    constexpr std::string_view digits = "0123456789abcdef";
    const bool plain = std::ranges::all_of(
        operation, [](unsigned char byte) { return byte > 0x20 && byte < 0x7f; });
    if (plain && !operation.starts_with("hex:")) return operation;
    std::string text = "hex:";
    for (const char each : operation) {
        const auto byte = static_cast<unsigned char>(each);
        text += digits[byte >> 4U];
        text += digits[byte & 0x0fU];
    }
    return text;
}

std::string operation_from(const std::string& text) {
    if (!text.starts_with("hex:")) return text;
    std::string operation;
    int high = -1;
    for (const char digit : std::string_view(text).substr(4)) {
        const auto place = std::string_view("0123456789abcdef").find(digit);
        if (place == std::string_view::npos) return text;
        const int low = static_cast<int>(place);
        if (high >= 0) operation += static_cast<char>(high << 4 | low);
        high = high >= 0 ? -1 : low;
    }
    return operation;
}

}  // namespace starling::cli
