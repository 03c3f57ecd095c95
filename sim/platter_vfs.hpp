// SQLite's files on a Platter: a VFS that has no clock, no entropy and no locks of its own.
//
//      journal::Journal ──> SQLite ──> PlatterVfs ──> Platter
//
// Invariants:
//   I1  Equal uses give equal bytes: SQLite draws its random numbers from a fixed seed.
//   I2  One process uses a file at a time, as a simulated machine has one: locks are granted.
//
// Faults are switched on and off while files are open.  Not thread safe.
#pragma once

#include "sim/platter.hpp"

#include <memory>
#include <string>

namespace starling::sim {

// What a disk answers with errors, until it does not any more.
struct DiskErrors {
    bool full = false;       // writes: SQLITE_FULL
    bool read_only = false;  // writes, as after a remount: SQLITE_IOERR_WRITE
    bool syncs = false;      // SQLITE_IOERR_FSYNC
    bool reads = false;      // SQLITE_IOERR_READ

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

private:
    struct Registration;

    Platter& platter_;
    std::string name_;
    std::unique_ptr<Registration> registration_;
    DiskErrors errors_;
    bool syncs_lie_ = false;
    bool off_ = false;
};

}  // namespace starling::sim
