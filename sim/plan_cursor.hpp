// One line of a plan, read from the left: words, and the marks [ ] { } | , = between them.
//
//      [at 12.5s] crash node 3 for 4s   # comment
//       ^ column 2: at_end(), take(...) and column() pass over blanks first
//
// Not thread safe.
#pragma once

#include "sim/quantity.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace starling::sim {

class PlanCursor {
public:
    explicit PlanCursor(std::string_view line) : line_(line.substr(0, line.find('#'))) {}

    // Of what comes next, from 1.
    [[nodiscard]] std::size_t column();

    // Nothing but blanks and a comment is left.
    [[nodiscard]] bool at_end() { return column() > line_.size(); }

    // What comes next up to a blank or a mark; empty when that is next, or the end.
    [[nodiscard]] std::string_view word();
    std::string_view take_word();

    // Takes this word or mark if it comes next.
    bool take(std::string_view wanted);

    // What comes next, for messages.
    [[nodiscard]] std::string found();

private:
    std::string_view line_;
    std::size_t place_ = 0;
};

// What is wrong with a line, and where.
struct Mistake {
    std::size_t column = 0;
    std::string what;
};

template <class T>
using Read = tl::expected<T, Mistake>;

// In quotes, harmless on any terminal, shortened.
[[nodiscard]] std::string quoted(std::string_view text);

// "found ..., expected ...", at what comes next.
[[nodiscard]] Mistake mistake_at(PlanCursor& cursor, std::string_view expected);
[[nodiscard]] Mistake mistake_at(std::size_t column, Misread why, Quantity quantity,
                                 std::string_view word);

// The word that comes next as a quantity.
[[nodiscard]] Read<std::uint64_t> take_quantity(PlanCursor& cursor, Quantity quantity);

}  // namespace starling::sim
