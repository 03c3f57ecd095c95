#include "base/rng.hpp"
#include "tests/crdt/world.hpp"

#include <catch2/catch.hpp>

namespace starling::crdt::wire_test {
namespace {

constexpr auto ann = World::ann;
constexpr auto bob = World::bob;
constexpr auto eve = World::eve;

Batch full_batch(const World& world) {
    const Origin other{world.id(bob), Boot{7}};
    Batch batch;
    batch.origin = {world.id(ann), Boot{9}};
    batch.time = {1234};
    batch.deps = {{other, 5}};
    batch.lineage = Dot{{world.id(ann), Boot{8}}, 3};
    batch.agent = "pricer";
    batch.reason = "mail";
    batch.trace = "t-1";
    batch.idempotency_key = "once";
    batch.copies = 2;
    batch.operations = {Operation::assign("a", text("1")), Operation::increment("b", -4),
                        Operation::insert("s", text("x")), Operation::erase("s", text("x")),
                        Operation::clear("s", Type::set)};
    batch.operations[0].seen = {{other, 2}};
    batch.operations[3].seen = {batch.dot_of(2)};
    return batch;
}

Batches signed_by(const SigningKey& key, const Bytes& body) {
    return {Freshness::stored, {sealed(key, body, chain_of(body))}};
}

// Whether the fields of a batch survive being sent.
bool is_taken(const Batch& batch) {
    Decoder decoder;
    return decoded<Batch>(decoder, encoded(batch)).has_value();
}

TEST_CASE("a batch comes back as it was written, and writes the same bytes again", "[crdt][wire]") {
    const World world(2);
    const Batch batch = full_batch(world);
    const Bytes bytes = encoded(batch);
    Decoder decoder;
    const auto read = decoded<Batch>(decoder, bytes);
    REQUIRE(read);
    CHECK(*read == batch);
    CHECK(encoded(*read) == bytes);
}

TEST_CASE("the frames of the store come back as they were written", "[crdt][wire]") {
    const World world(2);
    const Origin origin{world.id(ann), Boot{9}};
    const Heads heads{Purpose::reconcile, origin, std::nullopt, {{origin, 4, 5}}};
    const Want want{{{origin, 1, 2}, {origin, 4, 4}}};
    Decoder decoder;
    const auto heads_read = decoded<Heads>(decoder, encoded(heads));
    REQUIRE(heads_read);
    CHECK(heads_read->purpose == Purpose::reconcile);
    CHECK(heads_read->after == origin);
    CHECK_FALSE(heads_read->through);
    CHECK(heads_read->entries == heads.entries);
    const auto want_read = decoded<Want>(decoder, encoded(want));
    REQUIRE(want_read);
    CHECK(want_read->ranges == want.ranges);
    const auto copies = decoded<Copies>(decoder, encoded(Copies{origin, 4}));
    REQUIRE(copies);
    CHECK(copies->counter == 4);
}

TEST_CASE("a batch that depends on itself or on its future is no batch", "[crdt][wire]") {
    const World world(2);
    Batch batch = full_batch(world);
    CHECK(is_taken(batch));
    batch.deps.push_back({batch.origin, 1});
    CHECK_FALSE(is_taken(batch));
    batch = full_batch(world);
    batch.operations[3].seen = {batch.dot_of(3)};
    CHECK_FALSE(is_taken(batch));
    batch = full_batch(world);
    batch.lineage->origin.boot = batch.origin.boot;
    CHECK_FALSE(is_taken(batch));
    batch = full_batch(world);
    batch.first = 2;  // only a first batch has a lineage
    CHECK_FALSE(is_taken(batch));
}

TEST_CASE("counters of batches stay within their bounds", "[crdt][wire]") {
    const World world(2);
    Batch batch = full_batch(world);
    batch.lineage.reset();
    batch.first = counter_max - limits::operations_per_batch;
    CHECK(is_taken(batch));
    ++batch.first;
    CHECK_FALSE(is_taken(batch));
    batch.first = 0;
    CHECK_FALSE(is_taken(batch));
}

TEST_CASE("lists past their limits are refused", "[crdt][wire][limits]") {
    const World world(2);
    Batch batch = full_batch(world);
    const Origin other{world.id(bob), Boot{7}};
    batch.deps.assign(limits::dependencies_per_batch, {other, 1});
    CHECK(is_taken(batch));
    batch.deps.push_back({other, 1});
    CHECK_FALSE(is_taken(batch));
    batch.deps.clear();
    batch.operations[0].seen.assign(limits::dots_per_operation, {other, 1});
    CHECK(is_taken(batch));
    batch.operations[0].seen.push_back({other, 1});
    CHECK_FALSE(is_taken(batch));
    batch.operations.assign(limits::operations_per_batch, Operation::increment("c", 1));
    CHECK(is_taken(batch));
    batch.operations.push_back(Operation::increment("c", 1));
    CHECK_FALSE(is_taken(batch));
}

TEST_CASE("frames past their limits are refused", "[crdt][wire][limits]") {
    const World world(2);
    const Origin origin{world.id(ann), Boot{9}};
    Decoder decoder;
    Want want{std::vector<Range>(limits::ranges_per_want, {origin, 1, 1})};
    CHECK(decoded<Want>(decoder, encoded(want)));
    want.ranges.push_back({origin, 1, 1});
    CHECK_FALSE(decoded<Want>(decoder, encoded(want)));
    CHECK_FALSE(decoded<Want>(decoder, encoded(Want{{{origin, 2, 1}}})));
    CHECK_FALSE(decoded<Want>(decoder, encoded(Want{{{origin, 0, 1}}})));
    Heads heads{Purpose::answer, {}, {}, std::vector<HeadEntry>(limits::list_entries, {origin, 1})};
    CHECK(decoded<Heads>(decoder, encoded(heads)));
    heads.entries.push_back({origin, 1});
    CHECK_FALSE(decoded<Heads>(decoder, encoded(heads)));
}

TEST_CASE("heads out of order are refused", "[crdt][wire]") {
    Decoder decoder;
    const Origin low{{}, Boot{1}};
    const Origin high{{}, Boot{2}};
    CHECK(decoded<Heads>(decoder, encoded(Heads{Purpose::answer, {}, {}, {{low, 1}, {high, 1}}})));
    CHECK_FALSE(
        decoded<Heads>(decoder, encoded(Heads{Purpose::answer, {}, {}, {{high, 1}, {low, 1}}})));
}

TEST_CASE("a batch signed by another node is refused", "[crdt][hostile]") {
    World world(2);
    const Bytes body = encoded(full_batch(world));
    CHECK(world.receive(bob, ann, signed_by(world.key(bob), body)) == BatchVerdict::bad_signature);
    CHECK(world.store(bob).heads().empty());
    CHECK(world.store(bob).waiting() == 0);
}

TEST_CASE("a changed bit anywhere in a batch is found out and changes nothing", "[crdt][hostile]") {
    World world(2);
    Batch batch;
    batch.origin = {world.id(ann), Boot{9}};
    batch.operations = {Operation::assign("k", text("value"))};
    const Bytes body = encoded(batch);
    const Signature signature = signed_by(world.key(ann), body).batches[0].signature;
    for (std::size_t bit = 0; bit < body.size() * 8; ++bit) {
        Bytes changed = body;
        changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1U << (bit % 8)));
        CAPTURE(bit);
        const auto verdict = world.receive(bob, ann, {Freshness::live, {{changed, signature}}});
        REQUIRE((verdict == BatchVerdict::malformed || verdict == BatchVerdict::bad_signature));
    }
    CHECK(world.store(bob).heads().empty());
    CHECK(world.flying().empty());
    CHECK(world.receive(bob, ann, {Freshness::live, {{body, signature}}}) == BatchVerdict::applied);
}

