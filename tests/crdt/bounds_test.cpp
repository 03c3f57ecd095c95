// What the parts of the store hold at most.
#include "tests/crdt/world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace starling::crdt::bounds_test {
namespace {

Origin origin_of(std::uint64_t number) {
    NodeId node;
    store_u64(node.bytes, number);
    return {node, Boot{1}};
}

Parcel parcel_of(const Origin& origin, std::uint64_t first, std::size_t bytes) {
    Parcel parcel;
    parcel.batch.origin = origin;
    parcel.batch.first = first;
    parcel.body.resize(bytes);
    return parcel;
}

TEST_CASE("waiting batches are bounded in number", "[crdt][limits]") {
    Waiting waiting;
    for (std::uint64_t i = 0; i < limits::batches_waiting; ++i) {
        REQUIRE(waiting.park(parcel_of(origin_of(i), 2, 1)) == ParkVerdict::parked);
    }
    CHECK(waiting.park(parcel_of(origin_of(1), 2, 1)) == ParkVerdict::parked_already);
    CHECK(waiting.park(parcel_of(origin_of(1), 3, 1)) == ParkVerdict::no_room);
    waiting.pop(origin_of(7));
    CHECK(waiting.park(parcel_of(origin_of(1), 3, 1)) == ParkVerdict::parked);
}

TEST_CASE("waiting batches are bounded in bytes", "[crdt][limits]") {
    Waiting waiting;
    const std::size_t count = limits::batches_waiting_bytes / limits::batch_bytes;
    for (std::uint64_t i = 0; i < count; ++i) {
        REQUIRE(waiting.park(parcel_of(origin_of(i), 2, limits::batch_bytes)) ==
                ParkVerdict::parked);
    }
    CHECK(waiting.bytes() == limits::batches_waiting_bytes);
    CHECK(waiting.park(parcel_of(origin_of(count), 2, 1)) == ParkVerdict::no_room);
    CHECK(waiting.front(origin_of(count)) == nullptr);
    waiting.drop(origin_of(0));
    CHECK(waiting.park(parcel_of(origin_of(count), 2, 1)) == ParkVerdict::parked);
}

TEST_CASE("goals are bounded by the number of origins there may be", "[crdt][limits]") {
    Pulls pulls;
    for (std::uint64_t i = 0; i <= limits::origins; ++i) pulls.want(origin_of(i), 1, NodeId{});
    CHECK(pulls.count() == limits::origins);
    pulls.forget(origin_of(3));
    pulls.want(origin_of(limits::origins), 1, NodeId{});
    CHECK(pulls.count() == limits::origins);
}

TEST_CASE("one origin more than the limit is refused", "[crdt][limits]") {
    World world(2);
    {
        Origins origins(world.store(World::ann).origin(), world.disk(World::ann));
        Effects out;
        for (std::uint64_t i = 1; i < limits::origins; ++i) {
            Batch batch;
            batch.origin = origin_of(i);
            origins.advance(batch, Hash256{}, 1, out);
        }
        world.disk(World::ann).commit(out);
    }
    world.restart(World::ann);
    const auto batch_of = [&](Boot boot, Bytes& body) {
        Batch batch;
        batch.origin = {world.id(World::bob), boot};
        batch.operations = {Operation::increment("c", 1)};
        body = encoded(batch);
        return Batches{Freshness::stored, {sealed(world.key(World::bob), body, chain_of(body))}};
    };
    Bytes body;
    CHECK(world.receive(World::ann, World::bob, batch_of(Boot{1}, body)) == BatchVerdict::applied);
    CHECK(world.receive(World::ann, World::bob, batch_of(Boot{2}, body)) ==
          BatchVerdict::too_many_origins);
    CHECK(world.store(World::ann).values().sum_of("c") == 1);
}

TEST_CASE("a frame takes exactly the most batches that it may", "[crdt][limits]") {
    Batches message{Freshness::stored, std::vector<SealedBatch>(limits::batches_per_frame)};
    Decoder decoder;
    CHECK(decoded<Batches>(decoder, encoded(message)));
    message.batches.emplace_back();
    CHECK_FALSE(decoded<Batches>(decoder, encoded(message)));
}

TEST_CASE("what does not fit into one frame waits for the next question", "[crdt][limits]") {
    Serves serves;
    Effects out;
    const Range range{origin_of(1), 1, 9};
    REQUIRE(serves.on_want(NodeId{}, {{range}}, out) == WantVerdict::served);
    const Bytes large = encoded(SealedBatch{Bytes(limits::batch_bytes - 100), {}});
    const std::vector<ByteView> stored(3, large);
    REQUIRE(serves.on_fetched(out.fetches()[0].tag, stored, out));
    REQUIRE(out.outgoing().size() == 1);
    CHECK(out.outgoing()[0].body.size <= limits::body_bytes);
    Decoder decoder;
    const auto message = decoded<Batches>(decoder, out.view(out.outgoing()[0].body));
    REQUIRE(message);
    CHECK(message->batches.size() == 2);
}

}  // namespace
}  // namespace starling::crdt::bounds_test
