// What goes between two sides, in one direction or in both.
//
//      {ann, bob} | {eve, dan}   one way: from ann and bob to eve and dan, not back
//
// Hosts on neither side are not concerned.  Immutable once made: thread safe to read.
#pragma once

#include "base/assert.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace starling::sim {

enum class Direction : std::uint8_t { both, one_way };

class Border {
public:
    // REQUIRES: no host is on both sides.
    Border(std::span<const std::uint32_t> left, std::span<const std::uint32_t> right,
           Direction direction, std::size_t hosts)
        : direction_(direction), sides_(hosts, Side::neither) {
        for (const std::uint32_t host : left) sides_.at(host) = Side::left;
        for (const std::uint32_t host : right) {
            STARLING_ASSERT(sides_.at(host) == Side::neither);
            sides_[host] = Side::right;
        }
    }

    // Whether what goes from one host to the other crosses it.
    [[nodiscard]] bool is_crossed(std::uint32_t from, std::uint32_t to) const {
        const Side source = side_of(from);
        const Side target = side_of(to);
        if (source == Side::left && target == Side::right) return true;
        return direction_ == Direction::both && source == Side::right && target == Side::left;
    }

private:
    enum class Side : std::uint8_t { neither, left, right };

    [[nodiscard]] Side side_of(std::uint32_t host) const {
        return host < sides_.size() ? sides_[host] : Side::neither;
    }

    Direction direction_;
    std::vector<Side> sides_;
};

}  // namespace starling::sim
