#include "node/cli/load_numbers.hpp"

#include "node/cli/load_freshness.hpp"

#include <catch2/catch.hpp>

using namespace starling::cli;
using namespace std::chrono_literals;

namespace {

constexpr NodeSet all_three = 0b111;

Freshness::Clock::time_point at(std::chrono::milliseconds ms) {
    return Freshness::Clock::time_point{} + ms;
}

}  // namespace

TEST_CASE("a percentile is the smallest sample that so many do not exceed", "[cli][load]") {
    Samples samples;
    for (int i = 100; i > 0; --i) samples.add(std::chrono::milliseconds(i));
    CHECK(samples.percentile(50) == 50ms);
    CHECK(samples.percentile(99) == 99ms);
    CHECK(samples.percentile(100) == 100ms);
    CHECK(Samples().percentile(99) == 0ms);
}

TEST_CASE("a counter that fell began anew, and what it counted before stays", "[cli][load]") {
    CounterSums sums;
    sums.observe("ann", "starling_tasks_offered_total 10\n");
    sums.observe("ann", "starling_tasks_offered_total 15\n");
    sums.observe("ann", "starling_tasks_offered_total 2\n");
    sums.observe("bob", "starling_tasks_offered_total 100\n");
    sums.observe("bob", "starling_tasks_offered_total 101\n");
    CHECK(sums.sum("tasks_offered") == 8);
    CHECK(sums.sum("unknown") == 0);
}

TEST_CASE("a percentile of a histogram lies inside the bucket that holds it", "[cli][load]") {
    CounterSums sums;
    const auto text = [](int low, int high) {
        return "starling_award_seconds_bucket{le=\"0.01\"} " + std::to_string(low) +
               "\nstarling_award_seconds_bucket{le=\"0.02\"} " + std::to_string(high) +
               "\nstarling_award_seconds_bucket{le=\"+Inf\"} " + std::to_string(high) +
               "\nstarling_award_seconds_count " + std::to_string(high) + "\n";
    };
    sums.observe("ann", text(0, 0));
    sums.observe("ann", text(50, 100));
    CHECK(sums.percentile_ms("award", 50) == Approx(10.0));
    CHECK(sums.percentile_ms("award", 75) == Approx(15.0));
}

TEST_CASE("a write makes one pair with each other node", "[cli][load]") {
    Freshness freshness(3, 1);
    freshness.on_committed(0, 0, all_three, at(5ms));
    freshness.on_seen(0, 1, at(7ms));
    CHECK(freshness.awaited() == 1);
    freshness.on_seen(0, 2, at(9ms));
    CHECK(freshness.samples().size() == 2);
    CHECK(freshness.samples().percentile(100) == 4ms);
}

TEST_CASE("what a node shows before the writer's answer came is no older than nothing",
          "[cli][load]") {
    Freshness freshness(2, 1);
    freshness.on_seen(0, 1, at(4ms));
    freshness.on_committed(0, 0, all_three, at(5ms));
    CHECK(freshness.samples().size() == 1);
    CHECK(freshness.samples().percentile(100) == 0ms);
}

TEST_CASE("a receiver that was not ready, or went away, is excluded once", "[cli][load]") {
    Freshness freshness(3, 1);
    freshness.on_committed(0, 0, 0b011, at(5ms));
    CHECK(freshness.excluded() == 1);
    freshness.on_gone(1);
    freshness.on_seen(0, 1, at(900ms));
    freshness.on_replayed(0, 2);
    CHECK(freshness.excluded() == 2);
    CHECK(freshness.samples().size() == 0);
}

TEST_CASE("a write that was repeated in doubt makes no samples", "[cli][load]") {
    Freshness freshness(3, 1);
    freshness.on_doubt(0);
    freshness.on_committed(0, 0, all_three, at(5ms));
    CHECK(freshness.excluded() == 2);
}
