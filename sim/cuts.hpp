// Which hosts cannot reach which: the partitions that are in force.
//
//      cut {ann, bob} | {eve, dan}  one_way: ann, bob do not reach eve, dan; these do reach them
//
// Hosts that a cut does not name are not touched by it; several cuts add up.  Not thread safe.
#pragma once

#include "base/assert.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace starling::sim {

enum class Direction : std::uint8_t { both, one_way };

class Cuts {
public:
    explicit Cuts(std::size_t hosts = 0) : hosts_(hosts) {}

    void grow(std::size_t hosts) { hosts_ = std::max(hosts_, hosts); }

    // REQUIRES: `number` is not in force, no host is on both sides.
    void add(std::uint64_t number, std::span<const std::uint32_t> left,
             std::span<const std::uint32_t> right, Direction direction) {
        Cut cut{number, direction, std::vector<Side>(hosts_, Side::neither)};
        for (const std::uint32_t host : left) cut.sides.at(host) = Side::left;
        for (const std::uint32_t host : right) {
            STARLING_ASSERT(cut.sides.at(host) == Side::neither);
            cut.sides[host] = Side::right;
        }
        cuts_.push_back(std::move(cut));
    }

    void remove(std::uint64_t number) {
        std::erase_if(cuts_, [&](const Cut& cut) { return cut.number == number; });
    }

    void clear() { cuts_.clear(); }

    [[nodiscard]] bool any() const { return !cuts_.empty(); }

    // Whether a packet from one host reaches the other.
    [[nodiscard]] bool reaches(std::uint32_t from, std::uint32_t to) const {
        return std::ranges::none_of(cuts_, [&](const Cut& cut) { return stops(cut, from, to); });
    }

    // Whether packets pass in both directions.
    [[nodiscard]] bool connects(std::uint32_t a, std::uint32_t b) const {
        return reaches(a, b) && reaches(b, a);
    }

private:
    enum class Side : std::uint8_t { neither, left, right };

    struct Cut {
        std::uint64_t number = 0;
        Direction direction{};
        std::vector<Side> sides;
    };

    static bool stops(const Cut& cut, std::uint32_t from, std::uint32_t to) {
        const Side source = side_of(cut, from);
        const Side target = side_of(cut, to);
        if (source == Side::left && target == Side::right) return true;
        return cut.direction == Direction::both && source == Side::right && target == Side::left;
    }

    static Side side_of(const Cut& cut, std::uint32_t host) {
        return host < cut.sides.size() ? cut.sides[host] : Side::neither;
    }

    std::size_t hosts_;
    std::vector<Cut> cuts_;
};

}  // namespace starling::sim