TEST_CASE("a batch is heard though its signature came with another that is known",
          "[crdt][hostile]") {
    World world(3);
    Bytes bodies[2];
    for (const std::uint64_t first : {1, 2}) {
        Batch batch;
        batch.origin = {world.id(bob), Boot{1}};
        batch.first = first;
        batch.operations = {Operation::increment("c", 1)};
        if (first == 2) batch.previous = chain_of(bodies[0]);
        bodies[first - 1] = encoded(batch);
    }
    const Batches one = signed_by(world.key(bob), bodies[0]);
    const Batches two = signed_by(world.key(bob), bodies[1]);
    REQUIRE(world.receive(ann, bob, one) == BatchVerdict::applied);
    Batches forged = one;
    forged.batches[0].signature = two.batches[0].signature;
    CHECK(world.receive(ann, eve, forged) == BatchVerdict::duplicate);
    CHECK(world.receive(ann, eve, two) == BatchVerdict::applied);
}

TEST_CASE("random bytes are no message", "[crdt][hostile]") {
    World world(2);
    Rng rng(7);
    Decoder decoder;
    for (int i = 0; i < 2000; ++i) {
        Bytes bytes(rng.below(200));
        for (auto& byte : bytes) byte = static_cast<std::uint8_t>(rng.below(256));
        const auto verdict = world.receive(bob, ann, {Freshness::live, {{bytes, {}}}});
        REQUIRE(verdict == BatchVerdict::malformed);
        (void)decoded<Batches>(decoder, bytes);
        (void)decoded<Heads>(decoder, bytes);
        (void)decoded<Want>(decoder, bytes);
    }
    CHECK(world.store(bob).root() == 0);
}

