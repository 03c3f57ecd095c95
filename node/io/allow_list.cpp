#include "node/io/allow_list.hpp"

#include <utility>

namespace starling::io {

void AllowList::admit(const CurveKey& curve, const NodeId& node) {
    const std::scoped_lock lock(mutex_);
    remove(curve);
    nodes_.emplace(curve, node);
    ++keys_of_[node];
}

void AllowList::expel(const CurveKey& curve) {
    const std::scoped_lock lock(mutex_);
    remove(curve);
}

void AllowList::remove(const CurveKey& curve) {
    const auto found = nodes_.find(curve);
    if (found == nodes_.end()) return;
    const auto keys = keys_of_.find(found->second);
    if (--keys->second == 0) keys_of_.erase(keys);
    nodes_.erase(found);
}

std::optional<NodeId> AllowList::ask(const CurveKey& curve, std::string_view address) {
    const std::scoped_lock lock(mutex_);
    const auto found = nodes_.find(curve);
    if (found != nodes_.end()) return found->second;
    ++denied_;
    if (denials_.size() < denials_kept) denials_.push_back({curve, std::string(address)});
    return std::nullopt;
}

bool AllowList::has(const NodeId& node) const {
    const std::scoped_lock lock(mutex_);
    return keys_of_.contains(node);
}

std::vector<Denial> AllowList::take_denials() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(denials_, {});
}

std::uint64_t AllowList::denied() const {
    const std::scoped_lock lock(mutex_);
    return denied_;
}

}  // namespace starling::io
