#include "sim/disk.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

namespace starling::sim::disk_test {
namespace {

using namespace std::chrono_literals;

DiskModel maps() {
    DiskModel model;
    model.journal = false;
    return model;
}

class DiskWorld {
public:
    explicit DiskWorld(std::uint64_t seed = 1) : disk(maps(), seed, 0) {}

    // One turn that stores a value under a key.
    std::uint64_t write(std::string_view key, std::string_view value) {
        Effects effects;
        effects.persist(Table::values, view_of(key), view_of(value));
        return disk.write(effects, now);
    }

    void sync() {
        REQUIRE(disk.begin(now));
        static_cast<void>(disk.finish());
    }

    [[nodiscard]] std::string read(std::string_view key) const {
        const auto value = disk.read(Table::values, view_of(key));
        return value ? std::string(starling::text_of(*value)) : "nothing";
    }

    Disk disk;
    Duration now = 1ms;
};

std::vector<std::string> keys_in(const Disk& disk) {
    std::vector<std::string> keys;
    disk.scan(Table::values,
              [&](ByteView key, ByteView) { keys.emplace_back(starling::text_of(key)); });
    return keys;
}

TEST_CASE("a synced write survives a crash", "[sim][disk]") {
    DiskWorld world;
    world.write("a", "1");
    world.sync();
    world.disk.crash();
    CHECK(world.read("a") == "1");
}

TEST_CASE("a write that no sync began on is lost in a crash", "[sim][disk]") {
    DiskWorld world;
    world.write("a", "1");
    world.disk.crash();
    CHECK(world.read("a") == "nothing");
    CHECK(world.disk.lost_batches() == 1);
}

TEST_CASE("a crash within a sync keeps all of it or nothing, and both happen", "[sim][disk]") {
    std::size_t kept = 0;
    std::size_t lost = 0;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        DiskWorld world(seed);
        world.write("a", "1");
        world.write("b", "2");
        REQUIRE(world.disk.begin(world.now));
        world.disk.crash();
        REQUIRE((world.read("a") == "1") == (world.read("b") == "2"));
        (world.read("a") == "1" ? kept : lost) += 1;
    }
    CHECK(kept > 0);
    CHECK(lost > 0);
}

TEST_CASE("nothing is read before it is durable", "[sim][disk]") {
    DiskWorld world;
    world.write("a", "1");
    REQUIRE(world.disk.begin(world.now));
    CHECK(world.read("a") == "nothing");
    CHECK(world.disk.finish()->durable == 1);
    CHECK(world.read("a") == "1");
}

TEST_CASE("one sync takes every batch that waits", "[sim][disk]") {
    DiskWorld world;
    world.write("a", "1");
    world.write("b", "2");
    REQUIRE(world.disk.begin(world.now));
    world.write("c", "3");
    CHECK(world.disk.finish()->durable == 2);
    CHECK(world.disk.written() == 3);
    CHECK(world.disk.syncs() == 1);
}

TEST_CASE("a turn without records is no batch", "[sim][disk]") {
    DiskWorld world;
    CHECK(world.disk.write(Effects{}, world.now) == 0);
    CHECK_FALSE(world.disk.begin(world.now));
}

TEST_CASE("a stalled disk ends no sync before the stall does", "[sim][disk]") {
    DiskWorld world;
    world.disk.stall(world.now + 3s);
    world.write("a", "1");
    CHECK(world.disk.begin(world.now) >= 3s);
}

TEST_CASE("an erased key is gone after the sync", "[sim][disk]") {
    DiskWorld world;
    world.write("a", "1");
    world.sync();
    Effects effects;
    effects.erase(Table::values, view_of("a"));
    world.disk.write(effects, world.now);
    CHECK(world.read("a") == "1");
    world.sync();
    CHECK(world.read("a") == "nothing");
}

TEST_CASE("records are scanned in the order of their keys", "[sim][disk]") {
    DiskWorld world;
    world.write("b", "2");
    world.write("c", "3");
    world.write("a", "1");
    world.sync();
    CHECK(keys_in(world.disk) == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("a fetch sees the batches written before it", "[sim][disk]") {
    DiskWorld world;
    for (const char* key : {"a", "b", "c", "d"}) world.write(key, "x");
    Effects effects;
    effects.fetch(7, Table::values, view_of("b"), view_of("c"));
    world.disk.fetch(effects);
    REQUIRE(world.disk.begin(world.now));
    const auto finished = world.disk.finish();
    REQUIRE(finished->fetched.size() == 1);
    CHECK(finished->fetched[0].tag == 7);
    REQUIRE(finished->fetched[0].records.size() == 2);
    CHECK(starling::text_of(finished->fetched[0].records[0].key) == "b");
    CHECK(starling::text_of(finished->fetched[0].records[1].key) == "c");
}

TEST_CASE("what many disks of a world keep is kept once", "[sim][disk]") {
    const auto commons = std::make_shared<DiskCommons>();
    {
        std::vector<std::unique_ptr<Disk>> disks;
        for (std::uint64_t stream = 0; stream < 9; ++stream) {
            disks.push_back(std::make_unique<Disk>(maps(), 1, stream, commons));
            for (const char* key : {"a", "b"}) {
                REQUIRE(disks.back()->put_durable(Table::values, view_of(key), view_of("x")));
            }
        }
        CHECK(commons->entries.size() == 2);
        REQUIRE(disks.front()->put_durable(Table::values, view_of("a"), view_of("y")));
        CHECK(commons->entries.size() == 3);
        CHECK(starling::text_of(*disks.front()->read(Table::values, view_of("a"))) == "y");
        CHECK(starling::text_of(*disks.back()->read(Table::values, view_of("a"))) == "x");
    }
    CHECK(commons->entries.size() == 0);
}

TEST_CASE("where a key ends and its value begins is part of a record", "[sim][disk]") {
    Entries entries;
    const std::uint32_t one = entries.keep(view_of("ab"), view_of("c"));
    const std::uint32_t other = entries.keep(view_of("a"), view_of("bc"));
    CHECK(one != other);
    CHECK(starling::text_of(entries.key(one)) == "ab");
    CHECK(starling::text_of(entries.value(other)) == "bc");
    CHECK(entries.keep(view_of("ab"), view_of("c")) == one);
}

TEST_CASE("a batch that took much memory does not take it for ever", "[sim][disk]") {
    SpareBatches spares;
    Effects small;
    small.persist(Table::values, view_of("a"), view_of("1"));
    Effects wide = small;
    wide.persist(Table::values, view_of("b"), Bytes(SpareBatches::bytes_max));
    Effects lengthy;
    for (std::size_t i = 0; i <= SpareBatches::records_max; ++i) {
        lengthy.persist(Table::values, view_of("a"), view_of("1"));
    }
    for (const Effects& batch : {wide, lengthy}) spares.give_back(batch);
    CHECK(spares.size() == 0);
    spares.give_back(small);
    CHECK(spares.size() == 1);
    CHECK(spares.take().empty());
    CHECK(spares.size() == 0);
}

TEST_CASE("the age of the oldest waiting batch is that of the first one written", "[sim][disk]") {
    DiskWorld world;
    CHECK_FALSE(world.disk.oldest_waiting());
    world.write("a", "1");
    world.now = 9ms;
    world.write("b", "2");
    CHECK(world.disk.oldest_waiting() == 1ms);
    world.sync();
    CHECK_FALSE(world.disk.oldest_waiting());
}

}  // namespace
}  // namespace starling::sim::disk_test
