#include "journal/checked_vfs.hpp"

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "base/mutant.hpp"

#include "journal/log_check.hpp"
#include <sqlite3.h>

#include <algorithm>
#include <new>
#include <span>

namespace starling::journal {

struct CheckedVfs::State {
    sqlite3_vfs vfs{};
    sqlite3_vfs* below = nullptr;
    Bytes page = Bytes(page_bytes);  // that is written, with its sum
    bool checked = false;
    sqlite3_int64 log_end = 0;     // written up to here
    sqlite3_int64 log_synced = 0;  // of that
};

namespace {

constexpr std::size_t sum_bytes = CheckedVfs::reserved_bytes;
constexpr std::size_t summed_bytes = page_bytes - sum_bytes;
constexpr std::size_t reserved_at = 20;  // in the first page

enum class Role : std::uint8_t { main, log, other };

// Ours, with that of the VFS below right behind it in the same memory.
struct File {
    sqlite3_file base;
    CheckedVfs::State* state;
    Role role;

    sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& our(sqlite3_file* file) {
    return *reinterpret_cast<File*>(file);
}

sqlite3_file* below(sqlite3_file* file) {
    return our(file).below();
}

bool is_page(int count, sqlite3_int64 offset) {
    return count == static_cast<int>(page_bytes) && offset % count == 0;
}

bool is_page_of_log(int count, sqlite3_int64 offset) {
    constexpr auto first = static_cast<sqlite3_int64>(log_header_bytes + log_frame_header_bytes);
    return count == static_cast<int>(page_bytes) && offset >= first &&
           (offset - first) % static_cast<sqlite3_int64>(log_frame_bytes) == 0;
}

// The page's place is the key: a page in another's place has another sum.
std::uint64_t sum_of(ByteView page, sqlite3_int64 offset) {
    return short_hash(page.first(summed_bytes), static_cast<std::uint64_t>(offset));
}

bool is_whole(ByteView page, sqlite3_int64 offset) {
    if (load_u64(page.subspan(summed_bytes)) == sum_of(page, offset)) return true;
    return std::ranges::all_of(page, [](std::uint8_t byte) { return byte == 0; });
}

ReadAt reading(sqlite3_file* below) {
    return [below](std::uint64_t offset, std::span<std::uint8_t> to) {
        return below->pMethods->xRead(below, to.data(), static_cast<int>(to.size()),
                                      static_cast<sqlite3_int64>(offset)) == SQLITE_OK;
    };
}

int read_file(sqlite3_file* file, void* to, int count, sqlite3_int64 offset) {
    const int code = below(file)->pMethods->xRead(below(file), to, count, offset);
    if (code != SQLITE_OK) return code;
    CheckedVfs::State& state = *our(file).state;
    const ByteView bytes(static_cast<const std::uint8_t*>(to), static_cast<std::size_t>(count));
    bool whole = true;
    if (our(file).role == Role::main) {
        if (offset == 0 && bytes.size() > reserved_at)
            state.checked = bytes[reserved_at] == sum_bytes;
        if (state.checked && is_page(count, offset)) {
            whole = STARLING_MUTANT(76, is_whole(bytes, offset), true);  // I1
        }
    } else if (our(file).role == Role::log && is_page_of_log(count, offset) &&
               offset < state.log_synced) {
        const auto place = static_cast<std::uint64_t>(offset);
        whole = is_page_whole(reading(below(file)), bytes, place);  // I2
    }
    return whole ? SQLITE_OK : SQLITE_IOERR_DATA;
}

// I4: a header that a crash tears is not taken for one that rotted.
int begin_anew(sqlite3_file* log) {
    sqlite3_int64 size = 0;
    int code = log->pMethods->xFileSize(log, &size);
    if (code != SQLITE_OK || size == 0) return code;
    code = log->pMethods->xWrite(log, &struck_out, sizeof struck_out, log_header_bytes);
    return code == SQLITE_OK ? log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) : code;
}

int write_file(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
    Bytes& page = our(file).state->page;
    if (our(file).role == Role::main && is_page(count, offset)) {
        std::copy_n(static_cast<const std::uint8_t*>(from), page_bytes, page.data());
        if (offset == 0) our(file).state->checked = page[reserved_at] == sum_bytes;
        if (our(file).state->checked) {
            store_u64(std::span(page).subspan(summed_bytes), sum_of(page, offset));
            from = page.data();
        }
    }
    if (our(file).role == Role::log) {
        CheckedVfs::State& state = *our(file).state;
        if (offset == 0) {
            if (const int code = begin_anew(below(file)); code != SQLITE_OK) return code;
            state.log_end = state.log_synced = 0;
        }
        state.log_end = std::max(state.log_end, offset + count);
    }
    return below(file)->pMethods->xWrite(below(file), from, count, offset);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
    sqlite3_int64 before = 0;
    int code = below(file)->pMethods->xFileSize(below(file), &before);
    if (code != SQLITE_OK || before == size) return code;
    code = below(file)->pMethods->xTruncate(below(file), size);
    if (code != SQLITE_OK || our(file).role != Role::log) return code;
    our(file).state->log_end = our(file).state->log_synced = size;
    return below(file)->pMethods->xSync(below(file), SQLITE_SYNC_NORMAL);  // I4
}

int close_file(sqlite3_file* file) {
    return below(file)->pMethods->xClose(below(file));
}

int sync_file(sqlite3_file* file, int flags) {
    if (our(file).role == Role::log) our(file).state->log_synced = our(file).state->log_end;
    return below(file)->pMethods->xSync(below(file), flags);
}

int size_of(sqlite3_file* file, sqlite3_int64* size) {
    return below(file)->pMethods->xFileSize(below(file), size);
}

int lock_file(sqlite3_file* file, int level) {
    return below(file)->pMethods->xLock(below(file), level);
}

int unlock_file(sqlite3_file* file, int level) {
    return below(file)->pMethods->xUnlock(below(file), level);
}

int reserved(sqlite3_file* file, int* held) {
    return below(file)->pMethods->xCheckReservedLock(below(file), held);
}

int control(sqlite3_file* file, int operation, void* argument) {
    return below(file)->pMethods->xFileControl(below(file), operation, argument);
}

int sector(sqlite3_file* file) {
    return below(file)->pMethods->xSectorSize(below(file));
}

int traits(sqlite3_file* file) {
    return below(file)->pMethods->xDeviceCharacteristics(below(file));
}

// Without shared memory, which the journal does not use, and without memory maps, which would go
// past the sums.
constexpr sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = size_of,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = reserved,
    .xFileControl = control,
    .xSectorSize = sector,
    .xDeviceCharacteristics = traits,
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

CheckedVfs::State& state_of(sqlite3_vfs* vfs) {
    return *static_cast<CheckedVfs::State*>(vfs->pAppData);
}

Role role_of(int flags) {
    if ((flags & SQLITE_OPEN_MAIN_DB) != 0) return Role::main;
    return (flags & SQLITE_OPEN_WAL) != 0 ? Role::log : Role::other;
}

// I3.
int look_through(sqlite3_file* log, CheckedVfs::State& state) {
    sqlite3_int64 size = 0;
    const int code = log->pMethods->xFileSize(log, &size);
    if (code != SQLITE_OK) return code;
    state.log_end = state.log_synced = size;
    const bool damaged =
        STARLING_MUTANT(77, is_log_damaged(reading(log), static_cast<std::uint64_t>(size)), false);
    return damaged ? SQLITE_IOERR_DATA : SQLITE_OK;
}

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* flags_out) {
    CheckedVfs::State& state = state_of(vfs);
    File* ours = new (file) File{{nullptr}, &state, role_of(flags)};
    int code = state.below->xOpen(state.below, path, ours->below(), flags, flags_out);
    if (ours->below()->pMethods == nullptr) return code;
    if (code == SQLITE_OK && ours->role == Role::log) code = look_through(ours->below(), state);
    if (code == SQLITE_OK) {
        ours->base.pMethods = &methods;
    } else {
        ours->below()->pMethods->xClose(ours->below());
    }
    return code;
}

int remove_file(sqlite3_vfs* vfs, const char* path, int sync_directory) {
    return state_of(vfs).below->xDelete(state_of(vfs).below, path, sync_directory);
}

int access_file(sqlite3_vfs* vfs, const char* path, int what, int* result) {
    return state_of(vfs).below->xAccess(state_of(vfs).below, path, what, result);
}

int full_path(sqlite3_vfs* vfs, const char* path, int size, char* full) {
    return state_of(vfs).below->xFullPathname(state_of(vfs).below, path, size, full);
}

int randomness(sqlite3_vfs* vfs, int size, char* to) {
    return state_of(vfs).below->xRandomness(state_of(vfs).below, size, to);
}

int wait_for(sqlite3_vfs* vfs, int microseconds) {
    return state_of(vfs).below->xSleep(state_of(vfs).below, microseconds);
}

int last_error(sqlite3_vfs* vfs, int size, char* text) {
    return state_of(vfs).below->xGetLastError(state_of(vfs).below, size, text);
}

int current_time(sqlite3_vfs* vfs, sqlite3_int64* julian_ms) {
    return state_of(vfs).below->xCurrentTimeInt64(state_of(vfs).below, julian_ms);
}

}  // namespace

