#include "sim/platter_vfs.hpp"

#include "base/rng.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string>
#include <string_view>

namespace starling::sim {
namespace {

// Random numbers of SQLite: salts of the write-ahead log, names of temporary files.
constexpr int sqlite_seed = 20260101;
constexpr std::size_t path_bytes = 64;

struct File {
    sqlite3_file base;
    PlatterVfs* vfs;
    bool is_log;
    char path[path_bytes];
};

File& our(sqlite3_file* file) {
    return *reinterpret_cast<File*>(file);
}

int close_file(sqlite3_file*) {
    return SQLITE_OK;
}

int read_file(sqlite3_file* file, void* to, int count, sqlite3_int64 offset) {
    const File& ours = our(file);
    if (ours.vfs->reads_fail()) return SQLITE_IOERR_READ;
    const std::span bytes(static_cast<std::uint8_t*>(to), static_cast<std::size_t>(count));
    const std::size_t got =
        ours.vfs->platter().read(ours.path, static_cast<std::uint64_t>(offset), bytes);
    ours.vfs->spoil(ours.is_log, static_cast<std::uint64_t>(offset), bytes.first(got));
    if (got == bytes.size()) return SQLITE_OK;
    std::ranges::fill(bytes.subspan(got), std::uint8_t{0});
    return SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
    const File& ours = our(file);
    if (ours.vfs->is_off() || ours.vfs->errors().read_only) return SQLITE_IOERR_WRITE;
    if (ours.vfs->errors().full) return SQLITE_FULL;
    const ByteView bytes(static_cast<const std::uint8_t*>(from), static_cast<std::size_t>(count));
    ours.vfs->platter().write(ours.path, static_cast<std::uint64_t>(offset), bytes);
    if (ours.is_log && offset == 0) ours.vfs->on_log_emptied();  // it begins anew
    if (ours.is_log) ours.vfs->on_log_written(static_cast<std::uint64_t>(offset) + bytes.size());
    return SQLITE_OK;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
    const bool refuses = our(file).vfs->is_off() || our(file).vfs->errors().read_only;
    if (refuses) return SQLITE_IOERR_TRUNCATE;
    our(file).vfs->platter().truncate(our(file).path, static_cast<std::uint64_t>(size));
    if (our(file).is_log) our(file).vfs->on_log_emptied();
    return SQLITE_OK;
}

int sync_file(sqlite3_file* file, int /*flags*/) {
    if (our(file).vfs->syncs_fail()) return SQLITE_IOERR_FSYNC;
    if (our(file).is_log) our(file).vfs->on_log_synced();
    if (!our(file).vfs->syncs_lie()) our(file).vfs->platter().sync(our(file).path);
    return SQLITE_OK;
}

int size_of(sqlite3_file* file, sqlite3_int64* size) {
    *size = static_cast<sqlite3_int64>(our(file).vfs->platter().size(our(file).path));
    return SQLITE_OK;
}

int lock_file(sqlite3_file*, int) {
    return SQLITE_OK;  // I2
}

int check_reserved(sqlite3_file*, int* held) {
    *held = 0;
    return SQLITE_OK;
}

int control(sqlite3_file*, int, void*) {
    return SQLITE_NOTFOUND;
}

int sector_size(sqlite3_file*) {
    return static_cast<int>(Platter::sector_bytes);
}

// As the unix VFS says of any disk.
int traits(sqlite3_file*) {
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

// Without shared memory: the journal locks exclusively and keeps that index in its own.
constexpr sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = size_of,
    .xLock = lock_file,
    .xUnlock = lock_file,
    .xCheckReservedLock = check_reserved,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = traits,
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

PlatterVfs& vfs_of(sqlite3_vfs* vfs) {
    return *static_cast<PlatterVfs*>(vfs->pAppData);
}

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* flags_out) {
    file->pMethods = nullptr;
    const bool fits = path != nullptr && std::strlen(path) < path_bytes;
    Platter& platter = vfs_of(vfs).platter();
    if (!fits) return SQLITE_CANTOPEN;
    if (!platter.contains(path)) {
        if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
        platter.truncate(path, 0);
    }
    File* ours = new (file) File{{&methods}, &vfs_of(vfs), (flags & SQLITE_OPEN_WAL) != 0, {}};
    std::memcpy(ours->path, path, std::strlen(path) + 1);
    if (flags_out != nullptr) *flags_out = flags;
    return SQLITE_OK;
}

int remove_file(sqlite3_vfs* vfs, const char* path, int /*sync_directory*/) {
    if (vfs_of(vfs).is_off()) return SQLITE_IOERR_DELETE;
    if (!vfs_of(vfs).platter().contains(path)) return SQLITE_IOERR_DELETE_NOENT;
    vfs_of(vfs).platter().remove(path);
    vfs_of(vfs).on_log_emptied();  // nothing else is ever removed
    return SQLITE_OK;
}

int access_file(sqlite3_vfs* vfs, const char* path, int /*what*/, int* result) {
    *result = vfs_of(vfs).platter().contains(path) ? 1 : 0;
    return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* path, int size, char* full) {
    const std::size_t bytes = std::strlen(path) + 1;
    if (bytes > static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
    std::memcpy(full, path, bytes);
    return SQLITE_OK;
}

int randomness(sqlite3_vfs*, int size, char* to) {
    std::memset(to, 0, static_cast<std::size_t>(size));
    return size;
}

int no_sleep(sqlite3_vfs*, int microseconds) {
    return microseconds;
}

int current_time(sqlite3_vfs*, sqlite3_int64* julian_ms) {
    *julian_ms = 0;
    return SQLITE_OK;
}

int last_error(sqlite3_vfs*, int, char*) {
    return 0;
}

}  // namespace

struct PlatterVfs::Registration {
    sqlite3_vfs vfs{};
};

PlatterVfs::PlatterVfs(Platter& platter)
    : platter_(platter), registration_(std::make_unique<Registration>()) {
    // The name is found again by this address only; nothing else follows from it.
    name_ = "platter-" + std::to_string(reinterpret_cast<std::uintptr_t>(this));
    sqlite3_vfs& vfs = registration_->vfs;
    vfs.iVersion = 2;
    vfs.szOsFile = sizeof(File);
    vfs.mxPathname = path_bytes - 1;
    vfs.zName = name_.c_str();
    vfs.pAppData = this;
    vfs.xOpen = open_file;
    vfs.xDelete = remove_file;
    vfs.xAccess = access_file;
    vfs.xFullPathname = full_path;
    vfs.xRandomness = randomness;
    vfs.xSleep = no_sleep;
    vfs.xGetLastError = last_error;
    vfs.xCurrentTimeInt64 = current_time;
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);  // nobody asks; refused once SQLite is in use
    sqlite3_vfs_register(&vfs, 0);
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, sqlite_seed, nullptr);  // I1
}

