// A disk that was put back to an earlier state is told by what others remember of it.
#include "node/marks.hpp"

#include "base/limits.hpp"
#include "tests/node/village.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace starling::node::marks_test {
namespace {

using namespace std::chrono_literals;

bool all_ready(Village& village, std::size_t count) {
    return village.run_until(
        [&] {
            for (std::size_t i = 0; i < count; ++i) {
                if (!village.node(i).ready()) return false;
            }
            return true;
        },
        5s);
}

bool changes(Village& village, std::size_t node, const std::string& name) {
    const auto answer =
        village.ask<RegisterAnswer>(node, RegisterCasAsk{name, std::nullopt, Bytes{1}, {}, 2s});
    return answer && answer->outcome == RegisterOutcome::applied;
}

// Node 1 keeps votes before and after its shelf is kept.
void vote_before_and_after(Village& village) {
    REQUIRE(all_ready(village, 3));
    REQUIRE(changes(village, 0, "before"));
    village.run(2 * limits::mark_period);
    village.keep_shelf(1);
    REQUIRE(changes(village, 0, "after"));
    village.run(2 * limits::mark_period);
}

void restart(Village& village, std::size_t node) {
    village.kill(node);
    village.run(100ms);
    village.start(node);
}

TEST_CASE("a voter whose disk was put back votes no more, whenever it starts", "[node][marks]") {
    Village village(3);
    vote_before_and_after(village);
    village.kill(1);
    village.put_shelf_back(1);
    village.run(100ms);
    village.start(1);
    village.run(1s);
    CHECK(village.traced(Event::disk_put_back) == 1);
    CHECK(changes(village, 0, "after"));
    restart(village, 1);
    village.run(10s);
    CHECK(village.traced(Event::disk_put_back) == 1);
    village.kill(2);
    CHECK_FALSE(changes(village, 0, "after"));
}

TEST_CASE("a voter that starts again with its own disk votes at once when all are there",
          "[node][marks]") {
    Village village(3);
    vote_before_and_after(village);
    restart(village, 1);
    village.run(1s);
    village.kill(2);
    CHECK(changes(village, 0, "after"));
    CHECK(village.traced(Event::disk_put_back) == 0);
}

TEST_CASE("a voter that starts again votes without a peer that is known to be dead",
          "[node][marks]") {
    Village village(3);
    vote_before_and_after(village);
    village.kill(2);
    village.run(10s);
    restart(village, 1);
    village.run(1s);
    CHECK(changes(village, 0, "after"));
}

TEST_CASE("a voter waits for a peer that is silent, but not for ever", "[node][marks]") {
    Village village(3);
    vote_before_and_after(village);
    village.kill(2);
    restart(village, 1);
    village.run(limits::recalled_within + 1s);
    CHECK(changes(village, 0, "after"));
}

TEST_CASE("what peers remember outlives their own restarts", "[node][marks]") {
    Village village(3);
    vote_before_and_after(village);
    village.run(limits::mark_stored_after);
    REQUIRE(changes(village, 0, "later"));
    village.run(1s);
    for (std::size_t node = 0; node < 3; ++node) village.kill(node);
    village.put_shelf_back(1);
    village.run(1s);
    for (std::size_t node = 0; node < 3; ++node) village.start(node);
    village.run(5s);
    CHECK(village.traced(Event::disk_put_back) == 1);
    CHECK(changes(village, 0, "after"));
}

// One node's marks alone.
struct One {
    explicit One(std::uint64_t mark_on_disk = 7) {
        Effects effects;
        std::array<std::uint8_t, 8> bytes{};
        store_u64(bytes, mark_on_disk);
        effects.persist(Table::meta, view_of("mark"), ByteView(bytes));
        shelf.take(effects);
        marks.emplace(journal, Boot{20}, shelf, now);
    }

    [[nodiscard]] Mark mark(std::uint64_t number, Boot boot = Boot{10}) const {
        Mark made{journal, boot, number, {}};
        made.signature = key.sign(Mark::domain, made.signed_bytes());
        return made;
    }

