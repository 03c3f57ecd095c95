#include "sim/host_clock.hpp"

#include <catch2/catch.hpp>

namespace starling::sim::host_clock_test {
namespace {

using namespace std::chrono_literals;

Duration boot_at(const HostClock& clock, Duration now) {
    return clock.at(now).boot_time.time_since_epoch();
}

Duration wall_at(const HostClock& clock, Duration now) {
    return clock.at(now).wall.time_since_epoch();
}

TEST_CASE("a clock that nothing bends goes with the world", "[sim][clock]") {
    const HostClock clock(100s, 5000s);
    CHECK(boot_at(clock, 7s) == 107s);
    CHECK(wall_at(clock, 7s) == 5007s);
    CHECK(clock.when(BootTime{Duration{107s}}) == Duration{7s});
}

TEST_CASE("when a drifting clock shows a time is the first moment at which it does",
          "[sim][clock]") {
    for (const Duration gain :
         {Duration{-500us}, Duration{-1ns}, Duration{1ns}, Duration{333us}, HostClock::drift_max}) {
        HostClock clock(100s, 5000s);
        clock.drift(gain, 3s);
        for (const Duration shown : {103s + 1ns, Duration{104s}, 250s + 123'456'789ns}) {
            INFO(gain.count() << " ns a second, until " << shown.count());
            const auto when = clock.when(BootTime{shown});
            REQUIRE(when);
            CHECK(boot_at(clock, *when) >= shown);
            CHECK(boot_at(clock, *when - 1ns) < shown);
        }
    }
}

TEST_CASE("a clock gains no more than drift_max", "[sim][clock]") {
    HostClock clock({}, {});
    clock.drift(1h, 0s);
    CHECK(boot_at(clock, 10s) == 10s + HostClock::drift_max * 10);
}

TEST_CASE("a frozen clock stands still and shows no later time until it goes on", "[sim][clock]") {
    HostClock clock(100s, 5000s);
    clock.freeze(2s);
    CHECK(boot_at(clock, 9s) == 102s);
    CHECK_FALSE(clock.when(BootTime{Duration{103s}}));
    clock.thaw(9s);
    CHECK(boot_at(clock, 10s) == 103s);
    CHECK(clock.when(BootTime{Duration{103s}}) == Duration{10s});
}

TEST_CASE("a wall clock jumps in both directions, but not before 1970", "[sim][clock]") {
    HostClock clock(100s, 5000s);
    clock.step_wall(-1000s);
    CHECK(wall_at(clock, 1s) == 4001s);
    clock.step_wall(-10000s);
    CHECK(wall_at(clock, 1s) == 0s);
    CHECK(boot_at(clock, 1s) == 101s);
}

TEST_CASE("a wall clock that jumps ever on in one direction stays on that side", "[sim][clock]") {
    HostClock clock(100s, 5000s);
    for (int step = 0; step < 1000; ++step) clock.step_wall(24h * 365);
    CHECK(wall_at(clock, 1s) > 24h * 365 * 100);
    for (int step = 0; step < 1000; ++step) clock.step_wall(-24h * 365);
    CHECK(wall_at(clock, 1s) == 0s);
}

}  // namespace
}  // namespace starling::sim::host_clock_test
