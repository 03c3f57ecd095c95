#include "base/hash_index.hpp"

#include "base/ids.hpp"

#include <catch2/catch.hpp>

#include <map>

namespace starling::hash_index_test {
namespace {

TaskId task(std::uint64_t number) {
    TaskId id;
    store_u64(id.bytes, number);
    return id;
}

TEST_CASE("a hash index agrees with a map after any inserts and erases", "[base][hash_index]") {
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
        Rng rng(seed);
        HashIndex<TaskId, int> index(seed);
        std::map<TaskId, int> model;
        for (int round = 0; round < 20'000; ++round) {
            const TaskId key = task(rng.below(300));
            if (rng.chance(1, 2)) {
                REQUIRE(index.insert(key, round) == model.emplace(key, round).second);
            } else {
                REQUIRE(index.erase(key) == (model.erase(key) == 1));
            }
            REQUIRE(index.size() == model.size());
        }
        for (std::uint64_t number = 0; number < 300; ++number) {
            const int* found = index.find(task(number));
            const auto expected = model.find(task(number));
            REQUIRE((found != nullptr) == (expected != model.end()));
            if (found != nullptr) REQUIRE(*found == expected->second);
        }
    }
}

TEST_CASE("nothing is found in an empty index", "[base][hash_index]") {
    HashIndex<TaskId, int> index;
    CHECK(index.find(task(1)) == nullptr);
    CHECK_FALSE(index.erase(task(1)));
}

}  // namespace
}  // namespace starling::hash_index_test
