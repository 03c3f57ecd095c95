#include "journal/journal.hpp"

#include "tests/journal/faulty_disk.hpp"
#include "tests/journal/scratch.hpp"

#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace starling::journal::journal_test {
namespace {

using tests::FaultyDisk;
using tests::Scratch;

std::unique_ptr<Journal> opened(const Scratch& scratch, const std::string& vfs = {}) {
    auto journal = Journal::open({scratch.file("journal.db"), vfs});
    if (!journal) FAIL(journal.error().message);
    return std::move(*journal);
}

Effects putting(std::string_view key, std::string_view value, Table table = Table::values) {
    Effects effects;
    effects.persist(table, view_of(key), view_of(value));
    return effects;
}

Result<void> commit(Journal& journal, const Effects& effects) {
    const Effects* turns[] = {&effects};
    return journal.commit(turns);
}

std::string value_of(const Journal& journal, std::string_view key) {
    const auto value = journal.read(Table::values, view_of(key));
    return value ? std::string(text_of(*value)) : "(none)";
}

}  // namespace

TEST_CASE("what was committed is there after the file is opened again", "[journal]") {
    const Scratch scratch;
    {
        const auto journal = opened(scratch);
        REQUIRE(commit(*journal, putting("colour", "blue")));
    }
    CHECK(value_of(*opened(scratch), "colour") == "blue");
}

TEST_CASE("the later of two turns in one commit wins", "[journal]") {
    const Scratch scratch;
    const auto journal = opened(scratch);
    const Effects first = putting("colour", "blue");
    Effects second;
    second.erase(Table::values, view_of("colour"));
    const Effects third = putting("colour", "red");
    const Effects* turns[] = {&first, &second, &third};
    REQUIRE(journal->commit(turns));
    CHECK(value_of(*journal, "colour") == "red");
}

TEST_CASE("an erased key is gone", "[journal]") {
    const Scratch scratch;
    const auto journal = opened(scratch);
    REQUIRE(commit(*journal, putting("colour", "blue")));
    Effects erasing;
    erasing.erase(Table::values, view_of("colour"));
    REQUIRE(commit(*journal, erasing));
    CHECK(value_of(*journal, "colour") == "(none)");
}

TEST_CASE("an empty value is a value", "[journal]") {
    const Scratch scratch;
    const auto journal = opened(scratch);
    REQUIRE(commit(*journal, putting("colour", "")));
    CHECK(value_of(*journal, "colour").empty());
}

TEST_CASE("a scan goes through one table in the order of the key's bytes", "[journal]") {
    const Scratch scratch;
    const auto journal = opened(scratch);
    Effects effects;
    for (const char* key : {"b", "a\xff", "a", "c"}) {
        effects.persist(Table::values, view_of(key), view_of("v"));
    }
    effects.persist(Table::heads, view_of("aa"), view_of("elsewhere"));
    REQUIRE(commit(*journal, effects));

    std::vector<std::string> keys;
    journal->scan(Table::values,
                  [&](ByteView key, ByteView /*value*/) { keys.emplace_back(text_of(key)); });
    CHECK(keys == std::vector<std::string>{"a", "a\xff", "b", "c"});
}

TEST_CASE("a range includes both its ends", "[journal]") {
    const Scratch scratch;
    const auto journal = opened(scratch);
    for (const char* key : {"a", "b", "c", "d"}) REQUIRE(commit(*journal, putting(key, "v")));
    const auto entries = journal->range(Table::values, view_of("b"), view_of("c"), 1000);
    REQUIRE(entries);
    REQUIRE(entries->size() == 2);
    CHECK(text_of(entries->front().key) == "b");
}

TEST_CASE("a range stops before the record that would exceed its bytes", "[journal]") {
    const Scratch scratch;
    const auto journal = opened(scratch);
    for (const char* key : {"a", "b", "c"}) REQUIRE(commit(*journal, putting(key, "123456789")));
    CHECK(journal->range(Table::values, view_of("a"), view_of("z"), 20)->size() == 2);
    CHECK(journal->range(Table::values, view_of("a"), view_of("z"), 19)->size() == 1);
}

