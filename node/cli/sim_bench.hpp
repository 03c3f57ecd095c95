// The speed of the simulator, from several measurements of equal weight.
//
// Pure functions: thread safe.
#pragma once

#include <starling/value.hpp>

#include <vector>

namespace starling::cli {

// The middle of the values and their ends; all zero: there were none.
struct Spread {
    double median = 0;
    double min = 0;
    double max = 0;
};

[[nodiscard]] Spread spread_of(std::vector<double> values);

[[nodiscard]] Value::Map spread_value(const Spread& spread);

}  // namespace starling::cli
