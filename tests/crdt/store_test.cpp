#include "tests/crdt/world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace starling::crdt::store_test {
namespace {

using namespace std::chrono_literals;

constexpr auto ann = World::ann;
constexpr auto bob = World::bob;
constexpr auto eve = World::eve;

// A value whose canonical bytes are exactly so long.
Bytes value_of(std::size_t bytes) {
    // A list of one text: msgpack's headers take 1 byte and, by the text's length, 3 or 5.
    const std::size_t headers = bytes <= 65'536 ? 4 : 6;
    Bytes value = text(std::string(bytes - headers, 'v'));
    REQUIRE(value.size() == bytes);
    return value;
}

std::string refusal(World& world, std::vector<Operation> operations, const WriteInfo& info = {}) {
    (void)world.store(ann).take_changes();
    const std::uint64_t root = world.store(ann).root();
    const auto result = world.write(ann, std::move(operations), info);
    REQUIRE_FALSE(result);
    CHECK(world.store(ann).root() == root);
    CHECK(world.store(ann).take_changes().empty());
    return result.error().name;
}

TEST_CASE("a read says who wrote a value, when and why", "[crdt][store]") {
    World world(2);
    world.advance(5s);
    const auto version = world.write(ann, {Operation::assign("price", text("12"))},
                                     {"pricer", "supplier mail", "trace-7", "", 1});
    world.deliver_all();
    const auto views = world.store(bob).read("price");
    REQUIRE(views.size() == 1);
    CHECK(views[0].author == Author{"pricer", "supplier mail", "trace-7"});
    CHECK(views[0].version == *version);
    CHECK(views[0].version.origin.node == world.id(ann));
    CHECK(views[0].time.ms() == wall_ms(world.now(ann).wall));
}

TEST_CASE("a batch is visible as a whole and its changes stay together", "[crdt][store]") {
    World world(2);
    REQUIRE(world.write(ann, {Operation::assign("a", text("1")), Operation::increment("b", 2)}));
    world.deliver_all();
    const auto changes = world.store(bob).take_changes();
    REQUIRE(changes.size() == 2);
    CHECK(changes[0].key == "a");
    CHECK_FALSE(changes[0].ends_batch);
    CHECK(changes[1].after == number(2));
    CHECK(changes[1].cause == Cause::remote);
    CHECK(changes[1].ends_batch);
    CHECK(world.store(ann).take_changes()[0].cause == Cause::write);
}

TEST_CASE("a batch with one bad operation changes nothing", "[crdt][store]") {
    World world(1);
    CHECK(refusal(world, {Operation::assign("a", text("1")), Operation::clear("b")}) ==
          "key_missing");
}

TEST_CASE("keys are listed by prefix in order and page by page", "[crdt][store]") {
    World world(1);
    for (const char* key : {"b", "a/2", "a/1", "a", "a/10", "ab"}) {
        world.must_write(ann, Operation::assign(key, text(key)));
    }
    const auto keys = [](const std::vector<View>& views) {
        std::vector<std::string> names;
        for (const View& view : views) names.push_back(view.key);
        return names;
    };
    Store& store = world.store(ann);
    CHECK(keys(store.list("", "", 100)) ==
          std::vector<std::string>{"a", "a/1", "a/10", "a/2", "ab", "b"});
    CHECK(keys(store.list("a/", "", 2)) == std::vector<std::string>{"a/1", "a/10"});
    CHECK(keys(store.list("a/", "a/10", 2)) == std::vector<std::string>{"a/2"});
    CHECK(keys(store.list("c", "", 2)).empty());
}

TEST_CASE("both types of a name are on one page", "[crdt][store]") {
    World world(2);
    world.must_write(ann, Operation::increment("x", 1));
    world.must_write(bob, Operation::assign("x", text("1")));
    world.deliver_all();
    CHECK(world.store(ann).list("", "", 1).size() == 2);
}

TEST_CASE("a start from the journal gives the same values, root and clock", "[crdt][store]") {
    World world(2);
    world.must_write(ann, Operation::assign("a", text("1")));
    world.must_write(bob, Operation::assign("a", text("2")));
    world.must_write(bob, Operation::increment("c", 4));
    world.must_write(bob, Operation::insert("s", text("x")));
    world.deliver_all();
    world.must_write(ann, Operation::erase("s", text("x")));
    world.must_write(ann, Operation::insert("s", text("y")));
    const auto views = world.store(ann).list("", "", 100);
    const auto root = world.store(ann).root();
    const auto log_bytes = world.store(ann).log_bytes();
    world.restart(ann);
    CHECK(world.store(ann).list("", "", 100) == views);
    CHECK(world.store(ann).root() == root);
    CHECK(world.store(ann).log_bytes() == log_bytes);
    CHECK(log_bytes > 0);
    world.must_write(ann, Operation::assign("a", text("3")));
    world.deliver_all();
    CHECK(world.settle());
    CHECK(world.store(bob).read("a")[0].value == text("3"));
}

TEST_CASE("a new origin names the one before and where it ended", "[crdt][store]") {
    World world(1);
    const Dot old = world.must_write(ann, Operation::assign("a", text("1")));
    world.restart(ann);
    const Dot fresh = world.must_write(ann, Operation::assign("a", text("2")));
    CHECK(fresh.origin.boot > old.origin.boot);
    CHECK(fresh.counter == 1);
    Decoder decoder;
    const auto batch = decoded<Batch>(decoder, world.stored(ann, fresh).batches[0].body);
    REQUIRE(batch);
    CHECK(batch->lineage == old);
    CHECK(batch->deps.empty());
}

std::vector<Dot> deps_of(World& world, std::size_t node, const Dot& first) {
    Decoder decoder;
    const auto batch = decoded<Batch>(decoder, world.stored(node, first).batches[0].body);
    REQUIRE(batch);
    return batch->deps;
}

TEST_CASE("what a dependency implies is not named again, what is newer is", "[crdt][store]") {
    World world(3);
    world.must_write(eve, Operation::increment("c", 1));
    world.deliver_all();
    world.must_write(bob, Operation::increment("c", 1));  // depends on eve's first
    std::vector<Flight> by_bob;
    std::swap(by_bob, world.flying());
    const Dot newer = world.must_write(eve, Operation::increment("c", 1));
    world.deliver_all();
    std::swap(by_bob, world.flying());
    world.deliver_all();
    const Dot last = world.must_write(ann, Operation::increment("c", 1));
    std::vector<Dot> expected{{world.store(bob).origin(), 1}, newer};
    std::ranges::sort(expected);
    CHECK(deps_of(world, ann, last) == expected);
}

TEST_CASE("a batch names only what changed since the one before, over a restart too",
          "[crdt][store]") {
    World world(3);
    const auto deps = [&](const Dot& first) { return deps_of(world, ann, first); };
    const Dot by_bob = world.must_write(bob, Operation::assign("b", text("1")));
    world.deliver_all();
    CHECK(deps(world.must_write(ann, Operation::assign("a", text("1")))) == std::vector{by_bob});
    CHECK(deps(world.must_write(ann, Operation::assign("a", text("2")))).empty());
    world.deliver_all();
    const Dot by_eve = world.must_write(eve, Operation::assign("e", text("1")));
    world.deliver_all();
    world.restart(ann);
    CHECK(deps(world.must_write(ann, Operation::assign("a", text("3")))) == std::vector{by_eve});
}

TEST_CASE("more dependencies than one batch holds are told ahead", "[crdt][store]") {
    World world(2);
    const std::size_t origins = limits::dependencies_per_batch + 1;
    const auto publish = [&](std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            SigningKey::Seed seed{};
            seed[1] = 1;
            store_u64(seed, i);
            const SigningKey key(seed);
            Batch batch;
            batch.origin = {key.id(), Boot{1}};
            batch.operations = {Operation::assign("k" + std::to_string(i), text("v"))};
            const Bytes body = encoded(batch);
            const Batches message{Freshness::stored, {sealed(key, body, chain_of(body))}};
            REQUIRE(world.receive(ann, bob, message) == BatchVerdict::applied);
        }
    };
    publish(origins);
    CHECK(world.must_write(ann, Operation::assign("a", text("1"))).counter == 2);
}

