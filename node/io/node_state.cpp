#include "node/calls_state.hpp"
#include "node/io/node_inside.hpp"

namespace starling {
namespace {

std::optional<NodeEvent> event_of(ByteView bytes) {
    auto change = detail::state_change_of(bytes);
    if (!change) return std::nullopt;
    return NodeEvent{0, std::move(*change)};
}

}  // namespace

Pending<Written> Node::write(const std::vector<WriteStep>& steps, const WriteOptions& options) {
    return inside_->ask(detail::write_question(steps, options));
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
    return inside_->ask(detail::get_question(key, type));
}

Pending<EntryPage> Node::list(const std::string& prefix, const std::string& after,
                              std::uint32_t max) const {
    return inside_->ask(detail::list_question(prefix, after, max));
}

Result<Watch> Node::watch(const std::string& prefix, StateHandler handler, WatchFrom from) {
    const node::WatchAsk ask{prefix, from == WatchFrom::now};
    return inside_->subscribe(node::request_bytes(ask), event_of,
                              detail::deliver_to<StateChange>(std::move(handler)));
}

}  // namespace starling
