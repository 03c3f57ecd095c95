// SQLite's files on a Platter: a VFS that has no clock, no entropy and no locks of its own.
//
//      journal::Journal ──> SQLite ──> PlatterVfs ──> Platter
//
// Bits rot in what the disk has kept for a while: of the log not in its last two commits, which a
// reader cannot tell from what a crash tore (journal/log_check.hpp).  The platter itself stays as
// it is: when the fault ends all is there.
//
// Invariants:
//   I1  Equal uses give equal bytes: SQLite draws its random numbers from a fixed seed.
//   I2  One process uses a file at a time, as a simulated machine has one: locks are granted.
//
// Faults are switched on and off while files are open.  Not thread safe.
#pragma once

#include "sim/platter.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace starling::sim {

// What a disk answers with errors, until it does not any more.
struct DiskErrors {
    bool full = false;       // writes: SQLITE_FULL
    bool read_only = false;  // writes, as after a remount: SQLITE_IOERR_WRITE
    bool syncs = false;      // SQLITE_IOERR_FSYNC
    bool reads = false;      // SQLITE_IOERR_READ
    std::uint64_t rot = 0;   // of a million sectors read with a bit wrong
    std::uint64_t rot_seed = 0;
    bool log_rots = true;  // not the main file alone

    [[nodiscard]] bool in_commits() const { return full || read_only || syncs; }
};

class PlatterVfs {
public:
    // Both outlive every connection to them.
    explicit PlatterVfs(Platter& platter);
    PlatterVfs(const PlatterVfs&) = delete;
    PlatterVfs& operator=(const PlatterVfs&) = delete;
    ~PlatterVfs();

    // What sqlite3_open_v2() takes; unique while this lives.
    [[nodiscard]] const std::string& name() const { return name_; }

    void fail(const DiskErrors& errors) { errors_ = errors; }

    void skip_syncs(bool skip) { syncs_lie_ = skip; }  // a disk that says so and does not

    // The machine has no power: nothing is read, written or removed.
    void switch_off(bool off) { off_ = off; }

    [[nodiscard]] Platter& platter() const { return platter_; }

    [[nodiscard]] const DiskErrors& errors() const { return errors_; }

    [[nodiscard]] bool is_off() const { return off_; }

    [[nodiscard]] bool syncs_fail() const { return errors_.syncs || off_; }

    [[nodiscard]] bool reads_fail() const { return errors_.reads || off_; }

    [[nodiscard]] bool syncs_lie() const { return syncs_lie_; }

    // The log was written up to this byte; it was synced; it is empty.
    void on_log_written(std::uint64_t end) { log_end_ = std::max(log_end_, end); }

    void on_log_synced();
    void on_log_emptied();

    // Spoils what was read from this offset of the log or the main file on.
    void spoil(bool is_log, std::uint64_t offset, std::span<std::uint8_t> bytes) const;

private:
    struct Registration;

    Platter& platter_;
    std::string name_;
    std::unique_ptr<Registration> registration_;
    DiskErrors errors_;
    bool syncs_lie_ = false;
    std::uint64_t log_end_ = 0;
    std::array<std::uint64_t, 3> log_ends_{};  // at its last syncs, the oldest first
    bool off_ = false;
};

}  // namespace starling::sim
