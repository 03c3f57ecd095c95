#include "sim/platter.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

namespace starling::sim::platter_test {
namespace {

std::string text_in(const Platter& platter, std::string_view file) {
    Bytes bytes(static_cast<std::size_t>(platter.size(file)));
    platter.read(file, 0, bytes);
    return {bytes.begin(), bytes.end()};
}

TEST_CASE("what was written is read before it settled", "[sim][platter]") {
    Platter platter;
    platter.write("a", 2, view_of("xyz"));
    CHECK(text_in(platter, "a") == std::string("\0\0xyz", 5));
}

TEST_CASE("what settled survives every crash", "[sim][platter]") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Platter platter;
        Rng rng(seed);
        platter.write("a", 0, view_of("kept"));
        platter.settle();
        platter.write("b", 0, view_of("perhaps"));
        platter.crash(rng);
        REQUIRE(text_in(platter, "a") == "kept");
    }
}

TEST_CASE("a change after its file's last sync may be lost, whole or torn, one before it is there",
          "[sim][platter]") {
    std::size_t lost = 0;
    std::size_t whole = 0;
    std::size_t torn = 0;
    const std::string two_sectors(2 * Platter::sector_bytes, 'x');
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        Platter platter;
        Rng rng(seed);
        platter.write("a", 0, view_of("before"));
        platter.sync("a");
        platter.settle();
        platter.write("b", 0, view_of(two_sectors));
        platter.crash(rng);
        REQUIRE(text_in(platter, "a") == "before");
        const std::string after = text_in(platter, "b");
        if (after.empty()) {
            ++lost;
        } else if (after == two_sectors) {
            ++whole;
        } else {
            ++torn;
        }
    }
    CHECK(lost > 50);
    CHECK(whole > 20);
    CHECK(torn > 20);
}

TEST_CASE("the sync of one file says nothing about another", "[sim][platter]") {
    std::size_t lost = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        Platter platter;
        Rng rng(seed);
        platter.write("a", 0, view_of("text"));
        platter.sync("b");
        platter.crash(rng);
        if (text_in(platter, "a").empty()) ++lost;
    }
    CHECK(lost > 20);
}

TEST_CASE("a torn write leaves the sectors it did not cover", "[sim][platter]") {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Platter platter;
        Rng rng(seed);
        platter.write("a", 0, view_of(std::string(4 * Platter::sector_bytes, 'o')));
        platter.settle();
        platter.write("a", Platter::sector_bytes, view_of(std::string(Platter::sector_bytes, 'n')));
        platter.crash(rng);
        const std::string after = text_in(platter, "a");
        REQUIRE(std::ranges::count(after.substr(0, Platter::sector_bytes), 'o') ==
                static_cast<std::ptrdiff_t>(Platter::sector_bytes));
        REQUIRE(std::ranges::count(after.substr(2 * Platter::sector_bytes), 'o') ==
                static_cast<std::ptrdiff_t>(2 * Platter::sector_bytes));
    }
}

}  // namespace
}  // namespace starling::sim::platter_test
