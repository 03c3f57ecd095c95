#include "journal/journal.hpp"

#include "base/assert.hpp"

#include <sqlite3.h>
#include <sys/statvfs.h>

#include <cstring>
#include <string_view>
#include <utility>

namespace starling::journal {
namespace {

// "STRL": tells our files from other SQLite files.
constexpr int application_id = 0x5354524C;
constexpr int format_version = 2;  // 1 had no sums

// Exclusive locking keeps the index of the write-ahead log in memory and the lock until close (I3).
constexpr const char* setup_sql =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA wal_autocheckpoint = 0;"
    "PRAGMA temp_store = MEMORY;";

constexpr const char* schema_sql =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS records ("
    " place INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,"
    " PRIMARY KEY (place, key)) STRICT, WITHOUT ROWID;"
    "PRAGMA application_id = 1398035020;"
    "PRAGMA user_version = 2;"
    "COMMIT;";

static_assert(application_id == 1398035020 && format_version == 2);

std::string directory_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

int bind(sqlite3_stmt* statement, int index, ByteView bytes) {
    // An empty span may have no address, and SQLite takes that for NULL.
    if (bytes.empty()) return sqlite3_bind_zeroblob(statement, index, 0);
    return sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), SQLITE_STATIC);
}

ByteView column(sqlite3_stmt* statement, int index) {
    const void* data = sqlite3_column_blob(statement, index);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
    return {static_cast<const std::uint8_t*>(data), size};
}

bool is_damage(int code) {
    return code == SQLITE_IOERR_DATA || (code & 0xFF) == SQLITE_NOTADB ||
           (code & 0xFF) == SQLITE_CORRUPT;
}

std::string hint_for(int code, std::uint64_t free_bytes) {
    if ((code & 0xFF) == SQLITE_BUSY)
        return "another process uses this data directory: stop it, or choose another --dir";
    if ((code & 0xFF) == SQLITE_FULL || free_bytes == 0)
        return "free disk space, then start the node again";
    if (is_damage(code)) {
        return "restore the file and its -wal from a copy, or move both away: "
               "the node then starts as a new voter";
    }
    return "check the disk and the directory's permissions, then start the node again";
}

const char* name_for(int code) {
    if ((code & 0xFF) == SQLITE_BUSY) return "journal_locked";
    if (is_damage(code)) return "journal_damaged";
    return "journal_failed";
}

int keep_page_count(void* count, sqlite3* /*database*/, const char* /*schema*/, int pages) {
    *static_cast<std::uint64_t*>(count) = static_cast<std::uint64_t>(pages);
    return SQLITE_OK;
}

}  // namespace

// A statement in use: bound from the constructor, reset at the end.
class Journal::Cursor {
public:
    Cursor(sqlite3_stmt* statement, Table table) : statement_(statement) {
        add(sqlite3_bind_int(statement_, 1, static_cast<int>(table)));
    }

    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;

    ~Cursor() {
        sqlite3_reset(statement_);
        sqlite3_clear_bindings(statement_);
    }

    Cursor& with(int index, ByteView bytes) {
        add(bind(statement_, index, bytes));
        return *this;
    }

    bool next() {
        if (code_ == SQLITE_OK || code_ == SQLITE_ROW) code_ = sqlite3_step(statement_);
        return code_ == SQLITE_ROW;
    }

    [[nodiscard]] bool done() const { return code_ == SQLITE_DONE; }

    [[nodiscard]] ByteView field(int index) const { return column(statement_, index); }

private:
    void add(int code) {
        if (code_ == SQLITE_OK) code_ = code;
    }

    sqlite3_stmt* statement_;
    int code_ = SQLITE_OK;
};

void Journal::Closer::operator()(sqlite3* database) const {
    sqlite3_close_v2(database);
}

void Journal::Closer::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

Result<std::unique_ptr<Journal>> Journal::open(const Options& options) {
    std::unique_ptr<Journal> journal(new Journal(options));
    auto done = journal->connect()
                    .and_then([&] { return journal->run(setup_sql); })
                    .and_then([&] { return journal->check_version(); })
                    .and_then([&] { return journal->empty_log(); })  // before any commit: I5
                    .and_then([&] { return journal->run(schema_sql); })
                    .and_then([&] { return journal->prepare(); });
    if (!done) return tl::unexpected<Error>(std::move(done.error()));
    return journal;
}

