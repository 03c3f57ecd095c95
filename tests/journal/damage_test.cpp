// A journal whose file or log is not as it was written: it says so, and hands nothing out.
#include "tests/journal/scratch.hpp"

#include "journal/journal.hpp"
#include "journal/log_check.hpp"
#include <catch2/catch.hpp>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace starling::journal::damage_test {
namespace {

using tests::Scratch;

constexpr int commits = 12;

std::string key_of(int i) {
    return "key " + std::to_string(100 + i);
}

bool commit(Journal& journal, std::string_view key, std::string_view value) {
    Effects effects;
    effects.persist(Table::values, view_of(key), view_of(value));
    const Effects* turns[] = {&effects};
    return journal.commit(turns).has_value();
}

// Commits of one record each, the last of so many bytes, by a process that ends without closing the
// journal.
void write_and_die(const std::string& path, bool checkpoint, std::size_t last = 900) {
    const pid_t child = fork();
    if (child == 0) {
        const auto journal = Journal::open({path, {}});
        bool fine = journal.has_value();
        for (int i = 0; fine && i < commits; ++i) {
            fine = commit(**journal, key_of(i), std::string(i + 1 < commits ? 900 : last, 'x'));
        }
        if (fine && checkpoint) fine = (*journal)->checkpoint().has_value();
        _exit(fine ? 0 : 1);
    }
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(status == 0);
}

Bytes content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void replace(const std::string& path, const Bytes& bytes) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
}

// How many of the records a journal at this path reads; -1 when it says that it is damaged.
int readable(const std::string& path) {
    const auto journal = Journal::open({path, {}});
    if (!journal) {
        CHECK(journal.error().name == "journal_damaged");
        CHECK_THAT(journal.error().message, Catch::Contains(path));
        CHECK_THAT(journal.error().hint, Catch::Contains("-wal"));
        return -1;
    }
    int found = 0;
    (*journal)->scan(Table::values, [&](ByteView, ByteView) { ++found; });
    if (!(*journal)->read_failure()) return found;
    CHECK((*journal)->read_failure()->name == "journal_damaged");
    return -1;
}

// A journal with these bytes in its main file and its log.
int readable(const Scratch& scratch, const Bytes& main, const Bytes& log) {
    const std::string path = scratch.file("copy.db");
    replace(path, main);
    replace(path + "-wal", log);
    const int found = readable(path);
    std::filesystem::remove(path);
    std::filesystem::remove(path + "-wal");
    return found;
}

Bytes flipped(Bytes bytes, std::size_t byte) {
    bytes.at(byte) ^= 0x10U;
    return bytes;
}

TEST_CASE("a bit that rots anywhere in the main file is told", "[journal][damage]") {
    const Scratch scratch;
    const std::string path = scratch.file("journal.db");
    write_and_die(path, true);
    const Bytes main = content_of(path);
    REQUIRE(readable(scratch, main, {}) == commits);
    for (std::size_t byte = 0; byte < main.size(); byte += 131) {
        INFO("byte " << byte << " of " << main.size());
        CHECK(readable(scratch, flipped(main, byte), {}) == -1);
    }
}

TEST_CASE("a page in the place of another is told", "[journal][damage]") {
    const Scratch scratch;
    const std::string path = scratch.file("journal.db");
    write_and_die(path, true);
    Bytes main = content_of(path);
    REQUIRE(main.size() >= 3 * page_bytes);
    std::copy_n(std::next(main.begin(), page_bytes), page_bytes,
                std::next(main.begin(), 2 * page_bytes));
    CHECK(readable(scratch, main, {}) == -1);
}

// What is lost with a commit is its record.
TEST_CASE("a bit that rots in the log is told, unless only the last two commits are lost",
          "[journal][damage]") {
    const Scratch scratch;
    const std::string path = scratch.file("journal.db");
    write_and_die(path, false);
    const Bytes main = content_of(path);
    const Bytes log = content_of(path + "-wal");
    REQUIRE(readable(scratch, main, log) == commits);
    int damaged = 0;
    for (std::size_t byte = 0; byte < log.size(); byte += 131) {
        INFO("byte " << byte << " of " << log.size());
        const int found = readable(scratch, main, flipped(log, byte));
        CHECK((found == -1 || found >= commits - 2));
        if (found == -1) ++damaged;
    }
    CHECK(damaged > 50);
}

