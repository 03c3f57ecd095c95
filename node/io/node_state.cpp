#include "node/calls_state.hpp"
#include "node/io/node_inside.hpp"
#include "node/io/node_values.hpp"

namespace starling {
namespace {

Entry entry_of(const node::EntryRecord& record) {
    Entry entry;
    entry.key = record.key;
    entry.type = record.type;
    entry.values = detail::unpacked(record.values);
    entry.sum = record.sum;
    entry.version = detail::text_of(record.version);
    entry.node = detail::text_or_nothing(record.node);
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
        auto bytes = has_value ? detail::packed(step.value) : Bytes{};
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

std::optional<NodeEvent> event_of(ByteView bytes) {
    StateChange change;
    change.phase = Phase::lagged;
    if (bytes.empty()) return NodeEvent{0, std::move(change)};
    Decoder decoder;
    const auto record = node::answer_from<node::ChangeRecord>(decoder, bytes);
    if (!record) return std::nullopt;
    change.phase = record->phase;
    change.entry = entry_of(record->entry);
    change.removed = record->removed;
    change.remote = record->remote;
    change.lost = detail::unpacked(record->lost);
    change.staleness = record->staleness;
    return NodeEvent{0, std::move(change)};
}

}  // namespace

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

Pending<Written> Node::write(const std::vector<WriteStep>& steps, const WriteOptions& options) {
    auto ask = ask_of(steps, options);
    if (!ask) return inside_->fail<Written>(std::move(ask.error()));
    const auto convert = [](const node::WriteAnswer& answer) {
        return Written{detail::text_of(answer.version), answer.copies};
    };
    return inside_->ask<Written>(*ask, detail::Effect::possible,
                                 detail::reader_of<node::WriteAnswer>(convert));
}

Pending<Written> Node::set(const std::string& key, const Value& value,
                           const WriteOptions& options) {
    return write({WriteStep::set(key, value)}, options);
}

Pending<Written> Node::del(const std::string& key, const WriteOptions& options) {
    return write({WriteStep::del(key)}, options);
}

Pending<Written> Node::add(const std::string& key, std::int64_t amount,
                           const WriteOptions& options) {
    return write({WriteStep::add(key, amount)}, options);
}

Pending<Written> Node::insert(const std::string& key, const Value& element,
                              const WriteOptions& options) {
    return write({WriteStep::insert(key, element)}, options);
}

Pending<Written> Node::remove(const std::string& key, const Value& element,
                              const WriteOptions& options) {
    return write({WriteStep::remove(key, element)}, options);
}

Pending<EntryPage> Node::get(const std::string& key, std::optional<KeyType> type) const {
    const auto convert = [](const node::GetAnswer& answer) {
        return page_of(answer.entries, false, answer.as_of);
    };
    return inside_->ask<EntryPage>(node::GetAsk{key, type}, detail::Effect::none,
                                   detail::reader_of<node::GetAnswer>(convert));
}

Pending<EntryPage> Node::list(const std::string& prefix, const std::string& after,
                              std::uint32_t max) const {
    const auto convert = [](const node::EntryPage& page) {
        return page_of(page.entries, page.more, page.as_of);
    };
    return inside_->ask<EntryPage>(node::ListAsk{prefix, after, max}, detail::Effect::none,
                                   detail::reader_of<node::EntryPage>(convert));
}

Result<Watch> Node::watch(const std::string& prefix, StateHandler handler) {
    return inside_->subscribe(node::WatchAsk{prefix}, event_of,
                              detail::deliver_to<StateChange>(std::move(handler)));
}

}  // namespace starling
