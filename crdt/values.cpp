#include "crdt/values.hpp"

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"
#include "crdt/row_record.hpp"

#include <algorithm>
#include <utility>

namespace starling::crdt {
namespace {

bool leaves_row(Verb verb) {
    return verb != Verb::erase && verb != Verb::clear;
}

// What a reader of the slot sees of it.
std::optional<Bytes> shown(const SlotKey& key, const Slot& slot) {
    if (slot.empty()) return std::nullopt;
    switch (key.type) {
        case Type::lww:
        case Type::mv:
            return winner_of(slot).value;
        case Type::counter:
            return bytes_of_sum(sum_of(slot));
        case Type::set:
            return key.element;
        case Type::any:
            break;
    }
    return std::nullopt;
}

bool is_register(Type type) {
    return type == Type::lww || type == Type::mv;
}

// Wraps: the sum is modulo 2^64, whatever the order.
void count(Row& row, std::int64_t amount) {
    const auto bits = static_cast<std::uint64_t>(amount);
    if (amount >= 0) {
        row.added += bits;
    } else {
        row.taken += ~bits + 1;
    }
}

std::uint64_t hash_of(const SlotKey& key) {
    return Hasher("starling/v1/key").add(key.key).finish64();
}

// Where a key's slots of one type begin.
SlotKey start_of(std::string_view key, Type type) {
    return {std::string(key), type, {}};
}

Sibling sibling_of(const Row& row) {
    return {row.value, row.dot, row.time, *row.author};
}

}  // namespace

// One operation being applied.
class Values::Edit {
public:
    Edit(const Operation& operation, const Dot& dot, const Stamp& stamp, Effects& out,
         std::vector<Change>& changes)
        : operation_(operation),
          dot_(dot),
          stamp_(stamp),
          out_(out),
          changes_(changes),
          seen_(operation.seen) {
        std::ranges::sort(seen_);
    }

    // Ends the rows that the operation saw; true when there were any.
    bool end_seen(const SlotKey& key, Slot& slot) {
        const auto gone = [&](const Row& row) {
            const bool seen = STARLING_MUTANT(29, std::ranges::binary_search(seen_, row.dot),
                                              !leaves_row(operation_.verb));
            if (seen && STARLING_MUTANT(30, true, false)) {
                out_.erase(Table::values, row_key(key, row.dot.origin));
            }
            return seen;
        };
        return std::erase_if(slot, gone) > 0;
    }

    // Leaves the operation's own row in place of the origin's older one.
    void leave_row(const SlotKey& key, Slot& slot) {
        const auto by_origin = [](const Row& row) { return row.dot.origin; };
        auto place = std::ranges::lower_bound(slot, dot_.origin, {}, by_origin);
        if (place == slot.end() || STARLING_MUTANT(36, place->dot.origin != dot_.origin, false)) {
            place = slot.insert(place, Row{});
        }
        place->dot = dot_;
        place->time = stamp_.time;
        place->author = stamp_.author;
        if (is_register(key.type)) place->value = operation_.value;
        if (key.type == Type::counter) count(*place, operation_.amount);
        if (STARLING_MUTANT(32, false,
                            key.type == Type::counter && stamp_.cause == Cause::remote)) {
            count(*place, operation_.amount);
        }
        if (STARLING_MUTANT(31, true, false)) {
            out_.persist(Table::values, row_key(key, dot_.origin), RowRecord{key, *place});
        }
    }

    // Tells what became of the slot; gives the number of values that lost.
    std::size_t report(const SlotKey& key, const Slot& slot, std::optional<Bytes> before,
                       const std::optional<Row>& winner_before) {
        Change change;
        change.key = key.key;
        change.type = key.type;
        change.element = key.element;
        change.before = std::move(before);
        change.after = shown(key, slot);
        change.version = dot_;
        change.time = stamp_.time;
        change.author = *stamp_.author;
        change.cause = stamp_.cause;
        change.conflicted = is_register(key.type) && slot.size() > 1;
        const bool contested =
            change.conflicted && key.type == Type::lww && leaves_row(operation_.verb);
        if (const Row* row = contested ? loser(slot, winner_before) : nullptr) {
            STARLING_PROBE(write_lost);
            change.lost.push_back(row->value);
            out_.trace(Event::values_conflicted, hash_of(key),
                       winner_of(slot).dot.origin.node.prefix(), row->dot.origin.node.prefix());
        }
        const std::size_t lost = change.lost.size();
        changes_.push_back(std::move(change));
        return lost;
    }

private:
    // The row that just lost: ours, or the one that was shown and lives on behind ours.
    [[nodiscard]] const Row* loser(const Slot& slot,
                                   const std::optional<Row>& winner_before) const {
        const bool won = winner_of(slot).dot == dot_;
        if (won && !winner_before) return nullptr;
        const Dot& lost = won ? winner_before->dot : dot_;
        const auto row = std::ranges::find(slot, lost, &Row::dot);
        return row == slot.end() ? nullptr : &*row;
    }