CheckedVfs::CheckedVfs(const std::string& below) : state_(std::make_unique<State>()) {
    // The name is found again by this address only; nothing else follows from it.
    name_ = "checked-" + std::to_string(reinterpret_cast<std::uintptr_t>(this));
    state_->below = sqlite3_vfs_find(below.empty() ? nullptr : below.c_str());
    STARLING_ASSERT(state_->below != nullptr);
    sqlite3_vfs& vfs = state_->vfs;
    vfs.iVersion = 2;
    vfs.szOsFile = static_cast<int>(sizeof(File)) + state_->below->szOsFile;
    vfs.mxPathname = state_->below->mxPathname;
    vfs.zName = name_.c_str();
    vfs.pAppData = state_.get();
    vfs.xOpen = open_file;
    vfs.xDelete = remove_file;
    vfs.xAccess = access_file;
    vfs.xFullPathname = full_path;
    vfs.xRandomness = randomness;
    vfs.xSleep = wait_for;
    vfs.xGetLastError = last_error;
    vfs.xCurrentTimeInt64 = current_time;
    sqlite3_vfs_register(&vfs, 0);
}

CheckedVfs::~CheckedVfs() {
    sqlite3_vfs_unregister(&state_->vfs);
}

bool CheckedVfs::is_checked() const {
    return state_->checked;
}

}  // namespace starling::journal
