// The records that a node keeps over a restart: one SQLite file of {table, key, value}.
//
//   Effects of turns ──commit()──> write-ahead log ──sync──> durable        (one transaction, all
//   or nothing)
//                                        └──checkpoint()──> main file       (explicit: never inside
//                                        a commit)
//   scan() · read() · range() ──> what was committed
//
// Invariants:
//   I1  commit() that returns success is durable as far as the file system keeps its promise of
//   sync. I2  A commit holds all records of all its turns or none of them; later turns win over
//   earlier ones. I3  One journal is open at most once, in this process and in all others of the
//   machine. I4  Every error names the path, what SQLite and the system say, and the free bytes.
//   I5  What is read is what was committed last, or an error (checked_vfs.hpp): bits that rotted,
//   pages of another place, a log that lost more than a crash may take.  Rot that ends one of the
//   last two commits of the log cannot be told from what a crash tore.
//
// Not thread safe; it may wander from thread to thread as long as one uses it at a time.
#pragma once

#include "base/bytes.hpp"
#include "base/effects.hpp"
#include "base/records.hpp"
#include "base/tables.hpp"
#include <starling/error.hpp>

#include "journal/checked_vfs.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace starling::journal {

// Bytes that an ordinary user may still write where `path` lies; 0 when the system does not say.
[[nodiscard]] std::uint64_t free_bytes_at(const std::string& path);

struct Options {
    std::string path;
    std::string vfs;  // name of a registered SQLite VFS; empty: the system's own
    std::uint64_t (*free_bytes)(const std::string& path) = free_bytes_at;  // of that VFS
    // A checkpoint is due when the write-ahead log holds as many: 8 MiB, so that it takes some
    // milliseconds and a start reads no more than that.
    std::uint64_t checkpoint_pages = 2048;
};

struct Entry {
    Bytes key;
    Bytes value;
};

class Journal final : public RecordSource {
public:
    // Creates the file when there is none, and empties the log of one that is there.  Errors:
    // journal_locked, journal_damaged, journal_newer, journal_older, journal_failed.  On failure an
    // existing file is as it was, or with its log emptied into it.
    [[nodiscard]] static Result<std::unique_ptr<Journal>> open(const Options& options);
    ~Journal() override;

    // Keeps the records of these turns, in order.  After an error nothing of them is known to be
    // kept and the journal must not be used any more.
    [[nodiscard]] Result<void> commit(std::span<const Effects* const> turns);

    // RecordSource.  A read that fails hands out what it had and is remembered in read_failure().
    void scan(Table table, const Visit& visit) const override;
    [[nodiscard]] std::optional<Bytes> read(Table table, ByteView key) const override;

    // Records from `first` to `last`, both included, keys ascending: as many as fit into
    // `bytes_max`, at least one when there is one.
    [[nodiscard]] Result<std::vector<Entry>> range(Table table, ByteView first, ByteView last,
                                                   std::size_t bytes_max) const;

    // Moves what the write-ahead log holds into the main file.
    [[nodiscard]] Result<void> checkpoint();
    [[nodiscard]] Result<void> checkpoint_if_due();

    // Pages in the write-ahead log since its last full checkpoint.
    [[nodiscard]] std::uint64_t log_pages() const { return log_pages_; }

    // Bytes of the main file; the write-ahead log is not counted.
    [[nodiscard]] std::uint64_t file_bytes() const;

    // Bytes that an ordinary user may still write on this file system.
    [[nodiscard]] std::uint64_t free_bytes() const;

    // The first read that failed.
    [[nodiscard]] const std::optional<Error>& read_failure() const { return read_failure_; }

    [[nodiscard]] const std::string& path() const { return options_.path; }

private:
    class Cursor;

    struct Closer {
        void operator()(sqlite3* database) const;
        void operator()(sqlite3_stmt* statement) const;
    };

    using Statement = std::unique_ptr<sqlite3_stmt, Closer>;

    explicit Journal(Options options) : options_(std::move(options)), vfs_(options_.vfs) {}

    [[nodiscard]] Result<void> connect();
    [[nodiscard]] Result<void> check_version();
    [[nodiscard]] tl::unexpected<Error> other_format(int version) const;
    [[nodiscard]] Result<void> empty_log();
    [[nodiscard]] Result<void> checkpoint(int mode);
    [[nodiscard]] Result<void> prepare();
    [[nodiscard]] Result<void> run(const char* sql);
    [[nodiscard]] Result<Statement> compile(const char* sql);
    [[nodiscard]] Result<void> step(sqlite3_stmt* statement, const char* doing);
    [[nodiscard]] Result<void> write(const Effects& turn);
    [[nodiscard]] tl::unexpected<Error> broken(const char* doing) const;
    void remember(const char* doing) const;

    Options options_;
    CheckedVfs vfs_;
    std::unique_ptr<sqlite3, Closer> database_;
    Statement begin_;
    Statement commit_;
    Statement put_;
    Statement erase_;
    Statement scan_;
    Statement read_;
    Statement range_;
    std::uint64_t log_pages_ = 0;
    mutable std::optional<Error> read_failure_;
};

}  // namespace starling::journal
