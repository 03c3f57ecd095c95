// The production journal on a platter: whatever a crash does to unsynced bytes, what was told
// durable is there, and a commit is there whole or not at all.
#include "sim/shelf.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <map>
#include <string>

namespace starling::sim::shelf_test {
namespace {

using Model = std::map<std::string, std::string>;

// Commits of a few keys each, with crashes among them.
class Story {
public:
    explicit Story(std::uint64_t seed, std::uint64_t checkpoint_pages = 2048)
        : shelf(checkpoint_pages), rng_(seed) {
        REQUIRE(shelf.open());
    }

    // Whether what is there after a crash is what was told, with or without the last commit.
    bool crash_within_a_commit() {
        const Model before = told_;
        REQUIRE(begin());
        return crash_after(before);
    }

    // The same after a commit that met these errors.
    bool fail_in_a_commit(const DiskErrors& errors) {
        const Model before = told_;
        shelf.fail(errors);
        REQUIRE_FALSE(begin());
        shelf.fail({});
        return crash_after(before);
    }

    void crash() { shelf.crash(rng_); }

    void keep_within_a_commit() {
        kept_ = {told_};
        REQUIRE(begin());
        shelf.keep(rng_);
        shelf.finish();
        kept_.push_back(told_);
    }

    // Whether what is there then is what was told when it was kept, with or without the commit.
    bool is_put_back() {
        crash();
        shelf.restore();
        if (!shelf.open()) return false;
        told_ = contents();
        return told_ == kept_.front() || told_ == kept_.back();
    }

    // False: it is told that not all can be read.
    bool is_all_there_while(const DiskErrors& errors) {
        shelf.fail(errors);
        if (!shelf.open()) return false;
        const Model found = contents();
        if (shelf.has_misread()) return false;
        CHECK(found == told_);
        return true;
    }

    void commit() {
        REQUIRE(begin());
        shelf.finish();
    }

    bool begin() {
        Effects effects;
        const std::uint64_t records = rng_.between(1, 8);
        for (std::uint64_t i = 0; i < records; ++i) {
            const std::string key = "key " + std::to_string(rng_.below(20));
            if (rng_.chance(1, 5)) {
                effects.erase(Table::values, view_of(key));
                told_.erase(key);
            } else {
                const std::string value(rng_.below(3000), static_cast<char>('a' + rng_.below(26)));
                effects.persist(Table::values, view_of(key), view_of(value));
                told_[key] = value;
            }
        }
        const std::array<const Effects*, 1> turns = {&effects};
        return shelf.begin(turns).has_value();
    }

    JournalShelf shelf;

private:
    bool crash_after(const Model& before) {
        shelf.crash(rng_);
        if (!shelf.open()) return false;
        const Model found = contents();
        const bool right = found == before || found == told_;
        told_ = found;
        return right;
    }

    [[nodiscard]] Model contents() const {
        Model found;
        shelf.scan(Table::values, [&](ByteView key, ByteView value) {
            found.emplace(starling::text_of(key), starling::text_of(value));
        });
        return found;
    }

    Rng rng_;
    Model told_;
    std::vector<Model> kept_;
};

TEST_CASE("the journal keeps what it told through crashes that tear its writes", "[sim][shelf]") {
    std::uint64_t torn = 0;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        INFO("seed " << seed);
        Story story(seed);
        for (int round = 0; round < 10; ++round) {
            for (int i = 0; i < 5; ++i) story.commit();
            REQUIRE(story.crash_within_a_commit());
        }
        torn += story.shelf.platter().counts().torn;
    }
    CHECK(torn > 40);
}

TEST_CASE("the journal keeps what it told though its log begins anew again and again",
          "[sim][shelf]") {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        INFO("seed " << seed);
        Story story(seed, 8);
        for (int round = 0; round < 10; ++round) {
            for (std::uint64_t i = 0; i < 2 + seed % 7; ++i) story.commit();
            REQUIRE(story.crash_within_a_commit());
        }
    }
}

