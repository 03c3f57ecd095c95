#include "sim/cuts.hpp"

#include <catch2/catch.hpp>

#include <array>

namespace starling::sim::cuts_test {
namespace {

constexpr std::uint32_t ann = 0;
constexpr std::uint32_t bob = 1;
constexpr std::uint32_t eve = 2;
constexpr std::array left = {ann};
constexpr std::array right = {bob};

TEST_CASE("a cut stops packets in both directions", "[sim][cuts]") {
    Cuts cuts(3);
    cuts.add(1, left, right, Direction::both);
    CHECK_FALSE(cuts.reaches(ann, bob));
    CHECK_FALSE(cuts.reaches(bob, ann));
}

TEST_CASE("a one-way cut lets the other direction pass", "[sim][cuts]") {
    Cuts cuts(3);
    cuts.add(1, left, right, Direction::one_way);
    CHECK_FALSE(cuts.reaches(ann, bob));
    CHECK(cuts.reaches(bob, ann));
    CHECK_FALSE(cuts.connects(bob, ann));
}

TEST_CASE("a host that a cut does not name reaches both sides", "[sim][cuts]") {
    Cuts cuts(3);
    cuts.add(1, left, right, Direction::both);
    CHECK(cuts.connects(eve, ann));
    CHECK(cuts.connects(eve, bob));
}

TEST_CASE("healing one of two cuts leaves the other in force", "[sim][cuts]") {
    Cuts cuts(3);
    cuts.add(1, left, right, Direction::both);
    cuts.add(2, left, right, Direction::both);
    cuts.remove(1);
    CHECK_FALSE(cuts.reaches(ann, bob));
    cuts.remove(2);
    CHECK(cuts.reaches(ann, bob));
}

}  // namespace
}  // namespace starling::sim::cuts_test
