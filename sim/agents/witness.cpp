#include "sim/agents/witness.hpp"

namespace starling::sim {

void Witness::on_down(std::uint32_t node) {
    nodes_.at(node).up = false;
    nodes_.at(node).picture.clear();
}

void Witness::on_change(std::uint32_t node, const StateChange& change) {
    if (change.phase != starling::Phase::current && change.phase != starling::Phase::change) return;
    Picture& picture = nodes_.at(node).picture;
    const std::pair key(change.entry.key, change.entry.type);
    if (change.removed) {
        picture.erase(key);
    } else {
        picture.insert_or_assign(key, change.entry);
    }
}

void Witness::on_note(std::uint32_t node, const std::string& name, const Value& value) {
    notes_.push_back({now_, node, name, value});
    nodes_.at(node).last_notes.insert_or_assign(name, value);
    if (const auto* number = value.as<std::int64_t>()) sums_[name] += *number;
}

bool Witness::is_up(std::uint32_t node) const {
    return node < nodes_.size() && nodes_[node].up;
}

const Witness::Picture& Witness::picture(std::uint32_t node) const {
    static const Picture none;
    return node < nodes_.size() ? nodes_[node].picture : none;
}

std::int64_t Witness::sum(const std::string& name) const {
    const auto found = sums_.find(name);
    return found == sums_.end() ? 0 : found->second;
}

const Value* Witness::last(std::uint32_t node, const std::string& name) const {
    if (node >= nodes_.size()) return nullptr;
    const auto found = nodes_[node].last_notes.find(name);
    return found == nodes_[node].last_notes.end() ? nullptr : &found->second;
}

}  // namespace starling::sim
