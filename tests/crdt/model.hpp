// The store as a definition: what lives follows from the set of operations and what each had seen.
//
//   a value lives  <=>  its operation was delivered, and no delivered operation that ends such
//   values had
//                       seen it
//
// Slow and obvious.  Not thread safe.
#pragma once

#include "crdt/store.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace starling::crdt {

using Vector = std::map<Origin, std::uint64_t>;

[[nodiscard]] Vector vector_of(const Store& store);
// Every live dot of a store; asserts that each is live once.
[[nodiscard]] std::set<Dot> live_dots(const Store& store);

class Model {
public:
    // Operations that a store was asked for and that got the dots first, first + 1, ...
    void note(const std::vector<Operation>& operations, const Dot& first, Vector seen,
              HybridTime time);

    // What a store shows that has delivered this much.
    using Shown = std::map<std::tuple<std::string, Type>, std::vector<Bytes>>;
    [[nodiscard]] Shown shown(const Vector& delivered) const;

    // Whether everything delivered comes with all that its writer had seen.
    [[nodiscard]] bool is_causal(const Vector& delivered) const;

private:
    struct Event {
        Dot dot;
        Operation operation;
        Vector seen;
        HybridTime time;
    };

    [[nodiscard]] bool lives(const Event& event, const std::vector<const Event*>& delivered) const;

    std::vector<Event> events_;
};

// The same form: registers winner first, then siblings by bytes; elements of sets; sums of
// counters.
[[nodiscard]] Model::Shown shown_by(const Store& store);

}  // namespace starling::crdt