TEST_CASE("a batch cut short anywhere is no batch", "[crdt][hostile]") {
    World world(2);
    const Bytes body = encoded(full_batch(world));
    Decoder decoder;
    for (std::size_t size = 0; size < body.size(); ++size) {
        REQUIRE_FALSE(decoded<Batch>(decoder, ByteView(body).first(size)));
    }
}

// An insider that ends dots it never saw could make nodes differ by the order of arrival.
TEST_CASE("a batch waits for every dot that it claims to end", "[crdt][hostile]") {
    World world(3);
    const Dot unseen{world.store(World::eve).origin(), 1};
    Batch batch;
    batch.origin = {world.id(ann), Boot{9}};
    batch.operations = {Operation::clear("k", Type::lww)};
    batch.operations[0].seen = {unseen};
    const Bytes body = encoded(batch);
    const Batches message = signed_by(world.key(ann), body);
    CHECK(world.receive(bob, ann, message) == BatchVerdict::waiting);
    world.must_write(World::eve, Operation::assign("k", text("1")));
    world.deliver_all();
    CHECK(world.store(bob).read("k").empty());
    CHECK(world.store(bob).waiting() == 0);
}

TEST_CASE("heads and wants of liars cost a question and nothing else", "[crdt][hostile]") {
    World world(2);
    const Origin invented{world.id(bob), Boot{3}};
    world.step(ann, [&](Store& store, Effects& out) {
        store.on_heads(world.id(bob), {Purpose::answer, {}, {}, {{invented, counter_max, 1}}},
                       world.now(ann), out);
        store.on_heads(world.id(bob), {Purpose::reconcile, Origin{invented}, Origin{}, {}},
                       world.now(ann), out);
        store.on_copies(world.id(bob), {store.origin(), 99});
    });
    world.deliver_all();
    CHECK(world.store(ann).pulling() == 1);
    CHECK(world.store(ann).take_copies().empty());
    CHECK(world.store(ann).root() == 0);
    world.must_write(bob, Operation::increment("c", 1));
    CHECK(world.settle());
}

}  // namespace
}  // namespace starling::crdt::wire_test