    bool proves(const Mark& mark) { return marks->on_recalled(peer, {mark}, key.id(), verifier); }

    SigningKey key{SigningKey::Seed{1}};
    JournalId journal{{1, 2, 3}};
    NodeId peer{{9}};
    Verifier verifier;
    Shelf shelf;
    Moment now{BootTime{1h}, WallTime{1'000'000h}};
    std::optional<Marks> marks;
};

TEST_CASE("only an own mark of its journal above the disk's is a proof", "[node][marks]") {
    One one;
    CHECK(one.proves(one.mark(8)));
    CHECK_FALSE(one.proves(one.mark(7)));
    CHECK(one.proves(one.mark(8, Boot{20})));  // which it did not tell
    CHECK(one.proves(one.mark(8, Boot{21})));
    Mark other = one.mark(8);
    other.number = 9;  // nobody signed that
    CHECK_FALSE(one.proves(other));
    one.journal.bytes[0] = 5;
    CHECK_FALSE(one.proves(one.mark(8)));
    CHECK_FALSE(one.marks->on_recalled(one.peer, {}, one.key.id(), one.verifier));
}

TEST_CASE("what a process told itself is no proof against it", "[node][marks]") {
    One one;
    Effects out;
    out.persist(Table::registers, view_of("key"), view_of("value"));
    one.marks->on_tick(one.key, {}, one.now, out);
    CHECK_FALSE(one.proves(one.mark(8, Boot{20})));
    CHECK(one.proves(one.mark(9, Boot{20})));
    CHECK(one.proves(one.mark(8)));
}

TEST_CASE("a node is vouched for once all who are present have told, or late", "[node][marks]") {
    One one;
    one.marks->look(false, one.now);
    CHECK_FALSE(one.marks->is_vouched_for());
    CHECK_FALSE(one.marks->has_told(one.peer));
    (void)one.marks->on_recalled(one.peer, {}, one.key.id(), one.verifier);
    CHECK(one.marks->has_told(one.peer));
    one.marks->look(true, one.now);
    CHECK(one.marks->is_vouched_for());

    One alone;
    CHECK(alone.marks->next_deadline() == alone.now.boot_time + limits::recalled_within);
    alone.now.boot_time += limits::recalled_within;
    alone.marks->look(false, alone.now);
    CHECK(alone.marks->is_vouched_for());
}

TEST_CASE("a mark follows what was kept of votes and grants, one in a period", "[node][marks]") {
    One one;
    const auto marks_after = [&](Table table, Duration after) {
        one.now.boot_time += after;
        Effects out;
        if (table != Table::meta) out.persist(table, view_of("key"), view_of("value"));
        one.marks->on_tick(one.key, std::array{one.peer}, one.now, out);
        return out.outgoing().size();
    };
    CHECK(marks_after(Table::values, 1s) == 0);
    CHECK(marks_after(Table::registers, 1s) == 1);
    CHECK(marks_after(Table::tasks, 1ms) == 0);
    CHECK(one.marks->next_deadline());
    CHECK(marks_after(Table::meta, limits::mark_period) == 1);
    CHECK(marks_after(Table::meta, 1s) == 0);
}

TEST_CASE("of a peer the highest mark of its newest journal is remembered", "[node][marks]") {
    One one;
    Effects out;
    const auto number_after = [&](const Mark& mark) {
        one.marks->on_mark(one.peer, mark, one.now, out);
        return one.marks->recalled(one.peer).mark->number;
    };
    CHECK_FALSE(one.marks->recalled(one.peer).mark);
    CHECK(number_after(one.mark(5)) == 5);
    CHECK(number_after(one.mark(4)) == 5);
    CHECK(number_after(one.mark(6)) == 6);
    const Mark before = one.mark(9);
    one.journal.bytes[0] = 5;
    CHECK(number_after(one.mark(1, Boot{11})) == 1);
    CHECK(number_after(before) == 1);
    one.shelf.take(out);
    const Marks again(one.journal, Boot{21}, one.shelf, one.now);
    CHECK(again.recalled(one.peer).mark->number == 1);
}

}  // namespace
}  // namespace starling::node::marks_test
