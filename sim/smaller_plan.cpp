#include "sim/smaller_plan.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

namespace starling::sim {
namespace {

using NewNumbers = std::map<std::uint32_t, std::uint32_t>;

std::vector<std::uint32_t> renumbered(std::span<const std::uint32_t> side,
                                      const NewNumbers& numbers) {
    std::vector<std::uint32_t> left;
    for (const std::uint32_t host : side) {
        const auto found = numbers.find(host);
        if (found != numbers.end()) left.push_back(found->second);
    }
    return left;
}

// Each once, ascending: a host on both sides stays on the left one.
void fold(Fault& fault, std::uint32_t nodes) {
    fault.host %= nodes;
    std::set<std::uint32_t> left;
    std::set<std::uint32_t> right;
    for (const std::uint32_t host : fault.left) left.insert(host % nodes);
    for (const std::uint32_t host : fault.right) right.insert(host % nodes);
    for (const std::uint32_t host : left) right.erase(host);
    fault.left.assign(left.begin(), left.end());
    fault.right.assign(right.begin(), right.end());
}

// The fault among those who are left; nothing when it has nobody to strike.
std::optional<Fault> renumbered(Fault fault, const NewNumbers& numbers) {
    if (row_of(fault.kind).target == Target::sides) {
        fault.left = renumbered(fault.left, numbers);
        fault.right = renumbered(fault.right, numbers);
        if (fault.left.empty() || fault.right.empty()) return std::nullopt;
        return fault;
    }
    const auto found = numbers.find(fault.host);
    if (found == numbers.end()) return std::nullopt;
    fault.host = found->second;
    return fault;
}

}  // namespace

Plan with_faults(const Plan& plan, std::span<const std::uint32_t> kept) {
    Plan smaller = plan;
    smaller.faults.clear();
    for (const std::uint32_t place : kept) smaller.faults.push_back(plan.faults[place]);
    return smaller;
}

Plan with_kinds(const Plan& plan, std::span<const std::uint32_t> kept) {
    Plan smaller = plan;
    std::erase_if(smaller.faults, [&](const Fault& fault) {
        return std::ranges::find(kept, static_cast<std::uint32_t>(fault.kind)) == kept.end();
    });
    return smaller;
}

Plan with_clients(const Plan& plan, std::span<const std::uint32_t> kept) {
    Plan smaller = plan;
    for (const std::uint32_t place : all_places(load_rows.size())) {
        if (std::ranges::find(kept, place) != kept.end()) continue;
        smaller.load.*load_rows[place].rate = 0;
    }
    return smaller;
}

Places kinds_in(const Plan& plan) {
    std::set<std::uint32_t> kinds;
    for (const Fault& fault : plan.faults) kinds.insert(static_cast<std::uint32_t>(fault.kind));
    return {kinds.begin(), kinds.end()};
}

Places clients_in(const Plan& plan) {
    Places places = all_places(load_rows.size());
    std::erase_if(places,
                  [&](std::uint32_t place) { return plan.load.*load_rows[place].rate == 0; });
    return places;
}

Plan with_hosts(const Plan& plan, std::span<const std::uint32_t> kept) {
    NewNumbers numbers;
    for (const std::uint32_t host : kept) {
        numbers.emplace(host, static_cast<std::uint32_t>(numbers.size()));
    }
    Plan smaller = plan;
    smaller.nodes = static_cast<std::uint32_t>(kept.size());
    smaller.faults.clear();
    for (const Fault& fault : plan.faults) {
        if (auto left = renumbered(fault, numbers)) smaller.faults.push_back(std::move(*left));
    }
    return smaller;
}

Places struck_hosts(const Plan& plan, std::uint32_t nodes) {
    Places order;
    for (const Fault& fault : plan.faults) {
        if (row_of(fault.kind).target != Target::sides) order.push_back(fault.host);
    }
    for (const Fault& fault : plan.faults) {
        const Places& smaller = fault.left.size() < fault.right.size() ? fault.left : fault.right;
        order.insert(order.end(), smaller.begin(), smaller.end());
    }
    const Places all = all_places(plan.nodes);
    order.insert(order.end(), all.begin(), all.end());
    std::set<std::uint32_t> chosen;
    for (const std::uint32_t host : order) {
        if (chosen.size() < nodes) chosen.insert(host);
    }
    return {chosen.begin(), chosen.end()};
}

Plan folded(const Plan& plan, std::uint32_t nodes) {
    Plan smaller = plan;
    smaller.nodes = nodes;
    for (Fault& fault : smaller.faults) fold(fault, nodes);
    std::erase_if(smaller.faults, [](const Fault& fault) {
        const bool between = row_of(fault.kind).target == Target::sides;
        return between && (fault.left.empty() || fault.right.empty());
    });
    return smaller;
}

Plan earlier_from(const Plan& plan, std::size_t first, Duration by) {
    Plan smaller = plan;
    for (std::size_t place = first; place < plan.faults.size(); ++place) {
        smaller.faults[place].at -= by;
    }
    smaller.healed_at -= by;
    smaller.duration -= by;
    return smaller;
}

Duration last_end(const Plan& plan) {
    Duration last{};
    for (const Fault& fault : plan.faults) last = std::max(last, end_of(fault));
    return last;
}

Places all_places(std::size_t count) {
    Places places(count);
    std::iota(places.begin(), places.end(), 0U);
    return places;
}

std::vector<Places> split(const Places& places, std::size_t parts) {
    std::vector<Places> runs;
    for (std::size_t part = 0; part < parts; ++part) {
        const auto at = [&](std::size_t number) {
            return places.begin() + static_cast<std::ptrdiff_t>(places.size() * number / parts);
        };
        runs.emplace_back(at(part), at(part + 1));
    }
    return runs;
}

Places without(const Places& places, const Places& removed) {
    Places left;
    std::ranges::set_difference(places, removed, std::back_inserter(left));
    return left;
}

Plan healed_sooner(const Plan& plan, Duration healed_at) {
    Plan smaller = plan;
    smaller.healed_at = healed_at;
    smaller.duration = healed_at + (plan.duration - plan.healed_at);
    std::erase_if(smaller.faults, [&](const Fault& fault) { return fault.at >= healed_at; });
    for (Fault& fault : smaller.faults) fault.lasts = std::min(fault.lasts, healed_at - fault.at);
    return smaller;
}

}  // namespace starling::sim
