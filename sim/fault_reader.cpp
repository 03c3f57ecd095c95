#include "sim/fault_reader.hpp"

#include "sim/plan_fields.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace starling::sim {
namespace {

Read<Duration> take_time(PlanCursor& cursor) {
    return take_quantity(cursor, Quantity::time).map([](std::uint64_t time) {
        return Duration{static_cast<std::int64_t>(time)};
    });
}

// With a sign: its range says whether it may have one.
Read<std::int64_t> take_amount(PlanCursor& cursor, Amount amount) {
    if (cursor.word().empty()) {
        return tl::unexpected(mistake_at(cursor, description_of(row_of(amount).quantity)));
    }
    const Quantity quantity = row_of(amount).quantity;
    const std::size_t column = cursor.column();
    const std::string_view word = cursor.take_word();
    const bool negative = word.starts_with('-');
    const auto size = quantity_from(quantity, word.substr(negative ? 1 : 0));
    if (!size) return tl::unexpected(mistake_at(column, size.error(), quantity, word));
    const auto value = static_cast<std::int64_t>(std::min<std::uint64_t>(*size, INT64_MAX));
    return negative ? -value : value;
}

// A node by its number from 1.
std::optional<std::uint32_t> host_from(std::string_view number) {
    const auto value = quantity_from(Quantity::number, number);
    if (!value || *value == 0 || *value > plan_nodes_max) return std::nullopt;
    return static_cast<std::uint32_t>(*value - 1);
}

const std::string& host_wanted() {
    static const std::string text = "the number of a node, 1 to " + std::to_string(plan_nodes_max);
    return text;
}

// The hosts of both sides of a fault: none stands twice, so that there are few.
class Sides {
public:
    // Reads "{1,4-7}".
    Read<std::vector<std::uint32_t>> take(PlanCursor& cursor) {
        if (!cursor.take("{")) return tl::unexpected(mistake_at(cursor, "{ and nodes"));
        std::vector<std::uint32_t> side;
        do {
            if (auto mistake = take_range(cursor, side)) return tl::unexpected(*mistake);
        } while (cursor.take(","));
        if (!cursor.take("}")) return tl::unexpected(mistake_at(cursor, ", or }"));
        return side;
    }

private:
    std::optional<Mistake> take_range(PlanCursor& cursor, std::vector<std::uint32_t>& side) {
        const std::size_t column = cursor.column();
        const std::string_view word = cursor.word();
        const std::size_t dash = std::min(word.find('-'), word.size());
        const auto first = host_from(word.substr(0, dash));
        const auto last = dash < word.size() ? host_from(word.substr(dash + 1)) : first;
        if (!first || !last || *last < *first) {
            return mistake_at(cursor, host_wanted() + ", or a range such as 2-5");
        }
        for (std::uint32_t host = *first; host <= *last; ++host) {
            if (std::exchange(seen_[host], true)) {
                return Mistake{column, "node " + std::to_string(host + 1) + " stands twice"};
            }
            side.push_back(host);
        }
        cursor.take_word();
        return std::nullopt;
    }

    std::array<bool, plan_nodes_max> seen_{};
};

// Reads the parts of one fault in their order: [at TIME] WORD TARGET AMOUNT for TIME.
class FaultReader {
public:
    FaultReader(PlanCursor& cursor, std::size_t line) : cursor_(cursor) { read_.line = line; }

    // What follows "[at".
    Read<FaultLine> read() {
        for (const auto part :
             {&FaultReader::take_begin, &FaultReader::take_kind, &FaultReader::take_target,
              &FaultReader::take_size, &FaultReader::take_end}) {
            if (auto mistake = (this->*part)()) return tl::unexpected(*mistake);
        }
        return std::move(read_);
    }

private:
    using Failed = std::optional<Mistake>;

    Failed take_begin() {
        read_.at = cursor_.column();
        const auto at = take_time(cursor_);
        if (!at) return at.error();
        read_.fault.at = *at;
        if (!cursor_.take("]")) return mistake_at(cursor_, "]");
        return std::nullopt;
    }

    Failed take_kind() {
        const auto found = std::ranges::find(fault_rows, cursor_.word(), &FaultRow::word);
        if (found == fault_rows.end()) return mistake_at(cursor_, "a fault: " + kinds());
        row_ = &*found;
        read_.fault.kind = row_->kind;
        cursor_.take_word();
        return std::nullopt;
    }

    Failed take_target() {
        read_.target = cursor_.column();
        return row_->target == Target::host ? take_host() : take_sides();
    }

    Failed take_host() {
        if (!cursor_.take("node")) return mistake_at(cursor_, "node and its number");
        read_.target = cursor_.column();
        const auto host = host_from(cursor_.word());
        if (!host) return mistake_at(cursor_, host_wanted());
        read_.fault.host = *host;
        cursor_.take_word();
        return std::nullopt;
    }

    Failed take_sides() {
        Sides sides;
        auto left = sides.take(cursor_);
        if (!left) return left.error();
        if (!cursor_.take("|")) return mistake_at(cursor_, "| between the sides");
        auto right = sides.take(cursor_);
        if (!right) return right.error();
        read_.fault.left = std::move(*left);
        read_.fault.right = std::move(*right);
        if (cursor_.take(one_way)) read_.fault.direction = Direction::one_way;
        return std::nullopt;
    }

    Failed take_size() {
        if (row_->amount == Amount::none) return std::nullopt;
        read_.amount = cursor_.column();
        const auto amount = take_amount(cursor_, row_->amount);
        if (!amount) return amount.error();
        read_.fault.amount = *amount;
        return std::nullopt;
    }

    Failed take_end() {
        if (row_->has_end) {
            if (!cursor_.take("for")) return mistake_at(cursor_, "for and a time");
            read_.lasts = cursor_.column();
            const auto lasts = take_time(cursor_);
            if (!lasts) return lasts.error();
            read_.fault.lasts = *lasts;
        }
        if (cursor_.at_end()) return std::nullopt;
        return mistake_at(cursor_, "the end of the line");
    }

    static std::string kinds() {
        std::string text;
        for (const FaultRow& row : fault_rows) {
            text += (text.empty() ? "" : ", ") + std::string(row.word);
        }
        return text;
    }

    PlanCursor& cursor_;
    const FaultRow* row_ = nullptr;
    FaultLine read_;
};

}  // namespace

Read<FaultLine> read_fault(PlanCursor& cursor, std::size_t line) {
    return FaultReader(cursor, line).read();
}

}  // namespace starling::sim
