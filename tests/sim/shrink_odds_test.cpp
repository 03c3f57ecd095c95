#include "sim/shrink_odds.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

namespace starling::sim::shrink_odds_test {
namespace {

struct Search {
    Places left;
    std::size_t trials = 0;
    std::set<Places> tried;  // what was left in each
};

// Of so many things, where the rest fails as long as it has all of these.
Search search(std::size_t count, const Places& needed) {
    Search search;
    Odds odds(all_places(count));
    for (Places removal = odds.proposal(); !removal.empty(); removal = odds.proposal()) {
        const Places rest = without(odds.left(), removal);
        ++search.trials;
        search.tried.insert(rest);
        if (std::ranges::includes(rest, needed)) {
            odds.leave(removal);
        } else {
            odds.need(removal);
        }
    }
    search.left = odds.left();
    return search;
}

TEST_CASE("of many things those that are needed are left", "[sim][shrink]") {
    for (const Places& needed : {Places{0}, Places{63}, Places{5, 60}, Places{1, 2, 3, 4, 5},
                                 Places{0, 10, 20, 30, 40, 50}}) {
        CHECK(search(64, needed).left == needed);
    }
}

TEST_CASE("one thing of many is found with two trials a halving at most", "[sim][shrink]") {
    for (std::uint32_t needed = 0; needed < 64; ++needed) {
        CHECK(search(64, {needed}).trials <= 12);
    }
}

TEST_CASE("where all things are needed each is tried alone", "[sim][shrink]") {
    const Search found = search(9, all_places(9));
    CHECK(found.left == all_places(9));
    for (std::uint32_t place = 0; place < 9; ++place) {
        CHECK(found.tried.contains(without(all_places(9), {place})));
    }
}

TEST_CASE("nothing is proposed of nothing, nor of the last", "[sim][shrink]") {
    CHECK(Odds({}).proposal().empty());
    CHECK(Odds({7}).proposal().empty());
}

}  // namespace
}  // namespace starling::sim::shrink_odds_test
