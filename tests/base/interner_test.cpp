#include "base/interner.hpp"

#include <catch2/catch.hpp>

namespace starling::interner_test {
namespace {

NodeId node(std::uint64_t number) {
    NodeId id;
    store_u64(id.bytes, number);
    return id;
}

TEST_CASE("an id keeps its index while something names it", "[base][interner]") {
    NodeInterner interner;
    const NodeIndex index = interner.retain(node(1));
    CHECK(interner.retain(node(1)) == index);
    interner.release(index);
    CHECK(interner.find(node(1)) == index);
    CHECK(interner.id_of(index) == node(1));
}

TEST_CASE("an index is free once nothing names it", "[base][interner]") {
    NodeInterner interner;
    interner.release(interner.retain(node(1)));
    CHECK_FALSE(interner.find(node(1)).has_value());
    CHECK(interner.in_use() == 0);
}

TEST_CASE("a million short-lived ids need one block of indices", "[base][interner]") {
    NodeInterner interner;
    for (std::uint64_t i = 0; i < 1'000'000; ++i) interner.release(interner.retain(node(i)));
    CHECK(interner.capacity() == 64);
}

TEST_CASE("a scramble seed changes the numbers and nothing else", "[base][interner]") {
    NodeInterner one(1);
    NodeInterner two(2);
    bool differs = false;
    for (std::uint64_t i = 0; i < 64; ++i) {
        differs |= one.retain(node(i)) != two.retain(node(i));
    }
    CHECK(differs);
    for (std::uint64_t i = 0; i < 64; ++i) {
        CHECK(two.id_of(*two.find(node(i))) == one.id_of(*one.find(node(i))));
    }
}

}  // namespace
}  // namespace starling::interner_test