    const Operation& operation_;
    Dot dot_;
    const Stamp& stamp_;
    Effects& out_;
    std::vector<Change>& changes_;
    std::vector<Dot> seen_;
};

Values::Values(const RecordSource& records) {
    Decoder decoder;
    records.scan(Table::values, [&](ByteView, ByteView value) {
        auto record = decoded<RowRecord>(decoder, value);
        STARLING_ASSERT(record.has_value());  // the journal gives back what it was given
        slots_[record->slot].push_back(std::move(record->row));  // keys ascend, so origins do
        ++rows_;
    });
}

void Values::apply(const Operation& operation, const Dot& dot, const Stamp& stamp, Effects& out,
                   std::vector<Change>& changes) {
    Edit edit(operation, dot, stamp, out, changes);
    if (operation.verb == Verb::clear) {
        for (const SlotKey& key : slots_of(operation.key, operation.type)) {
            apply_to_slot(key, operation, edit);
        }
        return;
    }
    SlotKey key = start_of(operation.key, operation.type);
    if (operation.type == Type::set) key.element = operation.value;
    apply_to_slot(key, operation, edit);
}

void Values::apply_to_slot(const SlotKey& key, const Operation& operation, Edit& edit) {
    const auto place = slots_.try_emplace(key).first;
    Slot& slot = place->second;
    const std::size_t rows_before = slot.size();
    auto before = shown(key, slot);
    std::optional<Row> winner_before;
    if (!slot.empty()) winner_before = winner_of(slot);

    const bool ended = edit.end_seen(key, slot);
    if (leaves_row(operation.verb)) edit.leave_row(key, slot);
    rows_ += slot.size() - rows_before;
    if (ended || leaves_row(operation.verb)) {
        losses_ += edit.report(key, slot, std::move(before), winner_before);
    }
    if (slot.empty()) slots_.erase(place);  // I3
}

const Slot* Values::find(const SlotKey& key) const {
    const auto found = slots_.find(key);
    return found == slots_.end() ? nullptr : &found->second;
}

std::vector<SlotKey> Values::slots_of(std::string_view key, Type type) const {
    std::vector<SlotKey> keys;
    auto place = slots_.lower_bound(start_of(key, type));
    for (; place != slots_.end() && place->first.key == key; ++place) {
        if (place->first.type != type) break;
        keys.push_back(place->first);
    }
    return keys;
}

std::int64_t Values::sum_of(std::string_view key) const {
    const Slot* slot = find(start_of(key, Type::counter));
    return slot == nullptr ? 0 : crdt::sum_of(*slot);
}

namespace {

// The view of one key and type from its slots; moves `place` behind them.
View view_at(Values::Slots::const_iterator& place, const Values::Slots& slots) {
    View view;
    view.key = place->first.key;
    view.type = place->first.type;
    const Row* newest = nullptr;
    const auto newer = [](const Row& a, const Row& b) {
        return std::pair(a.time, a.dot) < std::pair(b.time, b.dot);
    };
    for (; place != slots.end(); ++place) {
        const auto& [key, slot] = *place;
        if (key.key != view.key || key.type != view.type) break;
        const Row& winner = winner_of(slot);
        if (newest == nullptr || newer(*newest, winner)) newest = &winner;
        if (view.type == Type::set) view.elements.push_back(key.element);
        if (view.type == Type::counter) view.value = bytes_of_sum(sum_of(slot));
        if (!is_register(view.type)) continue;
        view.value = winner.value;
        view.conflicted = slot.size() > 1;
        if (!view.conflicted) continue;
        for (const Row& row : slot) view.siblings.push_back(sibling_of(row));
        const auto front = view.siblings.begin();
        std::rotate(front, front + (&winner - slot.data()), front + (&winner - slot.data()) + 1);
    }
    view.version = newest->dot;
    view.time = newest->time;
    view.author = *newest->author;
    return view;
}

}  // namespace

std::vector<View> Values::read(std::string_view key) const {
    std::vector<View> views;
    auto place = slots_.lower_bound(start_of(key, Type::any));
    while (place != slots_.end() && place->first.key == key) {
        views.push_back(view_at(place, slots_));
    }
    return views;
}

std::vector<View> Values::list(std::string_view prefix, std::string_view after,
                               std::size_t max) const {
    // Keys have no control characters: the least key above `after` is not below `after` plus a
    // zero.
    const std::string above = std::string(after) + '\0';
    const std::string_view start =
        after.empty() ? prefix : std::max<std::string_view>(prefix, above);
    std::vector<View> views;
    auto place = slots_.lower_bound(start_of(start, Type::any));
    while (place != slots_.end() && place->first.key.starts_with(prefix)) {
        const bool same_key = !views.empty() && views.back().key == place->first.key;
        if (views.size() >= max && !same_key) break;
        views.push_back(view_at(place, slots_));
    }
    return views;
}

const Row& winner_of(const Slot& slot) {
    STARLING_ASSERT(!slot.empty());
    return *std::ranges::max_element(slot, {},
                                     [](const Row& row) { return std::pair(row.time, row.dot); });
}

std::int64_t sum_of(const Slot& slot) {
    std::uint64_t sum = 0;
    for (const Row& row : slot) sum += row.added - row.taken;
    return static_cast<std::int64_t>(sum);
}

Bytes bytes_of_sum(std::int64_t sum) {
    Bytes bytes;
    Writer out(bytes);
    out.list(1);
    out.sint(sum);
    return bytes;
}

}  // namespace starling::crdt
