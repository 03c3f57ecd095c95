#include "base/buggify.hpp"

#include "base/rng.hpp"

namespace starling {
namespace {

constexpr std::uint64_t armed_stream = 0x62756767ULL << 32U;
constexpr std::uint64_t fire_stream = 0x62756768ULL << 32U;
constexpr std::uint64_t one_in = 4;

}  // namespace

Buggify::Buggify(std::uint64_t seed) : seed_(seed) {
    for (std::size_t site = 0; site < buggify_sites; ++site) {
        armed_[site] = Rng(seed, armed_stream + site).chance(1, one_in);
    }
}

bool Buggify::fires(BuggifySite site) {
    const auto place = static_cast<std::size_t>(site);
    if (!armed_.at(place)) return false;
    return draw(seed_, fire_stream + place, asked_.at(place)++) % one_in == 0;
}

}  // namespace starling
