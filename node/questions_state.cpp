#include "node/calls_state.hpp"
#include "node/public_values.hpp"
#include "node/questions.hpp"

namespace starling {

WriteStep WriteStep::set(std::string key, Value value, KeyType type) {
    return {std::move(key), WriteAction::put, std::move(value), type, 0};
}

WriteStep WriteStep::del(std::string key) {
    return {std::move(key), WriteAction::erase, {}, {}, 0};
}

WriteStep WriteStep::add(std::string key, std::int64_t amount) {
    return {std::move(key), WriteAction::add, {}, KeyType::counter, amount};
}

WriteStep WriteStep::insert(std::string key, Value element) {
    return {std::move(key), WriteAction::insert, std::move(element), KeyType::set, 0};
}

WriteStep WriteStep::remove(std::string key, Value element) {
    return {std::move(key), WriteAction::remove, std::move(element), KeyType::set, 0};
}

Value Entry::value() const {
    if (type == KeyType::counter) return sum;
    if (type == KeyType::set) return Value::List(values.begin(), values.end());
    return values.empty() ? Value() : values.front();
}

std::string_view name_of(KeyType type) {
    switch (type) {
        case KeyType::last_writer:
            return "lww";
        case KeyType::multi_value:
            return "mv";
        case KeyType::counter:
            return "counter";
        case KeyType::set:
            return "set";
    }
    return "lww";
}

namespace detail {
namespace {

Entry entry_of(const node::EntryRecord& record) {
    Entry entry;
    entry.key = record.key;
    entry.type = record.type;
    entry.values = unpacked(record.values);
    entry.sum = record.sum;
    entry.version = text_of(record.version);
    entry.node = text_or_nothing(record.node);
    entry.agent = record.agent;
    entry.reason = record.reason;
    entry.trace = record.trace;
    entry.written_ms = record.written_ms;
    entry.age = record.age;
    entry.conflicted = record.conflicted;
    return entry;
}

EntryPage page_of(const std::vector<node::EntryRecord>& records, bool more,
                  const std::optional<Duration>& as_of) {
    EntryPage page;
    for (const auto& record : records) page.entries.push_back(entry_of(record));
    page.more = more;
    page.as_of = as_of;
    return page;
}

Result<node::WriteAsk> ask_of(const std::vector<WriteStep>& steps, const WriteOptions& options) {
    node::WriteAsk ask;
    for (const WriteStep& step : steps) {
        const bool has_value = step.action != WriteAction::erase && step.action != WriteAction::add;
        auto bytes = has_value ? packed(step.value) : Bytes{};
        if (!bytes) {
            bytes.error().message = step.key + ": " + bytes.error().message;
            return tl::unexpected<Error>(std::move(bytes.error()));
        }
        ask.steps.push_back({step.key, step.type, step.action, std::move(*bytes), step.amount});
    }
    ask.agent = options.agent;
    ask.reason = options.reason;
    ask.trace = options.trace;
    ask.copies = options.copies;
    ask.timeout = options.within;
    return ask;
}

}  // namespace

Asked<Written> write_question(const std::vector<WriteStep>& steps, const WriteOptions& options) {
    const auto ask = ask_of(steps, options);
    if (!ask) return tl::unexpected<Error>(ask.error());
    const auto convert = [](const node::WriteAnswer& answer) {
        return Written{text_of(answer.version), answer.copies};
    };
    return Question<Written>{node::request_bytes(*ask), Effect::possible,
                             reader_of<node::WriteAnswer>(convert)};
}

Asked<EntryPage> get_question(const std::string& key, std::optional<KeyType> type) {
    const auto convert = [](const node::GetAnswer& answer) {
        return page_of(answer.entries, false, answer.as_of);
    };
    return Question<EntryPage>{node::request_bytes(node::GetAsk{key, type}), Effect::none,
                               reader_of<node::GetAnswer>(convert)};
}

Asked<EntryPage> list_question(const std::string& prefix, const std::string& after,
                               std::uint32_t max) {
    const auto convert = [](const node::EntryPage& page) {
        return page_of(page.entries, page.more, page.as_of);
    };
    return Question<EntryPage>{node::request_bytes(node::ListAsk{prefix, after, max}), Effect::none,
                               reader_of<node::EntryPage>(convert)};
}

std::optional<StateChange> state_change_of(ByteView body) {
    StateChange change;
    change.phase = Phase::lagged;
    if (body.empty()) return change;
    Decoder decoder;
    const auto record = node::answer_from<node::ChangeRecord>(decoder, body);
    if (!record) return std::nullopt;
    change.phase = record->phase;
    change.entry = entry_of(record->entry);
    change.removed = record->removed;
    change.remote = record->remote;
    change.lost = unpacked(record->lost);
    change.staleness = record->staleness;
    return change;
}

}  // namespace detail
}  // namespace starling
