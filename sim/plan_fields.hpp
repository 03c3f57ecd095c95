// What a plan can say besides its faults, and how large the amounts of faults can be: one row each,
// for printer, parser and validation.
//
//      [section]  name=quantity  ──row──> a member of Plan
//
// Invariants:
//   I1  Every member of Plan that a run depends on has a row, the faults aside.
//   I2  A value from min to max fits into its member, and World can run with it.
//
// Constants: thread safe to read.
#pragma once

#include "sim/fault.hpp"
#include "sim/plan.hpp"
#include "sim/quantity.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace starling::sim {

struct PlanField {
    std::string_view section;
    std::string_view name;
    Quantity quantity{};
    std::uint64_t min = 0;
    std::uint64_t max = 0;
    std::uint64_t (*read)(const Plan&) = nullptr;
    void (*write)(Plan&, std::uint64_t) = nullptr;  // REQUIRES: a value from min to max
};

// In the order of plans; the fields of a section stand together.
[[nodiscard]] std::span<const PlanField> plan_fields();

// How amounts of a fault are written, and their range.
struct AmountRow {
    Amount amount{};
    Quantity quantity{};
    std::int64_t min = 0;
    std::int64_t max = 0;
};

// REQUIRES: not Amount::none.
[[nodiscard]] const AmountRow& row_of(Amount amount);

// The row of its amount, with the range that this kind of fault has.  REQUIRES: it has an amount.
[[nodiscard]] AmountRow amount_of(FaultKind kind);

// With a sign when it is negative: "-3600s".
[[nodiscard]] std::string amount_text(Amount amount, std::int64_t value);

[[nodiscard]] inline std::string time_text(Duration time) {
    return amount_text(Amount::time, time.count());
}

// "nodes is 1, possible are 2 to 1024"; nothing when the value is in the field's range.
[[nodiscard]] std::optional<std::string> range_missed(const PlanField& field, std::uint64_t value);

}  // namespace starling::sim
