#include "node/io/watchdog.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

namespace starling::io::watchdog_test {

using namespace std::chrono_literals;

TEST_CASE("a driver that does not turn for so many rounds hangs", "[io][watchdog]") {
    std::atomic<int> hangs{0};
    Watchdog watchdog({1ms, 3, [&] { ++hangs; }, "."});
    for (int i = 0; i < 1000 && hangs == 0; ++i) std::this_thread::sleep_for(1ms);
    CHECK(hangs == 1);
}

TEST_CASE("a driver that turns in every round does not hang", "[io][watchdog]") {
    std::atomic<int> hangs{0};
    Watchdog watchdog({200ms, 3, [&] { ++hangs; }, "."});
    for (int i = 0; i < 80; ++i) {
        watchdog.turned();
        std::this_thread::sleep_for(10ms);
    }
    CHECK(hangs == 0);
}

TEST_CASE("the watchdog knows the free bytes of the data directory", "[io][watchdog]") {
    Watchdog watchdog({1s, 30, [] {}, "."});
    CHECK(watchdog.free_bytes() > 0);
}

}  // namespace starling::io::watchdog_test
