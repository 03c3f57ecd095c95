#include "base/rng.hpp"

#include "base/fixed_log.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>
#include <vector>

namespace starling::rng_test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a draw depends on seed, stream and counter alone", "[base][rng]") {
    CHECK(draw(1, 2, 3) == draw(1, 2, 3));
    CHECK(draw(1, 2, 3) != draw(2, 2, 3));
    CHECK(draw(1, 2, 3) != draw(1, 3, 3));
    CHECK(draw(1, 2, 3) != draw(1, 2, 4));
}

TEST_CASE("draws are the same on every machine", "[base][rng]") {
    CHECK(draw(0, 0, 0) == 0xd3dc5d64746ee298ULL);
}

TEST_CASE("numbers below a bound fill it evenly", "[base][rng]") {
    Rng rng(7);
    std::vector<int> counts(10);
    for (int i = 0; i < 100'000; ++i) ++counts[static_cast<std::size_t>(rng.below(10))];
    const auto [low, high] = std::ranges::minmax_element(counts);
    CHECK(*low > 9'500);
    CHECK(*high < 10'500);
}

TEST_CASE("both ends of a range are drawn", "[base][rng]") {
    Rng rng(7);
    bool low = false;
    bool high = false;
    for (int i = 0; i < 200; ++i) {
        const auto number = rng.between(std::uint64_t{3}, std::uint64_t{5});
        REQUIRE(number >= 3);
        REQUIRE(number <= 5);
        low |= number == 3;
        high |= number == 5;
    }
    CHECK(low);
    CHECK(high);
}

TEST_CASE("exponential draws have the mean they were asked for", "[base][rng]") {
    Rng rng(11);
    Duration sum{};
    for (int i = 0; i < 100'000; ++i) sum += rng.exponential(1ms);
    CHECK(sum / 100'000 > 985us);
    CHECK(sum / 100'000 < 1015us);
}

TEST_CASE("a shuffle loses nothing", "[base][rng]") {
    std::vector<int> items(100);
    std::iota(items.begin(), items.end(), 0);
    const std::vector<int> before = items;
    Rng rng(3);
    rng.shuffle(std::span(items));
    CHECK(items != before);
    std::ranges::sort(items);
    CHECK(items == before);
}

TEST_CASE("jitter grows with the attempt up to its cap", "[base][rng]") {
    Rng rng(5);
    Duration longest{};
    for (int i = 0; i < 1000; ++i) {
        REQUIRE(full_jitter(rng, 20ms, 5s, 0) <= 20ms);
        REQUIRE(full_jitter(rng, 20ms, 5s, 63) <= 5s);
        longest = std::max(longest, full_jitter(rng, 20ms, 5s, 63));
    }
    CHECK(longest > 4s);
}

TEST_CASE("integer logarithms are exact at powers of two", "[base][fixed_log]") {
    CHECK(log2_q16(1) == 0);
    CHECK(log2_q16(2) == 1U << 16U);
    CHECK(log2_q16(1ULL << 63U) == 63U << 16U);
    CHECK(log2_q16(3) == 103'872);  // log2(3) = 1.58496...
}

}  // namespace
}  // namespace starling::rng_test
