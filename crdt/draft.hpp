// Turns what a program asks for into operations that know what they end.
//
//   asked ──bind(first dot)──> operations, each aware of the live values and of those before it
//
// Pure: looks at the values, changes nothing.  Not thread safe.
#pragma once

#include "crdt/operation.hpp"
#include "crdt/values.hpp"

#include <map>
#include <set>
#include <utility>
#include <vector>

namespace starling::crdt {

class Draft {
public:
    // `values` must outlive the draft.
    Draft(const Values& values, const Dot& first) : values_(values), first_(first) {}

    // Adds one operation; a clear of any type becomes one operation per type.  An error names what
    // is wrong and makes the whole draft void.
    [[nodiscard]] Result<void> add(Operation asked);

    [[nodiscard]] std::vector<Operation> take() { return std::move(operations_); }

private:
    [[nodiscard]] bool is_live(std::string_view key, Type type) const;
    [[nodiscard]] std::set<Type> types_of(std::string_view key) const;
    std::vector<Dot>& live(const SlotKey& key);
    void load(std::string_view key, Type type);

    [[nodiscard]] Result<void> write(Operation asked);
    [[nodiscard]] Result<void> count(Operation asked);
    [[nodiscard]] Result<void> erase(Operation asked);
    [[nodiscard]] Result<void> clear(const Operation& asked);
    [[nodiscard]] Result<void> clear_type(const std::string& key, Type type);
    [[nodiscard]] Result<void> add_ending(Operation operation, std::vector<Dot> seen);
    [[nodiscard]] Result<void> check_type(const Operation& asked) const;

    const Values& values_;
    Dot first_;
    std::vector<Operation> operations_;
    std::map<SlotKey, std::vector<Dot>> live_;  // slots that the draft touches, as it leaves them
    std::map<std::string, std::int64_t> sums_;  // of the counters that it touches
};

}  // namespace starling::crdt
