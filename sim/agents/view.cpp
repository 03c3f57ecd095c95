#include "sim/agents/witness.hpp"
#include <starling/sim_view.hpp>

namespace starling::sim {
inline namespace agents {

std::chrono::nanoseconds View::time() const {
    return witness_.now();
}

std::uint32_t View::nodes() const {
    return witness_.nodes();
}

bool View::is_up(std::uint32_t node) const {
    return witness_.is_up(node);
}

const Entry* View::entry(std::uint32_t node, const std::string& key) const {
    const auto& picture = witness_.picture(node);
    const auto found = picture.lower_bound({key, KeyType{}});
    return found == picture.end() || found->first.first != key ? nullptr : &found->second;
}

std::optional<Value> View::value(std::uint32_t node, const std::string& key) const {
    const Entry* found = entry(node, key);
    return found == nullptr ? std::nullopt : std::optional<Value>(found->value());
}

std::int64_t View::counter(std::uint32_t node, const std::string& key) const {
    const auto& picture = witness_.picture(node);
    const auto found = picture.find({key, KeyType::counter});
    return found == picture.end() ? 0 : found->second.sum;
}

std::vector<std::string> View::keys(std::uint32_t node, const std::string& prefix) const {
    std::vector<std::string> keys;
    const auto& picture = witness_.picture(node);
    for (auto each = picture.lower_bound({prefix, KeyType{}}); each != picture.end(); ++each) {
        const std::string& key = each->first.first;
        if (!key.starts_with(prefix)) break;
        if (keys.empty() || keys.back() != key) keys.push_back(key);
    }
    return keys;
}

const std::vector<Note>& View::notes() const {
    return witness_.notes();
}

std::int64_t View::sum(const std::string& name) const {
    return witness_.sum(name);
}

std::optional<Value> View::last(std::uint32_t node, const std::string& name) const {
    const Value* value = witness_.last(node, name);
    return value == nullptr ? std::nullopt : std::optional<Value>(*value);
}

std::vector<TaskInfo> View::tasks() const {
    std::vector<TaskInfo> tasks;
    for (const auto& [id, task] : witness_.tasks()) tasks.push_back(task);
    return tasks;
}

}  // namespace agents
}  // namespace starling::sim
