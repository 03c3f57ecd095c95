// Which hosts cannot reach which: the partitions that are in force.
//
//      cut {ann, bob} | {eve, dan}  one_way: ann, bob do not reach eve, dan; these do reach them
//
// Hosts that a cut does not name are not touched by it; several cuts add up.  Not thread safe.
#pragma once

#include "sim/border.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace starling::sim {

class Cuts {
public:
    explicit Cuts(std::size_t hosts = 0) : hosts_(hosts) {}

    void grow(std::size_t hosts) { hosts_ = std::max(hosts_, hosts); }

    // REQUIRES: `number` is not in force, no host is on both sides.
    void add(std::uint64_t number, std::span<const std::uint32_t> left,
             std::span<const std::uint32_t> right, Direction direction) {
        cuts_.push_back({number, Border(left, right, direction, hosts_)});
    }

    void remove(std::uint64_t number) {
        std::erase_if(cuts_, [&](const Cut& cut) { return cut.number == number; });
    }

    void clear() { cuts_.clear(); }

    [[nodiscard]] bool any() const { return !cuts_.empty(); }

    // Whether a packet from one host reaches the other.
    [[nodiscard]] bool reaches(std::uint32_t from, std::uint32_t to) const {
        return std::ranges::none_of(
            cuts_, [&](const Cut& cut) { return cut.border.is_crossed(from, to); });
    }

    // Whether packets pass in both directions.
    [[nodiscard]] bool connects(std::uint32_t a, std::uint32_t b) const {
        return reaches(a, b) && reaches(b, a);
    }

private:
    struct Cut {
        std::uint64_t number = 0;
        Border border;
    };

    std::size_t hosts_;
    std::vector<Cut> cuts_;
};

}  // namespace starling::sim
