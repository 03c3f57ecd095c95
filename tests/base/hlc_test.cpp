#include "base/hlc.hpp"

#include <catch2/catch.hpp>

namespace starling::hlc_test {
namespace {

using namespace std::chrono_literals;

constexpr WallTime noon{1000s};

TEST_CASE("stamps rise though the wall clock stands still", "[base][hlc]") {
    HybridClock clock;
    const HybridTime first = clock.tick(noon);
    CHECK(clock.tick(noon) > first);
}

TEST_CASE("stamps rise though the wall clock is set back", "[base][hlc]") {
    HybridClock clock;
    const HybridTime first = clock.tick(noon);
    CHECK(clock.tick(noon - 500s) > first);
}

TEST_CASE("a stamp seen is never passed by an older one", "[base][hlc]") {
    HybridClock clock;
    const HybridTime seen = HybridTime::of(wall_ms(noon + 30s), 3);
    CHECK(clock.observe(seen, noon) == Observed::taken);
    CHECK(clock.tick(noon) > seen);
}

TEST_CASE("a stamp too far ahead does not move the clock", "[base][hlc]") {
    HybridClock clock;
    const HybridTime limit = HybridTime::of(wall_ms(noon + HybridClock::ahead_max), 0);
    CHECK(clock.observe(HybridTime{limit.packed + 1}, noon) == Observed::too_far_ahead);
    CHECK(clock.last() == HybridTime{});
    CHECK(clock.observe(limit, noon) == Observed::taken);
}

}  // namespace
}  // namespace starling::hlc_test
