// A VFS of SQLite that hands out no page which is not as it was written.
//
//      SQLite ──> CheckedVfs ──> the VFS below
//                   main file    a page's last 8 bytes are a sum over the rest and its number
//                   log          SQLite's own sums, looked at again whenever a page is read
//                   opening a log: is_log_damaged()
//
// Invariants:
//   I1  A page of the main file that differs from what was written there last is not read:
//       SQLITE_IOERR_DATA.  So do pages of another place, and pages of zeros but those never
//       written.
//   I2  The same for pages of the log, from the sync that ends their commit on: until then SQLite
//       may write a page again and mend the sums behind it later.
//   I3  No log is opened that lost a commit before its last: SQLITE_IOERR_DATA.
//   I4  A log that is emptied is empty on the disk before it is written again; one that begins anew
//       over what was moved into the main file has lost its first frame before that.
//
// A database whose pages leave no room for the sum is read as it is: is_checked() tells.  SQLite's
// cksumvfs does the like for the main file.  As thread safe as the connection that uses it.
#pragma once

#include <memory>
#include <string>

namespace starling::journal {

class CheckedVfs {
public:
    static constexpr int reserved_bytes = 8;  // of each page

    // On the VFS of this name; the system's own when empty.  It outlives every file on it.
    // REQUIRES: that VFS exists.
    explicit CheckedVfs(const std::string& below);
    CheckedVfs(const CheckedVfs&) = delete;
    CheckedVfs& operator=(const CheckedVfs&) = delete;
    ~CheckedVfs();

    // What sqlite3_open_v2() takes; unique while this lives.
    [[nodiscard]] const std::string& name() const { return name_; }

    // Whether the first page of the main file says that its pages carry sums.
    [[nodiscard]] bool is_checked() const;

    struct State;

private:
    std::string name_;
    std::unique_ptr<State> state_;
};

}  // namespace starling::journal
