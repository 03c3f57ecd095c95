#include "node/io/journal_thread.hpp"

#include "node/io/clocks.hpp"
#include "tests/journal/faulty_disk.hpp"
#include "tests/journal/scratch.hpp"

#include <catch2/catch.hpp>
#include <poll.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace starling::io::journal_thread_test {
namespace {

using tests::FaultyDisk;
using tests::Scratch;
using namespace std::chrono_literals;

std::unique_ptr<journal::Journal> opened(const Scratch& scratch, const std::string& vfs = {}) {
    auto journal = journal::Journal::open({scratch.file("journal.db"), vfs});
    REQUIRE(journal);
    return std::move(*journal);
}

void fail_test(const Error& error) {
    FAIL(error.message);
}

std::unique_ptr<Effects> turn(const std::string& key, const std::string& value) {
    auto effects = std::make_unique<Effects>();
    effects->persist(Table::values, view_of(key), view_of(value));
    return effects;
}

// Until the number is durable; false after 10 s.
bool durable(JournalThread& thread, std::uint64_t number) {
    for (int i = 0; i < 1000 && thread.durable() < number; ++i) {
        pollfd ready{thread.fd(), POLLIN, 0};
        ::poll(&ready, 1, 10);
        [[maybe_unused]] const auto quietened = thread.take_fetched();
    }
    return thread.durable() >= number;
}

std::vector<Fetched> fetched(JournalThread& thread) {
    for (int i = 0; i < 1000; ++i) {
        pollfd ready{thread.fd(), POLLIN, 0};
        ::poll(&ready, 1, 10);
        auto some = thread.take_fetched();
        if (!some.empty()) return some;
    }
    return {};
}

}  // namespace

TEST_CASE("a turn that was handed over becomes durable", "[io][journal_thread]") {
    const Scratch scratch;
    const auto first = turn("colour", "blue");
    JournalThread thread(opened(scratch), fail_test);
    thread.hand(*first, 1);
    CHECK(durable(thread, 1));
}

TEST_CASE("handing over does not wait for a slow disk", "[io][journal_thread]") {
    FaultyDisk disk("slow");
    const Scratch scratch;
    const auto first = turn("colour", "blue");
    auto journal = opened(scratch, disk.name());
    disk.delay_syncs(300ms);
    JournalThread thread(std::move(journal), fail_test);
    thread.hand(*first, 1);
    CHECK(thread.durable() == 0);
    CHECK(durable(thread, 1));
    disk.delay_syncs(0ms);
    while (thread.busy() == 0ms) std::this_thread::sleep_for(1ms);
    CHECK(thread.busy() >= 300ms);
}

TEST_CASE("turns that wait for the disk share one commit", "[io][journal_thread]") {
    FaultyDisk disk("slower");
    const Scratch scratch;
    std::vector<std::unique_ptr<Effects>> turns;
    for (int i = 0; i < 50; ++i) turns.push_back(turn("key" + std::to_string(i), "v"));
    auto journal = opened(scratch, disk.name());
    disk.delay_syncs(100ms);
    JournalThread thread(std::move(journal), fail_test);
    for (std::size_t i = 0; i < turns.size(); ++i) thread.hand(*turns[i], i + 1);
    REQUIRE(durable(thread, 50));
    CHECK(thread.commits() <= 3);
    disk.delay_syncs(0ms);
}

TEST_CASE("a fetch sees what was handed over before it", "[io][journal_thread]") {
    const Scratch scratch;
    const auto first = turn("colour", "blue");
    JournalThread thread(opened(scratch), fail_test);
    thread.hand(*first, 1);
    thread.fetch({7, Table::values, bytes_of("a"), bytes_of("z")});
    const auto answers = fetched(thread);
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].tag == 7);
    REQUIRE(answers[0].records.size() == 1);
    CHECK(starling::text_of(answers[0].records[0].value) == "blue");
}

TEST_CASE("closing makes durable what was handed over", "[io][journal_thread]") {
    const Scratch scratch;
    std::vector<std::unique_ptr<Effects>> turns;
    {
        JournalThread thread(opened(scratch), fail_test);
        for (std::uint64_t i = 1; i <= 100; ++i) {
            turns.push_back(turn("number", std::to_string(i)));
            thread.hand(*turns.back(), i);
        }
        thread.close();
        CHECK(thread.durable() == 100);
    }
    CHECK(starling::text_of(*opened(scratch)->read(Table::values, view_of("number"))) == "100");
}

TEST_CASE("after a failed commit nothing more becomes durable", "[io][journal_thread]") {
    FaultyDisk disk("failing");
    const Scratch scratch;
    const auto first = turn("colour", "blue");
    const auto second = turn("colour", "red");
    std::atomic<int> failures{0};
    std::string message;
    {
        JournalThread thread(opened(scratch, disk.name()), [&](const Error& error) {
            message = error.message;
            ++failures;
        });
        thread.hand(*first, 1);
        REQUIRE(durable(thread, 1));
        disk.fail_writes(true);
        thread.hand(*second, 2);
        thread.close();
        CHECK(thread.durable() == 1);
    }
    disk.fail_writes(false);
    CHECK(failures == 1);
    CHECK_THAT(message, Catch::Contains("journal.db") && Catch::Contains("bytes free"));
}

TEST_CASE("a long log is folded into the main file while the node runs", "[io][journal_thread]") {
    const Scratch scratch;
    std::vector<std::unique_ptr<Effects>> turns;
    JournalThread thread(opened(scratch), fail_test);
    const std::uint64_t before = thread.file_bytes();
    for (std::uint64_t i = 1; i <= 100; ++i) {
        turns.push_back(turn("key" + std::to_string(i), std::string(100'000, 'x')));
        thread.hand(*turns.back(), i);
    }
    REQUIRE(durable(thread, 100));
    thread.close();
    CHECK(thread.file_bytes() > before + 5'000'000);
}

}  // namespace starling::io::journal_thread_test