TEST_CASE("exactly the largest key, value and number of operations are taken", "[crdt][limits]") {
    World world(2);
    const std::string key(limits::key_bytes, 'k');
    world.must_write(ann, Operation::assign(key, text(std::string(limits::value_bytes, 'v'))));
    world.must_write(ann, Operation::assign(key, value_of(limits::encoded_value_bytes)));
    std::vector<Operation> many(limits::operations_per_batch, Operation::increment("c", 1));
    REQUIRE(world.write(ann, many));
    world.deliver_all();
    CHECK(world.equal_roots());
    CHECK(world.store(bob).read(key)[0].value.size() == limits::encoded_value_bytes);
    CHECK(world.store(bob).values().sum_of("c") == 256);
}

TEST_CASE("one past a limit is refused by name", "[crdt][limits]") {
    World world(1);
    CHECK(refusal(world, {}) == "no_operations");
    CHECK(refusal(world, {Operation::increment(std::string(limits::key_bytes + 1, 'k'), 1)}) ==
          "key_too_long");
    CHECK(refusal(world, {Operation::assign("k", value_of(limits::encoded_value_bytes + 1))}) ==
          "value_too_long");
    CHECK(refusal(world, std::vector<Operation>(limits::operations_per_batch + 1,
                                                Operation::increment("c", 1))) ==
          "too_many_operations");
    CHECK(refusal(world, {Operation::increment("c", 1)},
                  {std::string(limits::name_bytes + 1, 'a'), "", "", "", 1}) == "text_too_long");
}