void PlatterVfs::on_log_synced() {
    std::shift_left(log_ends_.begin(), log_ends_.end(), 1);
    log_ends_.back() = log_end_;
}

void PlatterVfs::on_log_emptied() {
    log_end_ = 0;
    log_ends_ = {};
}

void PlatterVfs::spoil(bool is_log, std::uint64_t offset, std::span<std::uint8_t> bytes) const {
    if (errors_.rot == 0 || (is_log && !errors_.log_rots)) return;
    const std::uint64_t end = offset + bytes.size();
    for (std::uint64_t sector = offset / Platter::sector_bytes;
         sector * Platter::sector_bytes < end; ++sector) {
        Rng rng(errors_.rot_seed, sector << 1U | std::uint64_t{is_log});
        if (rng.below(1'000'000) >= errors_.rot) continue;
        const std::uint64_t bit = rng.below(Platter::sector_bytes * 8);
        const std::uint64_t byte = sector * Platter::sector_bytes + bit / 8;
        if (byte < offset || byte >= end || (is_log && byte >= log_ends_.front())) continue;
        bytes[static_cast<std::size_t>(byte - offset)] ^= static_cast<std::uint8_t>(1U << bit % 8);
    }
}

PlatterVfs::~PlatterVfs() {
    sqlite3_vfs_unregister(&registration_->vfs);
}

}  // namespace starling::sim
