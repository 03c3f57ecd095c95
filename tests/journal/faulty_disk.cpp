#include "tests/journal/faulty_disk.hpp"

#include <sqlite3.h>

#include <atomic>
#include <new>
#include <thread>
#include <utility>

namespace starling::tests {

struct FaultyDisk::State {
    sqlite3_vfs vfs{};
    sqlite3_vfs* system = nullptr;
    std::atomic<std::int64_t> sync_delay_ms{0};
    std::atomic<bool> writes_fail{false};
    std::atomic<bool> syncs_fail{false};
    std::atomic<bool> syncs_hang{false};
    std::atomic<std::uint64_t> hanging{0};
    std::atomic<std::uint64_t> open_files{0};
    std::atomic<std::uint64_t> syncs{0};
};

namespace {

// Our file, with the system's right behind it in the same memory.
struct File {
    sqlite3_file base;
    FaultyDisk::State* state;

    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& our(sqlite3_file* file) {
    return *reinterpret_cast<File*>(file);
}

sqlite3_file* real(sqlite3_file* file) {
    return our(file).real();
}

int close_file(sqlite3_file* file) {
    --our(file).state->open_files;
    return real(file)->pMethods->xClose(real(file));
}

int read_file(sqlite3_file* file, void* to, int count, sqlite3_int64 offset) {
    return real(file)->pMethods->xRead(real(file), to, count, offset);
}

int write_file(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
    if (our(file).state->writes_fail) return SQLITE_FULL;
    return real(file)->pMethods->xWrite(real(file), from, count, offset);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
    return real(file)->pMethods->xTruncate(real(file), size);
}

int sync_file(sqlite3_file* file, int flags) {
    FaultyDisk::State& state = *our(file).state;
    ++state.syncs;
    if (state.syncs_fail) return SQLITE_IOERR_FSYNC;
    const std::chrono::milliseconds delay{state.sync_delay_ms.load()};
    if (delay.count() > 0) std::this_thread::sleep_for(delay);
    ++state.hanging;
    while (state.syncs_hang) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    --state.hanging;
    return real(file)->pMethods->xSync(real(file), flags);
}

int size_of(sqlite3_file* file, sqlite3_int64* size) {
    return real(file)->pMethods->xFileSize(real(file), size);
}

int lock_file(sqlite3_file* file, int level) {
    return real(file)->pMethods->xLock(real(file), level);
}

int unlock_file(sqlite3_file* file, int level) {
    return real(file)->pMethods->xUnlock(real(file), level);
}

int reserved(sqlite3_file* file, int* held) {
    return real(file)->pMethods->xCheckReservedLock(real(file), held);
}

int control(sqlite3_file* file, int operation, void* argument) {
    return real(file)->pMethods->xFileControl(real(file), operation, argument);
}

int sector(sqlite3_file* file) {
    return real(file)->pMethods->xSectorSize(real(file));
}

int traits(sqlite3_file* file) {
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

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

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* flags_out) {
    auto* state = static_cast<FaultyDisk::State*>(vfs->pAppData);
    File* ours = new (file) File{{nullptr}, state};
    const int code = state->system->xOpen(state->system, path, ours->real(), flags, flags_out);
    if (ours->real()->pMethods != nullptr) {
        ours->base.pMethods = &methods;
        ++state->open_files;
    }
    return code;
}

}  // namespace

FaultyDisk::FaultyDisk(std::string name) : name_(std::move(name)), state_(new State) {
    state_->system = sqlite3_vfs_find(nullptr);
    state_->vfs = *state_->system;
    state_->vfs.pNext = nullptr;
    state_->vfs.zName = name_.c_str();
    state_->vfs.pAppData = state_;
    state_->vfs.szOsFile = static_cast<int>(sizeof(File)) + state_->system->szOsFile;
    state_->vfs.xOpen = open_file;
    sqlite3_vfs_register(&state_->vfs, 0);
}

FaultyDisk::~FaultyDisk() {
    sqlite3_vfs_unregister(&state_->vfs);
    delete state_;
}

void FaultyDisk::delay_syncs(std::chrono::milliseconds delay) {
    state_->sync_delay_ms = delay.count();
}

void FaultyDisk::fail_writes(bool fail) {
    state_->writes_fail = fail;
}

void FaultyDisk::fail_syncs(bool fail) {
    state_->syncs_fail = fail;
}

void FaultyDisk::hang_syncs(bool hang) {
    state_->syncs_hang = hang;
}

std::uint64_t FaultyDisk::syncs() const {
    return state_->syncs;
}

std::uint64_t FaultyDisk::hanging() const {
    return state_->hanging;
}

std::uint64_t FaultyDisk::open_files() const {
    return state_->open_files;
}

}  // namespace starling::tests
