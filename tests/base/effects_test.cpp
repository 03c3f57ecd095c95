#include "base/effects.hpp"

#include <catch2/catch.hpp>

#include <array>

namespace starling::effects_test {
namespace {

struct Note {
    static constexpr Kind kind = Kind::batches;
    std::uint64_t number = 0;

    void encode(Writer& out) const {
        out.list(1);
        out.uint(number);
    }
};

struct Beat : Note {
    static constexpr Kind kind = Kind::ping;
};

NodeId node(std::uint8_t first) {
    NodeId id;
    id.bytes[0] = first;
    return id;
}

TEST_CASE("a broadcast is encoded once", "[base][effects]") {
    Effects out;
    const std::array to{node(1), node(2), node(3)};
    out.send_all(to, Note{7});
    REQUIRE(out.outgoing().size() == 3);
    CHECK(out.outgoing()[0].body.offset == out.outgoing()[2].body.offset);
    CHECK(equal(out.view(out.outgoing()[1].body), encoded(Note{7})));
}

TEST_CASE("a frame that promises waits for the disk, a heartbeat does not", "[base][effects]") {
    Effects out;
    out.send(node(1), Note{1});
    out.send(node(1), Beat{});
    CHECK(out.outgoing()[0].gate == Gate::durable);
    CHECK(out.outgoing()[1].gate == Gate::open);
}

TEST_CASE("a record keeps its key and its value", "[base][effects]") {
    Effects out;
    out.persist(Table::meta, view_of("boot"), Note{9});
    out.erase(Table::meta, view_of("old"));
    REQUIRE(out.stored().size() == 2);
    CHECK(text_of(out.view(out.stored()[0].key)) == "boot");
    CHECK(equal(out.view(out.stored()[0].value), encoded(Note{9})));
    CHECK(out.stored()[1].erase);
}

TEST_CASE("cleared effects are empty", "[base][effects]") {
    Effects out;
    out.send(node(1), Note{1});
    out.trace(Event::node_ready, node(1).prefix(), 5U);
    out.dial(node(1), CurveKey{}, LinkId{1}, "localhost:1");
    CHECK_FALSE(out.empty());
    out.clear();
    CHECK(out.empty());
}

}  // namespace
}  // namespace starling::effects_test
