#include "sim/shrink_odds.hpp"

#include <algorithm>
#include <numeric>

namespace starling::sim {
namespace {

constexpr std::uint64_t certain = 1U << 20U;  // the share of what is needed for sure

}  // namespace

Odds::Odds(Places places) {
    for (const std::uint32_t place : places) things_.push_back({place, places.size()});
}

Places Odds::proposal() const {
    std::vector<Thing> order = things_;
    std::ranges::stable_sort(order, std::ranges::greater{}, &Thing::one_of);
    Places removal;
    std::uint64_t expected = 0;
    for (const Thing& thing : order) {
        if (thing.one_of <= 1 || removal.size() + 1 >= things_.size()) break;
        expected += certain / thing.one_of;
        if (!removal.empty() && expected > certain / 2) break;
        removal.push_back(thing.place);
    }
    std::ranges::sort(removal);
    return removal;
}

void Odds::need(const Places& removal) {
    for (Thing& thing : things_) {
        if (!std::ranges::binary_search(removal, thing.place)) continue;
        thing.one_of = std::min<std::uint64_t>(thing.one_of, removal.size());
    }
}

void Odds::leave(const Places& removal) {
    std::erase_if(things_, [&](const Thing& thing) {
        return std::ranges::binary_search(removal, thing.place);
    });
    settle();
}

// Something of what is left is needed.
void Odds::settle() {
    for (Thing& thing : things_) {
        thing.one_of = std::min<std::uint64_t>(thing.one_of, things_.size());
    }
}

Places Odds::left() const {
    Places places;
    for (const Thing& thing : things_) places.push_back(thing.place);
    return places;
}

}  // namespace starling::sim
