// One fault of a plan from its line, read part by part as the row of its kind says.
//
//      [at TIME] WORD TARGET AMOUNT for TIME
//
// Pure functions, thread safe.
#pragma once

#include "sim/fault.hpp"
#include "sim/plan_cursor.hpp"
#include "sim/plan_flaw.hpp"

#include <cstddef>
#include <string_view>

namespace starling::sim {

// Behind the sides of a fault that strikes one direction only.
inline constexpr std::string_view one_way = "one-way";

// A fault and where its parts stand.
struct FaultLine {
    Fault fault;
    std::size_t line = 0;
    std::size_t at = 0;
    std::size_t target = 0;
    std::size_t amount = 0;
    std::size_t lasts = 0;

    [[nodiscard]] std::size_t column_of(PlanPart part) const {
        switch (part) {
            case PlanPart::target:
                return target;
            case PlanPart::amount:
                return amount;
            case PlanPart::lasts:
                return lasts;
            case PlanPart::at:
            case PlanPart::field:
                break;
        }
        return at;
    }
};

// What follows "[at" on line `line`.
[[nodiscard]] Read<FaultLine> read_fault(PlanCursor& cursor, std::size_t line);

}  // namespace starling::sim
