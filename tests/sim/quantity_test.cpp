#include "sim/quantity.hpp"

#include "base/rng.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace starling::sim::quantity_test {
namespace {

constexpr Quantity quantities[] = {Quantity::number,   Quantity::time,   Quantity::bytes,
                                   Quantity::rate,     Quantity::factor, Quantity::share,
                                   Quantity::byte_rate};

struct Sample {
    Quantity quantity;
    std::string_view text;
    std::uint64_t value;
};

TEST_CASE("a quantity is printed in the unit that people would choose", "[sim][quantity]") {
    const Sample samples[] = {
        {Quantity::number, "18446744073709551615", UINT64_MAX},
        {Quantity::time, "0s", 0},
        {Quantity::time, "1ns", 1},
        {Quantity::time, "300us", 300'000},
        {Quantity::time, "1.5ms", 1'500'000},
        {Quantity::time, "12.5s", 12'500'000'000},
        {Quantity::time, "12.000000001s", 12'000'000'001},
        {Quantity::time, "3600s", 3'600'000'000'000},
        {Quantity::time, "9223372036.854775807s", INT64_MAX},
        {Quantity::bytes, "2MiB", 2 << 20},
        {Quantity::bytes, "1025B", 1025},
        {Quantity::rate, "0.5/s", 500},
        {Quantity::rate, "10/s", 10'000},
        {Quantity::factor, "x10", 10},
        {Quantity::share, "0.01%", 100},
        {Quantity::share, "100%", 1'000'000},
        {Quantity::byte_rate, "64KiB/s", 64 << 10},
    };
    for (const Sample& sample : samples) {
        INFO(sample.text);
        CHECK(text_of(sample.quantity, sample.value) == sample.text);
        CHECK(quantity_from(sample.quantity, sample.text) == sample.value);
    }
}

TEST_CASE("other ways to write a quantity mean the same", "[sim][quantity]") {
    const Sample samples[] = {
        {Quantity::time, "1m", 60'000'000'000},
        {Quantity::time, "0.5h", 1'800'000'000'000},
        {Quantity::time, "0.000000001h", 3600},
        {Quantity::time, "2.50s", 2'500'000'000},
        {Quantity::time, "0.00050000000000ms", 500},
        {Quantity::time, "007ns", 7},
        {Quantity::bytes, "0.5KiB", 512},
        {Quantity::rate, "2.50/s", 2500},
        {Quantity::byte_rate, "0.25MiB/s", 256 << 10},
        {Quantity::share, "0.0100%", 100},
    };
    for (const Sample& sample : samples) {
        INFO(sample.text);
        CHECK(quantity_from(sample.quantity, sample.text) == sample.value);
    }
}

TEST_CASE("what cannot be meant exactly is refused with the cause", "[sim][quantity]") {
    const auto misread = [](Quantity quantity, std::string_view text) {
        const auto value = quantity_from(quantity, text);
        INFO(text);
        REQUIRE_FALSE(value);
        return value.error();
    };
    for (const char* text : {"", "s", ".5s", "1.s", "1", "-1s", "+1s", "1e3s", "1 s", "1.2.3s",
                             "1sec", "1.0ns", "0x10s", "1S"}) {
        CHECK(misread(Quantity::time, text) == Misread::malformed);
    }
    for (const char* text : {"1.0", "4 2", "ten", "x10"}) {
        CHECK(misread(Quantity::number, text) == Misread::malformed);
    }
    for (const char* text : {"0.0000000001s", "1.0005us", "0.0000000001h"}) {
        CHECK(misread(Quantity::time, text) == Misread::too_fine);
    }
    CHECK(misread(Quantity::rate, "0.0001/s") == Misread::too_fine);
    CHECK(misread(Quantity::share, "0.00001%") == Misread::too_fine);
    CHECK(misread(Quantity::bytes, "0.3KiB") == Misread::too_fine);
    CHECK(misread(Quantity::number, "18446744073709551616") == Misread::too_large);
    CHECK(misread(Quantity::time, "9223372036854775808ns") == Misread::too_large);
    CHECK(misread(Quantity::time, "9223372036.854775808s") == Misread::too_large);
    CHECK(misread(Quantity::time, "99999999999999999999999h") == Misread::too_large);
    CHECK(misread(Quantity::bytes, "17179869184GiB") == Misread::too_large);
}

TEST_CASE("every quantity is read as it was printed", "[sim][quantity]") {
    Rng rng(1, 1);
    for (const Quantity quantity : quantities) {
        for (int round = 0; round < 2000; ++round) {
            const std::uint64_t drawn = rng.next() >> rng.below(64);
            const std::uint64_t value = std::min(drawn, quantity_max(quantity));
            INFO(text_of(quantity, value));
            REQUIRE(quantity_from(quantity, text_of(quantity, value)) == value);
        }
        const std::uint64_t largest = quantity_max(quantity);
        CHECK(quantity_from(quantity, text_of(quantity, largest)) == largest);
    }
}

TEST_CASE("a rate is read as options write it, in thousandths of a second", "[sim][quantity]") {
    for (const std::uint32_t rate : {0U, 1U, 20U, 500U, 1000U, 10'000U, 12'345U, 1'000'000U}) {
        CHECK(rate_from(rate_text(rate)) == rate);
    }
    CHECK(rate_from("0.5") == 500U);
    CHECK(rate_from("2.50") == 2500U);
    for (const char* text :
         {"", ".", "1.", ".5", "-1", "+1", "1e3", "0.0001", "1.2.3", "ten", "1000000000000"}) {
        INFO(text);
        CHECK_FALSE(rate_from(text));
    }
}

}  // namespace
}  // namespace starling::sim::quantity_test