Journal::~Journal() = default;

Result<void> Journal::connect() {
    constexpr int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    sqlite3* database = nullptr;
    const int code = sqlite3_open_v2(options_.path.c_str(), &database, flags, vfs_.name().c_str());
    database_.reset(database);
    if (code != SQLITE_OK) return broken("open");
    int reserved = CheckedVfs::reserved_bytes;
    sqlite3_file_control(database, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
    return {};
}

Result<void> Journal::check_version() {
    auto statement = compile(
        "SELECT (SELECT application_id FROM pragma_application_id),"
        " (SELECT user_version FROM pragma_user_version),"
        " (SELECT count(*) FROM sqlite_schema)");
    if (!statement) return tl::unexpected<Error>(std::move(statement.error()));
    if (sqlite3_step(statement->get()) != SQLITE_ROW) return broken("read the version");

    const int application = sqlite3_column_int(statement->get(), 0);
    const int version = sqlite3_column_int(statement->get(), 1);
    if (sqlite3_column_int(statement->get(), 2) == 0) return {};  // a new file
    if (application != application_id) {
        return starling::failure(ErrorCode::failed, "journal_damaged",
                                 "journal " + options_.path + ": a database of another program",
                                 "choose another data directory with --dir");
    }
    if (version != format_version) return other_format(version);
    if (!vfs_.is_checked()) {
        return starling::failure(ErrorCode::failed, "journal_damaged",
                                 "journal " + options_.path + ": its first page carries no sum",
                                 hint_for(SQLITE_CORRUPT, 1));
    }
    return {};
}

tl::unexpected<Error> Journal::other_format(int version) const {
    const bool newer = version > format_version;
    return starling::failure(
        ErrorCode::failed, newer ? "journal_newer" : "journal_older",
        "journal " + options_.path + ": format " + std::to_string(version) +
            ", this program knows " + std::to_string(format_version),
        newer ? "start it with the version that wrote it, or a later one"
              : "start it with the version that wrote it, or choose another --dir");
}

Result<void> Journal::prepare() {
    // After the setup: switching automatic checkpoints off also takes the hook away.
    sqlite3_wal_hook(database_.get(), keep_page_count, &log_pages_);
    const std::pair<Statement*, const char*> statements[] = {
        {&begin_, "BEGIN IMMEDIATE"},
        {&commit_, "COMMIT"},
        {&put_, "INSERT OR REPLACE INTO records (place, key, value) VALUES (?1, ?2, ?3)"},
        {&erase_, "DELETE FROM records WHERE place = ?1 AND key = ?2"},
        {&scan_, "SELECT key, value FROM records WHERE place = ?1 ORDER BY key"},
        {&read_, "SELECT value FROM records WHERE place = ?1 AND key = ?2"},
        {&range_,
         "SELECT key, value FROM records WHERE place = ?1 AND key >= ?2 AND key <= ?3"
         " ORDER BY key"},
    };
    for (const auto& [slot, sql] : statements) {
        auto statement = compile(sql);
        if (!statement) return tl::unexpected<Error>(std::move(statement.error()));
        *slot = std::move(*statement);
    }
    return {};
}

Result<void> Journal::run(const char* sql) {
    if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
    auto error = broken("prepare");
    if (sqlite3_get_autocommit(database_.get()) == 0) {
        sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
    return error;
}

Result<Journal::Statement> Journal::compile(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT,
                                        &statement, nullptr);
    if (code != SQLITE_OK) return broken("prepare");
    return Statement(statement);
}

Result<void> Journal::step(sqlite3_stmt* statement, const char* doing) {
    const bool done = sqlite3_step(statement) == SQLITE_DONE;
    Result<void> result;
    if (!done) result = broken(doing);
    sqlite3_reset(statement);
    return result;
}

Result<void> Journal::commit(std::span<const Effects* const> turns) {
    if (auto begun = step(begin_.get(), "begin"); !begun) return begun;
    Result<void> done;
    for (const Effects* turn : turns) {
        if (done) done = write(*turn);
    }
    if (done) done = step(commit_.get(), "commit");
    if (!done) sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    return done;
}

Result<void> Journal::write(const Effects& turn) {
    for (const Stored& stored : turn.stored()) {
        Cursor cursor(stored.erase ? erase_.get() : put_.get(), stored.table);
        cursor.with(2, turn.view(stored.key));
        if (!stored.erase) cursor.with(3, turn.view(stored.value));
        cursor.next();
        if (!cursor.done()) return broken("write");
    }
    return {};
}

void Journal::scan(Table table, const Visit& visit) const {
    Cursor cursor(scan_.get(), table);
    while (cursor.next()) visit(cursor.field(0), cursor.field(1));
    if (!cursor.done()) remember("read");
}

std::optional<Bytes> Journal::read(Table table, ByteView key) const {
    Cursor cursor(read_.get(), table);
    cursor.with(2, key);
    if (cursor.next()) return copy_of(cursor.field(0));
    if (!cursor.done()) remember("read");
    return std::nullopt;
}

Result<std::vector<Entry>> Journal::range(Table table, ByteView first, ByteView last,
                                          std::size_t bytes_max) const {
    Cursor cursor(range_.get(), table);
    cursor.with(2, first).with(3, last);
    std::vector<Entry> entries;
    std::size_t total = 0;
    while (cursor.next()) {
        const ByteView key = cursor.field(0);
        const ByteView value = cursor.field(1);
        total += key.size() + value.size();
        if (total > bytes_max && !entries.empty()) return entries;
        entries.push_back({copy_of(key), copy_of(value)});
    }
    if (!cursor.done()) return broken("read");
    return entries;
}

Result<void> Journal::checkpoint() {
    return checkpoint(SQLITE_CHECKPOINT_PASSIVE);
}

Result<void> Journal::empty_log() {
    return checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
}

Result<void> Journal::checkpoint(int mode) {
    const int code = sqlite3_wal_checkpoint_v2(database_.get(), nullptr, mode, nullptr, nullptr);
    if (code != SQLITE_OK) return broken("checkpoint");
    log_pages_ = 0;
    return {};
}

Result<void> Journal::checkpoint_if_due() {
    if (log_pages_ < options_.checkpoint_pages) return {};
    return checkpoint();
}

std::uint64_t Journal::file_bytes() const {
    sqlite3_file* file = nullptr;
    sqlite3_int64 size = 0;
    sqlite3_file_control(database_.get(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (file == nullptr || file->pMethods == nullptr) return 0;
    if (file->pMethods->xFileSize(file, &size) != SQLITE_OK) return 0;
    return static_cast<std::uint64_t>(size);
}

std::uint64_t Journal::free_bytes() const {
    return options_.free_bytes(directory_of(options_.path));
}

tl::unexpected<Error> Journal::broken(const char* doing) const {
    const int code = sqlite3_extended_errcode(database_.get());
    const int system = sqlite3_system_errno(database_.get());
    const std::uint64_t free = free_bytes();
    std::string text = "journal " + options_.path + ": cannot " + doing + ": ";
    // What SQLite and the system say of a page that was refused is not what happened.
    const bool refused = code == SQLITE_IOERR_DATA;
    text += refused ? "something in it is not as it was written" : sqlite3_errmsg(database_.get());
    text += " (SQLite " + std::to_string(code);
    if (system != 0 && !refused)
        text += ", errno " + std::to_string(system) + " " + std::strerror(system);
    text += "), " + std::to_string(free) + " bytes free";
    return starling::failure(ErrorCode::failed, name_for(code), std::move(text),
                             hint_for(code, free), Changed::unknown);
}

void Journal::remember(const char* doing) const {
    if (!read_failure_) read_failure_ = broken(doing).value();
}

std::uint64_t free_bytes_at(const std::string& path) {
    struct statvfs status {};

    if (statvfs(path.c_str(), &status) != 0) return 0;
    return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

}  // namespace starling::journal