TEST_CASE("a range gives one record however large", "[journal]") {
    const Scratch scratch;
    const auto journal = opened(scratch);
    REQUIRE(commit(*journal, putting("a", std::string(100'000, 'x'))));
    CHECK(journal->range(Table::values, view_of("a"), view_of("z"), 10)->size() == 1);
}

TEST_CASE("a journal is open at most once in a process", "[journal]") {
    const Scratch scratch;
    const auto journal = opened(scratch);
    const auto second = Journal::open({scratch.file("journal.db"), {}});
    REQUIRE_FALSE(second);
    CHECK(second.error().name == "journal_locked");
}

TEST_CASE("a second process cannot open a journal that is in use", "[journal]") {
    const Scratch scratch;
    int opened_pipe[2];
    int done_pipe[2];
    REQUIRE(pipe(opened_pipe) == 0);
    REQUIRE(pipe(done_pipe) == 0);
    const pid_t child = fork();
    char byte = 0;
    if (child == 0) {
        close(done_pipe[1]);
        const auto first = Journal::open({scratch.file("journal.db"), {}});
        const bool told = write(opened_pipe[1], first ? "y" : "n", 1) == 1;
        _exit(told && read(done_pipe[0], &byte, 1) == 0 ? 0 : 1);  // until the parent closes
    }
    close(done_pipe[0]);
    REQUIRE(read(opened_pipe[0], &byte, 1) == 1);
    CHECK(byte == 'y');
    const auto second = Journal::open({scratch.file("journal.db"), {}});
    close(done_pipe[1]);
    close(opened_pipe[0]);
    close(opened_pipe[1]);
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE_FALSE(second);
    CHECK(second.error().name == "journal_locked");
}

TEST_CASE("what was committed survives the death of the process", "[journal]") {
    const Scratch scratch;
    const pid_t child = fork();
    if (child == 0) {
        const auto journal = opened(scratch);
        const bool kept = commit(*journal, putting("colour", "blue")).has_value();
        _exit(kept ? 0 : 1);  // no destructor runs: the log is not folded into the file
    }
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(status == 0);
    CHECK(value_of(*opened(scratch), "colour") == "blue");
}

TEST_CASE("a file of another kind is called damaged", "[journal]") {
    const Scratch scratch;
    std::ofstream(scratch.file("journal.db")) << std::string(5000, 'x');
    const auto journal = Journal::open({scratch.file("journal.db"), {}});
    REQUIRE_FALSE(journal);
    CHECK(journal.error().name == "journal_damaged");
}

TEST_CASE("a journal in a missing directory names the path", "[journal]") {
    const Scratch scratch;
    const auto journal = Journal::open({scratch.file("absent/journal.db"), {}});
    REQUIRE_FALSE(journal);
    CHECK_THAT(journal.error().message, Catch::Contains("absent/journal.db"));
}

TEST_CASE("a full disk fails the commit and says how much is free", "[journal]") {
    FaultyDisk disk("full");
    const Scratch scratch;
    const auto journal = opened(scratch, disk.name());
    REQUIRE(commit(*journal, putting("colour", "blue")));
    disk.fail_writes(true);
    const auto kept = commit(*journal, putting("colour", "red"));
    disk.fail_writes(false);
    REQUIRE_FALSE(kept);
    CHECK_THAT(kept.error().message, Catch::Contains(scratch.file("journal.db")) &&
                                         Catch::Contains("full") && Catch::Contains("bytes free"));
}

TEST_CASE("a commit on a full disk leaves nothing of itself", "[journal]") {
    FaultyDisk disk("full_then_free");
    const Scratch scratch;
    {
        const auto journal = opened(scratch, disk.name());
        REQUIRE(commit(*journal, putting("colour", "blue")));
        disk.fail_writes(true);
        CHECK_FALSE(commit(*journal, putting("colour", "red")));
        disk.fail_writes(false);
    }
    CHECK(value_of(*opened(scratch, disk.name()), "colour") == "blue");
}

TEST_CASE("a failed sync fails the commit", "[journal]") {
    FaultyDisk disk("unsynced");
    const Scratch scratch;
    const auto journal = opened(scratch, disk.name());
    REQUIRE(commit(*journal, putting("colour", "blue")));
    disk.fail_syncs(true);
    CHECK_FALSE(commit(*journal, putting("colour", "red")));
    disk.fail_syncs(false);
}

TEST_CASE("every commit syncs", "[journal]") {
    FaultyDisk disk("counted");
    const Scratch scratch;
    const auto journal = opened(scratch, disk.name());
    const std::uint64_t before = disk.syncs();
    for (const char* key : {"a", "b", "c"}) REQUIRE(commit(*journal, putting(key, "v")));
    CHECK(disk.syncs() >= before + 3);
}

TEST_CASE("a checkpoint empties the log into the file", "[journal]") {
    const Scratch scratch;
    const auto journal = opened(scratch);
    REQUIRE(commit(*journal, putting("a", std::string(100'000, 'x'))));
    const std::uint64_t before = journal->file_bytes();
    REQUIRE(journal->log_pages() > 0);
    REQUIRE(journal->checkpoint());
    CHECK(journal->log_pages() == 0);
    CHECK(journal->file_bytes() >= before + 100'000);
}

TEST_CASE("free bytes are those of the file system", "[journal]") {
    const Scratch scratch;
    CHECK(opened(scratch)->free_bytes() > 0);
}

}  // namespace starling::journal::journal_test
