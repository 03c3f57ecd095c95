#include "auction/turned_away.hpp"

#include "base/limits.hpp"

#include <algorithm>

namespace starling::auction {

void TurnedAway::note(const NodeId& by, const Cfp& call) {
    const auto known = std::ranges::find_if(
        notes_, [&](const Asked& each) { return each.by == by && each.call.skill == call.skill; });
    if (known != notes_.end()) {
        known->call = call;  // I1
    } else if (notes_.size() < limits::turned_away) {
        notes_.push_back({by, call});  // I3
    }
}

void TurnedAway::forget(const NodeId& by) {
    std::erase_if(notes_, [&](const Asked& each) { return each.by == by; });
}

std::optional<Asked> TurnedAway::take(const std::function<bool(const Asked&)>& can_be_met) {
    const auto found = std::ranges::find_if(notes_, can_be_met);
    if (found == notes_.end()) return std::nullopt;
    Asked taken = std::move(*found);
    notes_.erase(found);  // I2
    return taken;
}

}  // namespace starling::auction
