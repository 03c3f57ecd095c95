// Round trips between ten regions, in milliseconds: IBM Cloud's public table of August 2024.  Real
// asymmetries are in it: Dallas sees Madrid at 119, Madrid sees Dallas at 122.  Between two hosts
// of one region 1 ms: as between zones of one provider.
#include "sim/latency_matrix.hpp"

#include <array>
#include <cstddef>

namespace starling::sim {
namespace {

constexpr std::size_t places = 10;

constexpr std::array<std::string_view, places> place_names = {
    "dallas", "toronto", "washington", "frankfurt", "london",
    "madrid", "osaka",   "sydney",     "tokyo",     "sao-paulo"};

constexpr std::array<std::array<std::int64_t, places>, places> trips_ms = {{
    {1, 34, 31, 123, 113, 119, 150, 186, 143, 146},
    {34, 1, 19, 93, 82, 108, 168, 215, 162, 129},
    {31, 19, 1, 91, 75, 87, 172, 214, 164, 118},
    {123, 93, 91, 1, 13, 29, 232, 250, 233, 198},
    {113, 83, 75, 13, 1, 27, 244, 261, 243, 188},
    {122, 106, 88, 29, 27, 1, 257, 275, 258, 209},
    {150, 169, 172, 231, 243, 257, 1, 122, 9, 293},
    {186, 214, 214, 249, 261, 275, 122, 1, 115, 328},
    {143, 162, 166, 233, 244, 256, 9, 115, 1, 284},
    {144, 128, 119, 196, 187, 208, 291, 328, 283, 1},
}};

LatencyMatrix made() {
    std::vector<Duration> trips;
    for (const auto& row : trips_ms) {
        for (const std::int64_t trip : row) trips.emplace_back(std::chrono::milliseconds{trip});
    }
    return {std::move(trips), 0, {place_names.begin(), place_names.end()}};
}

}  // namespace

const std::shared_ptr<const LatencyMatrix>& wan10() {
    static const auto matrix = std::make_shared<const LatencyMatrix>(made());
    return matrix;
}

}  // namespace starling::sim