// Where the header of a frame lies across two sectors, a crash may leave the first words of the old
// log beside the new salts.
TEST_CASE("a header torn in the last commit is not damage", "[journal][damage]") {
    const Scratch scratch;
    const std::string path = scratch.file("journal.db");
    write_and_die(path, false, 20'000);
    const Bytes main = content_of(path);
    Bytes log = content_of(path + "-wal");
    REQUIRE(readable(scratch, main, log) == commits);
    const std::size_t frames = (log.size() - log_header_bytes) / log_frame_bytes;
    for (std::size_t frame = frames - 4; frame < frames; ++frame) {
        Bytes torn = log;
        const std::size_t header = log_header_bytes + frame * log_frame_bytes;
        torn.at(header + 7) = 9;                            // the end of a commit of nine pages
        torn.at(header + log_frame_header_bytes) ^= 0xFFU;  // and of the old page
        CHECK(readable(scratch, main, torn) == commits - 1);
    }
}

TEST_CASE("a log that ends early, as a crash leaves it, is read up to there", "[journal][damage]") {
    const Scratch scratch;
    const std::string path = scratch.file("journal.db");
    write_and_die(path, false);
    const Bytes main = content_of(path);
    const Bytes log = content_of(path + "-wal");
    int before = 0;
    for (std::ptrdiff_t size = 0; size <= std::ssize(log); size += 1009) {
        const int found = readable(scratch, main, Bytes(log.begin(), std::next(log.begin(), size)));
        CHECK(found >= before);
        before = found;
    }
}

TEST_CASE("a log whose first frame is struck out is empty", "[journal][damage]") {
    const Scratch scratch;
    const std::string path = scratch.file("journal.db");
    write_and_die(path, true);
    const Bytes main = content_of(path);
    Bytes log = content_of(path + "-wal");
    REQUIRE(readable(scratch, main, log) == commits);
    log.at(log_header_bytes) = struck_out;
    CHECK(readable(scratch, main, log) == commits);
    log.at(log_header_bytes) = 0x10;
    CHECK(readable(scratch, main, log) == -1);
}

TEST_CASE("a page of the log that rots while the journal is open is told", "[journal][damage]") {
    const Scratch scratch;
    const std::string path = scratch.file("journal.db");
    const auto journal = Journal::open({path, {}});
    REQUIRE(journal);
    Effects effects;
    // More than SQLite keeps in memory.
    for (int i = 0; i < 2000; ++i) {
        effects.persist(Table::values, view_of(key_of(i)), view_of(std::string(3000, 'x')));
    }
    const Effects* turns[] = {&effects};
    REQUIRE((*journal)->commit(turns));
    std::fstream log(path + "-wal", std::ios::binary | std::ios::in | std::ios::out);
    const std::size_t bytes = content_of(path + "-wal").size();
    for (std::size_t at = log_header_bytes + 2000; at < bytes; at += log_frame_bytes) {
        log.seekp(static_cast<std::streamoff>(at));
        log.put('?');
    }
    log.flush();
    (*journal)->scan(Table::values, [](ByteView, ByteView) {});
    REQUIRE((*journal)->read_failure());
    CHECK((*journal)->read_failure()->name == "journal_damaged");
}

TEST_CASE("a commit of more than SQLite keeps in memory is kept whole", "[journal][damage]") {
    const Scratch scratch;
    const std::string path = scratch.file("journal.db");
    {
        const auto journal = Journal::open({path, {}});
        REQUIRE(journal);
        Effects effects;
        for (int i = 0; i < 8000; ++i) {
            // In no order, so that pages are written and changed again.
            effects.persist(Table::values, view_of(key_of(i * 4001 % 8000)),
                            view_of(std::string(1000, 'x')));
        }
        const Effects* turns[] = {&effects};
        REQUIRE((*journal)->commit(turns));
    }
    CHECK(readable(path) == 8000);
}

TEST_CASE("a journal without sums is of an earlier version", "[journal][damage]") {
    const Scratch scratch;
    const std::string path = scratch.file("journal.db");
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &database) == SQLITE_OK);
    const char* sql =
        "PRAGMA journal_mode = WAL; PRAGMA application_id = 1398035020; PRAGMA user_version = 1;"
        "CREATE TABLE records (place, key, value);";
    CHECK(sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(database);
    const auto journal = Journal::open({path, {}});
    REQUIRE_FALSE(journal);
    CHECK(journal.error().name == "journal_older");
}

}  // namespace
}  // namespace starling::journal::damage_test
