#include "sim/outbox.hpp"

#include <catch2/catch.hpp>

#include <vector>

namespace starling::sim::outbox_test {
namespace {

std::vector<int> released(Outbox<int>& outbox, std::uint64_t durable) {
    std::vector<int> items;
    outbox.release(durable, [&](int item) { items.push_back(item); });
    return items;
}

TEST_CASE("nothing leaves before its batch is durable", "[sim][outbox]") {
    Outbox<int> outbox;
    outbox.hold(2, 20);
    CHECK(released(outbox, 1).empty());
}

TEST_CASE("what is held leaves in order, up to the durable batch", "[sim][outbox]") {
    Outbox<int> outbox;
    outbox.hold(1, 10);
    outbox.hold(1, 11);
    outbox.hold(2, 20);
    outbox.hold(3, 30);
    CHECK(released(outbox, 2) == std::vector{10, 11, 20});
    CHECK(released(outbox, 3) == std::vector{30});
}

}  // namespace
}  // namespace starling::sim::outbox_test
