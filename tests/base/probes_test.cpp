#include "base/probes.hpp"

#include "base/buggify.hpp"
#include "base/mutant.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

namespace starling::probes_test {
namespace {

std::uint64_t hits_of(std::string_view name) {
    const auto hits = probe_hits();
    return std::ranges::find(hits, name, [](const auto& each) { return each.first; })->second;
}

TEST_CASE("a probe counts how often it was hit", "[base][probes]") {
    const std::uint64_t before = hits_of("quorum.round_lost");
    STARLING_PROBE(round_lost);
    STARLING_PROBE(round_lost);
    CHECK(hits_of("quorum.round_lost") == before + 2);
}

TEST_CASE("every probe has a name of its own", "[base][probes]") {
    const std::set<std::string_view> names(probe_names.begin(), probe_names.end());
    CHECK(names.size() == probe_names.size());
    CHECK(probe_hits().size() == probe_names.size());
}

TEST_CASE("nothing is buggified without a source", "[base][buggify]") {
    for (int i = 0; i < 1000; ++i) REQUIRE_FALSE(STARLING_BUGGIFY(redial_at_once));
}

TEST_CASE("of the sites a quarter is armed, and fires with a quarter", "[base][buggify]") {
    std::size_t armed = 0;
    std::size_t fired = 0;
    constexpr std::size_t runs = 200;
    constexpr std::size_t times = 100;
    for (std::uint64_t seed = 0; seed < runs; ++seed) {
        Buggify source(seed);
        const BuggifyScope scope(&source);
        std::size_t here = 0;
        for (std::size_t i = 0; i < times; ++i) here += STARLING_BUGGIFY(redial_at_once) ? 1U : 0U;
        armed += here > 0 ? 1 : 0;
        fired += here;
    }
    CHECK(armed > runs / 6);
    CHECK(armed < runs / 3);
    CHECK(fired > armed * times / 5);
    CHECK(fired < armed * times * 3 / 10);
}

TEST_CASE("equal seeds buggify equally, and a scope ends", "[base][buggify]") {
    const auto fired = [](std::uint64_t seed) {
        Buggify source(seed);
        const BuggifyScope scope(&source);
        std::vector<bool> all;
        for (int i = 0; i < 100; ++i) {
            all.push_back(STARLING_BUGGIFY(heal_early));
            all.push_back(STARLING_BUGGIFY(resend_early));
        }
        return all;
    };
    for (std::uint64_t seed = 0; seed < 50; ++seed) CHECK(fired(seed) == fired(seed));
    CHECK_FALSE(STARLING_BUGGIFY(heal_early));
}

#ifndef STARLING_MUTANTS
TEST_CASE("without its build flag a mutant is what is right", "[base][mutant]") {
    constexpr int right = STARLING_MUTANT(1, 7, 8);
    CHECK(right == 7);
}
#endif

}  // namespace
}  // namespace starling::probes_test