TEST_CASE("what rots in a log that began anew is told", "[sim][shelf]") {
    std::size_t noticed = 0;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        Story story(seed, 30);
        for (int i = 0; i < 40; ++i) story.commit();
        story.crash();
        if (!story.is_all_there_while({.rot = 5'000, .rot_seed = seed})) ++noticed;
        CHECK(story.is_all_there_while({}));
    }
    CHECK(noticed > 5);
}

TEST_CASE("a disk that lies about its syncs is found out", "[sim][shelf]") {
    std::size_t found_out = 0;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        Story story(seed);
        story.commit();
        story.shelf.vfs().skip_syncs(true);
        REQUIRE(story.begin());  // and told durable, with nothing settled
        if (!story.crash_within_a_commit()) ++found_out;
    }
    CHECK(found_out > 10);
}

TEST_CASE("equal uses leave equal journals", "[sim][shelf]") {
    Story one(7);
    for (int i = 0; i < 20; ++i) one.commit();
    Story other(7);
    for (int i = 0; i < 20; ++i) other.commit();
    const auto bytes_of = [](const Story& story) {
        const Platter& platter = story.shelf.platter();
        Bytes bytes(static_cast<std::size_t>(platter.size("/disk/journal.db-wal")));
        platter.read("/disk/journal.db-wal", 0, bytes);
        return bytes;
    };
    CHECK_FALSE(bytes_of(one).empty());
    CHECK(bytes_of(one) == bytes_of(other));
}

TEST_CASE("a full disk refuses a commit, and keeps what it had", "[sim][shelf]") {
    Story story(3);
    story.commit();
    story.shelf.fail({.full = true});
    Effects effects;
    effects.persist(Table::values, view_of("one more"), view_of("value"));
    const std::array<const Effects*, 1> turns = {&effects};
    CHECK_FALSE(story.shelf.begin(turns));
    story.shelf.fail({});
    Rng rng(1);
    story.shelf.crash(rng);
    REQUIRE(story.shelf.open());
    CHECK_FALSE(story.shelf.read(Table::values, view_of("one more")));
}

TEST_CASE("what a disk answers with errors is kept whole or not at all", "[sim][shelf]") {
    for (const DiskErrors& errors :
         {DiskErrors{.full = true}, DiskErrors{.read_only = true}, DiskErrors{.syncs = true}}) {
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            Story story(seed);
            story.commit();
            CHECK(story.fail_in_a_commit(errors));
        }
    }
}

TEST_CASE("no process starts on a disk that cannot be read", "[sim][shelf]") {
    Story story(3);
    story.commit();
    story.shelf.fail({.reads = true});
    CHECK_FALSE(story.shelf.open());
    story.shelf.fail({});
    CHECK(story.shelf.open());
}

TEST_CASE("what rots is not taken for what was written, and is there when it rots no more",
          "[sim][shelf]") {
    std::size_t noticed = 0;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        Story story(seed);
        for (int i = 0; i < 40; ++i) story.commit();
        story.crash();
        if (!story.is_all_there_while({.rot = 500, .rot_seed = seed})) ++noticed;
        CHECK(story.is_all_there_while({}));
    }
    CHECK(noticed > 10);
    CHECK(noticed < 40);
}

TEST_CASE("records that could not be read are told", "[sim][shelf]") {
    Story story(3);
    for (int i = 0; i < 50; ++i) story.commit();
    REQUIRE(story.shelf.open());
    story.shelf.fail({.reads = true});
    CHECK_FALSE(story.shelf.has_misread());
    story.shelf.scan(Table::values, [](ByteView, ByteView) {});
    CHECK(story.shelf.has_misread());
}

TEST_CASE("nothing is left on a disk that another one replaced", "[sim][shelf]") {
    Story story(1);
    for (int i = 0; i < 20; ++i) story.commit();
    story.crash();
    story.shelf.wipe();
    REQUIRE(story.shelf.open());
    std::size_t records = 0;
    story.shelf.scan(Table::values, [&](ByteView, ByteView) { ++records; });
    CHECK(records == 0);
}

TEST_CASE("a disk that is put back holds what was durable when it was kept", "[sim][shelf]") {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        INFO("seed " << seed);
        Story story(seed, 8);
        for (std::uint64_t i = 0; i < seed; ++i) story.commit();
        story.keep_within_a_commit();
        for (std::uint64_t i = 0; i < 20; ++i) story.commit();
        REQUIRE(story.is_put_back());
        story.commit();
        CHECK(story.crash_within_a_commit());
    }
}

TEST_CASE("records in plain maps are put back as they were", "[sim][shelf]") {
    MapShelf shelf(std::make_shared<Entries>());
    Rng rng(1);
    const auto keeps = [&](std::string_view value) {
        Effects effects;
        effects.persist(Table::values, view_of("key"), view_of(value));
        const std::array<const Effects*, 1> turns = {&effects};
        REQUIRE(shelf.begin(turns));
        shelf.finish();
    };
    keeps("old");
    shelf.keep(rng);
    keeps("new");
    CHECK(starling::text_of(*shelf.read(Table::values, view_of("key"))) == "new");
    shelf.crash(rng);
    shelf.restore();
    CHECK(starling::text_of(*shelf.read(Table::values, view_of("key"))) == "old");
}

}  // namespace
}  // namespace starling::sim::shelf_test