TEST_CASE("a batch of exactly the limit is taken and one byte more is not", "[crdt][limits]") {
    World world(2);
    const auto two = [](std::size_t bytes) {
        return std::vector{Operation::assign("a", value_of(limits::value_bytes)),
                           Operation::assign("b", value_of(bytes))};
    };
    // The largest second value that fits, found by trying: the envelope is about 200 bytes.
    std::size_t bytes = limits::value_bytes - 350;
    while (world.write(ann, two(bytes))) ++bytes;
    CHECK(refusal(world, two(bytes)) == "batch_too_large");
    CHECK(bytes > limits::value_bytes - 400);
    world.deliver_all();
    CHECK(world.equal_roots());
}

TEST_CASE("keys are non-empty segments without control characters", "[crdt][limits]") {
    for (const char* key : {"", "/", "/a", "a/", "a//b", "a\nb"}) {
        CAPTURE(key);
        CHECK_FALSE(is_key(key));
    }
    for (const char* key : {"a", "a/b", "a b/ü"}) CHECK(is_key(key));
}

TEST_CASE("a set of more elements than one operation ends is not deleted at once",
          "[crdt][limits]") {
    World world(1);
    for (std::size_t i = 0; i < limits::dots_per_operation; i += limits::operations_per_batch) {
        std::vector<Operation> adds;
        for (std::size_t j = i; j < i + limits::operations_per_batch; ++j) {
            adds.push_back(Operation::insert("s", number(static_cast<std::int64_t>(j))));
        }
        REQUIRE(world.write(ann, adds));
    }
    world.must_write(ann, Operation::insert("s", number(-1)));
    CHECK(refusal(world, {Operation::clear("s")}) == "too_many_elements");
    world.must_write(ann, Operation::erase("s", number(-1)));
    world.must_write(ann, Operation::clear("s"));
    CHECK(world.store(ann).read("s").empty());
}

TEST_CASE("a full log refuses local writes and takes others' a little longer", "[crdt][limits]") {
    World world(2, 16'384);
    const auto fill = Operation::assign("k", value_of(1'000));
    while (world.write(ann, {fill})) world.deliver_all();
    CHECK(refusal(world, {fill}) == "log_full");
    CHECK(world.traced(ann, Event::log_full) > 0);
    CHECK(world.store(bob).log_bytes() == world.store(ann).log_bytes());
    CHECK(world.write(bob, {fill}).error().code == ErrorCode::overloaded);
}

TEST_CASE("a writer hears when k nodes hold its batch durably", "[crdt][copies]") {
    World world(3);
    const auto version = world.write(ann, {Operation::increment("c", 1)}, {"", "", "", "", 3});
    REQUIRE(version);
    CHECK(world.store(ann).take_copies().empty());
    world.deliver_only(bob, Kind::batches);
    world.deliver_only(ann, Kind::copies);
    CHECK(world.store(ann).take_copies().empty());  // two of three
    world.settle();
    world.deliver_all();
    REQUIRE(world.store(ann).take_copies() == std::vector<CopiesReached>{{version->counter, 3}});
    CHECK(world.store(ann).take_copies().empty());
}

TEST_CASE("a lost answer about copies is asked for again", "[crdt][copies]") {
    World world(2);
    REQUIRE(world.write(ann, {Operation::increment("c", 1)}, {"", "", "", "", 2}));
    world.deliver_only(bob, Kind::batches);
    world.flying().clear();
    REQUIRE(world.store(ann).next_deadline());
    world.advance(limits::copies_period);
    const std::vector links{world.id(bob)};
    world.step(ann, [&](Store& store, Effects& out) { store.on_tick(links, world.now(ann), out); });
    world.deliver_all();
    CHECK(world.store(ann).take_copies().size() == 1);
    CHECK_FALSE(world.store(ann).next_deadline());
}

TEST_CASE("a write that wants no further copies causes no answers", "[crdt][copies]") {
    World world(2);
    world.must_write(ann, Operation::increment("c", 1));
    world.deliver_only(bob, Kind::batches);
    CHECK(world.flying().empty());
}

TEST_CASE("writes that wait for copies are bounded", "[crdt][copies]") {
    World world(1);
    const WriteInfo info{"", "", "", "", 2};
    for (std::size_t i = 0; i < limits::copies_waiting; ++i) {
        REQUIRE(world.write(ann, {Operation::increment("c", 1)}, info));
    }
    CHECK(refusal(world, {Operation::increment("c", 1)}, info) == "too_many_waiting");
    world.store(ann).forget_copies(1);
    CHECK(world.write(ann, {Operation::increment("c", 1)}, info));
}

}  // namespace
}  // namespace starling::crdt::store_test
