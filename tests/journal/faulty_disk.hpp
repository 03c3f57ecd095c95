// A SQLite VFS for tests: the system's own, with syncs that take longer and writes that fail.
//
//   SQLite ──> faulty_disk ──> unix VFS           each fault is switched on and off while files are
//   open
//
// Switches are atomic: any thread may turn them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace starling::tests {

class FaultyDisk {
public:
    // Registers a VFS under this name for as long as this lives: outlive every file on it.
    explicit FaultyDisk(std::string name);
    FaultyDisk(const FaultyDisk&) = delete;
    FaultyDisk& operator=(const FaultyDisk&) = delete;
    ~FaultyDisk();

    [[nodiscard]] const std::string& name() const { return name_; }

    void delay_syncs(std::chrono::milliseconds delay);
    void fail_writes(bool fail);  // with SQLITE_FULL
    void fail_syncs(bool fail);   // with SQLITE_IOERR_FSYNC
    void hang_syncs(bool hang);   // until they are let go
    [[nodiscard]] std::uint64_t syncs() const;
    [[nodiscard]] std::uint64_t hanging() const;  // syncs, now
    [[nodiscard]] std::uint64_t open_files() const;

    struct State;

private:
    std::string name_;
    State* state_;
};

}  // namespace starling::tests
