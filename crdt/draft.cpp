#include "crdt/draft.hpp"

#include "base/limits.hpp"

#include <algorithm>
#include <utility>

namespace starling::crdt {
namespace {

SlotKey slot_key_of(const Operation& operation) {
    SlotKey key{operation.key, operation.type, {}};
    if (operation.type == Type::set) key.element = operation.value;
    return key;
}

std::vector<Dot> dots_of(const Slot& slot) {
    std::vector<Dot> dots;
    for (const Row& row : slot) dots.push_back(row.dot);
    return dots;
}

}  // namespace

Result<void> Draft::add(Operation asked) {
    if (auto shape = checked(asked); !shape) return shape;
    switch (asked.verb) {
        case Verb::assign:
        case Verb::insert:
            return write(std::move(asked));
        case Verb::increment:
            return count(std::move(asked));
        case Verb::erase:
            return erase(std::move(asked));
        case Verb::clear:
            return clear(asked);
    }
    return {};
}

std::vector<Dot>& Draft::live(const SlotKey& key) {
    const auto [place, added] = live_.try_emplace(key);
    const Slot* slot = added ? values_.find(key) : nullptr;
    if (slot != nullptr) place->second = dots_of(*slot);
    return place->second;
}

void Draft::load(std::string_view key, Type type) {
    for (const SlotKey& slot : values_.slots_of(key, type)) live(slot);
}

// A key's slots stand together; the first that the draft does not empty decides.
bool Draft::is_live(std::string_view key, Type type) const {
    const SlotKey start{std::string(key), type, {}};
    const auto in_range = [&](const SlotKey& slot) { return slot.key == key && slot.type == type; };
    const auto& stored = values_.slots();
    for (auto slot = stored.lower_bound(start); slot != stored.end(); ++slot) {
        if (!in_range(slot->first)) break;
        const auto touched = live_.find(slot->first);
        if (touched == live_.end() || !touched->second.empty()) return true;
    }
    for (auto slot = live_.lower_bound(start); slot != live_.end(); ++slot) {
        if (!in_range(slot->first)) break;
        if (!slot->second.empty()) return true;
    }
    return false;
}

std::set<Type> Draft::types_of(std::string_view key) const {
    std::set<Type> types;
    for (const Type type : {Type::lww, Type::mv, Type::counter, Type::set}) {
        if (is_live(key, type)) types.insert(type);
    }
    return types;
}

// A name gets a second type only by concurrent creation; then both can be written.
Result<void> Draft::check_type(const Operation& asked) const {
    const std::set<Type> types = types_of(asked.key);
    if (types.empty() || types.contains(asked.type)) return {};
    return failure(ErrorCode::invalid, "type_mismatch",
                   "'" + asked.key + "' is a " + std::string(name_of(*types.begin())) +
                       " here, not a " + std::string(name_of(asked.type)),
                   "use another key, or delete it first");
}

Result<void> Draft::add_ending(Operation operation, std::vector<Dot> seen) {
    if (seen.size() > limits::dots_per_operation) {
        return failure(ErrorCode::invalid, "too_many_elements",
                       "'" + operation.key + "' holds " + std::to_string(seen.size()) +
                           " values, one operation ends at most " +
                           std::to_string(limits::dots_per_operation),
                       "remove elements in several steps first");
    }
    operation.seen = std::move(seen);
    operations_.push_back(std::move(operation));
    return {};
}

Result<void> Draft::write(Operation asked) {
    if (auto fits = check_type(asked); !fits) return fits;
    std::vector<Dot>& dots = live(slot_key_of(asked));
    std::vector<Dot> seen = std::move(dots);
    // The own origin's row gives way by itself.
    std::erase_if(seen, [&](const Dot& dot) { return dot.origin == first_.origin; });
    dots = {{first_.origin, first_.counter + operations_.size()}};
    return add_ending(std::move(asked), std::move(seen));
}

Result<void> Draft::count(Operation asked) {
    if (auto fits = check_type(asked); !fits) return fits;
    const auto place = sums_.try_emplace(asked.key, values_.sum_of(asked.key)).first;
    if (__builtin_add_overflow(place->second, asked.amount, &place->second)) {
        return failure(ErrorCode::invalid, "counter_overflow",
                       "'" + asked.key + "' would leave the range of 64-bit integers");
    }
    live(slot_key_of(asked)).push_back({first_.origin, first_.counter + operations_.size()});
    return add_ending(std::move(asked), {});
}

Result<void> Draft::erase(Operation asked) {
    std::vector<Dot> seen = std::exchange(live(slot_key_of(asked)), {});
    if (seen.empty()) {
        return failure(ErrorCode::not_found, "element_missing",
                       "the set '" + asked.key + "' has no such element here");
    }
    return add_ending(std::move(asked), std::move(seen));
}

Result<void> Draft::clear(const Operation& asked) {
    if (asked.type != Type::any) return clear_type(asked.key, asked.type);
    const std::set<Type> types = types_of(asked.key);
    if (types.contains(Type::counter)) {
        return checked(Operation::clear(asked.key, Type::counter));
    }
    if (types.empty()) return clear_type(asked.key, Type::lww);
    for (const Type type : types) {
        if (auto cleared = clear_type(asked.key, type); !cleared) return cleared;
    }
    return {};
}

Result<void> Draft::clear_type(const std::string& key, Type type) {
    load(key, type);
    std::vector<Dot> seen;
    auto place = live_.lower_bound(SlotKey{key, type, {}});
    for (; place != live_.end() && place->first.key == key; ++place) {
        if (place->first.type != type) break;
        seen.insert(seen.end(), place->second.begin(), place->second.end());
        place->second.clear();
    }
    if (seen.empty()) {
        return failure(ErrorCode::not_found, "key_missing",
                       "there is no value under '" + key + "' here");
    }
    return add_ending(Operation::clear(key, type), std::move(seen));
}

}  // namespace starling::crdt
