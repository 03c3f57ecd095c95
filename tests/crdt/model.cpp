#include "tests/crdt/model.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <utility>

namespace starling::crdt {
namespace {

bool covers(const Vector& vector, const Dot& dot) {
    const auto entry = vector.find(dot.origin);
    return entry != vector.end() && entry->second >= dot.counter;
}

bool creates(Verb verb) {
    return verb == Verb::assign || verb == Verb::insert || verb == Verb::increment;
}

// Whether an operation ends, of what it had seen, values like this one.
bool ends(const Operation& operation, const Operation& value) {
    if (operation.key != value.key || operation.type != value.type) return false;
    if (operation.verb == Verb::increment) return false;
    if (operation.verb == Verb::clear || operation.verb == Verb::assign) return true;
    return operation.value == value.value;  // insert, erase
}

}  // namespace

Vector vector_of(const Store& store) {
    Vector vector;
    for (const auto& [origin, head] : store.heads()) vector[origin] = head.counter;
    return vector;
}

std::set<Dot> live_dots(const Store& store) {
    std::set<Dot> dots;
    for (const auto& [key, slot] : store.values().slots()) {
        STARLING_ASSERT(!slot.empty());
        for (const Row& row : slot) STARLING_ASSERT(dots.insert(row.dot).second);
    }
    return dots;
}

void Model::note(const std::vector<Operation>& operations, const Dot& first, Vector seen,
                 HybridTime time) {
    for (std::size_t i = 0; i < operations.size(); ++i) {
        const Dot dot{first.origin, first.counter + i};
        seen[first.origin] = dot.counter - 1;  // it also saw what came before it in the batch
        events_.push_back({dot, operations[i], seen, time});
    }
}

bool Model::lives(const Event& event, const std::vector<const Event*>& delivered) const {
    if (!creates(event.operation.verb)) return false;
    return std::ranges::none_of(delivered, [&](const Event* other) {
        return ends(other->operation, event.operation) && covers(other->seen, event.dot);
    });
}

bool Model::is_causal(const Vector& delivered) const {
    return std::ranges::all_of(events_, [&](const Event& event) {
        return !covers(delivered, event.dot) ||
               std::ranges::all_of(event.seen, [&](const auto& entry) {
                   return entry.second == 0 || covers(delivered, {entry.first, entry.second});
               });
    });
}

Model::Shown Model::shown(const Vector& delivered) const {
    std::vector<const Event*> events;
    for (const Event& event : events_) {
        if (covers(delivered, event.dot)) events.push_back(&event);
    }
    // By clock and dot, so that the winner comes last.
    std::ranges::sort(events, {},
                      [](const Event* event) { return std::pair(event->time, event->dot); });

    Shown shown;
    std::map<std::string, std::int64_t> sums;
    for (const Event* event : events) {
        if (!lives(*event, events)) continue;
        const Operation& operation = event->operation;
        if (operation.type == Type::counter) {
            sums[operation.key] += operation.amount;
            continue;
        }
        auto& values = shown[{operation.key, operation.type}];
        values.insert(values.begin(), operation.value);
    }
    for (const auto& [key, sum] : sums) shown[{key, Type::counter}] = {bytes_of_sum(sum)};
    for (auto& [key, values] : shown) {
        const bool set = std::get<Type>(key) == Type::set;
        std::sort(values.begin() + (set ? 0 : 1), values.end());
        if (set) values.erase(std::unique(values.begin(), values.end()), values.end());
    }
    return shown;
}

Model::Shown shown_by(const Store& store) {
    Model::Shown shown;
    for (const View& view : store.list("", "", ~std::size_t{0})) {
        auto& values = shown[{view.key, view.type}];
        if (view.type == Type::set) {
            values = view.elements;
            continue;
        }
        values.push_back(view.value);
        for (std::size_t i = 1; i < view.siblings.size(); ++i) {
            values.push_back(view.siblings[i].value);
        }
        std::sort(values.begin() + 1, values.end());
    }
    return shown;
}

}  // namespace starling::crdt
