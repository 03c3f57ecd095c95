// What a simulated disk holds, byte by byte: files whose changes are on their way until they
// settle.
//
//      write, truncate, remove, sync ──> under way ──settle()──> settled
//                                            └── crash() ──> up to a drawn moment they were made;
//                                                those before their file's last sync are there, of
//                                                the later ones each may be there, torn or lost
//
//      The files hold everything under way; what each change took the place of is kept until it
//      settles, so that a crash can take it back.
//
// Invariants:
//   I1  Reads see every change at once, as a page cache shows it.
//   I2  After a crash every change that a sync of its file had followed, and everything settled, is
//       there as it was.
//   I3  A torn write leaves each sector old, new, or half of each: sectors it did not cover stay.
//
// Source of the crash model: AsyncFileNonDurable of FoundationDB (pages written, dropped or
// corrupt, sectors halves within them), here for sectors of 512 bytes.
//
// Not thread safe.
#pragma once

#include "base/bytes.hpp"
#include "base/rng.hpp"
#include "sim/file_bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace starling::sim {

// What crashes did to changes that no sync had followed.
struct PlatterCounts {
    std::uint64_t syncs = 0;
    std::uint64_t lost = 0;
    std::uint64_t torn = 0;
};

class Platter {
public:
    static constexpr std::size_t sector_bytes = 512;

    [[nodiscard]] bool contains(std::string_view file) const;
    [[nodiscard]] std::uint64_t size(std::string_view file) const;

    // As many bytes as there are from `offset` on, at most `to.size()`.
    std::size_t read(std::string_view file, std::uint64_t offset, std::span<std::uint8_t> to) const;

    // Makes the file when there is none; a gap before `offset` is zeros.
    void write(std::string_view file, std::uint64_t offset, ByteView bytes);
    void truncate(std::string_view file, std::uint64_t size);
    void remove(std::string_view file);
    void sync(std::string_view file);

    // Everything reached the platter.
    void settle();

    // The machine lost its power while the changes were made.
    void crash(Rng& rng);

    // No file is left.
    void wipe();

    // The files of another one, which settled, are here in the place of all that was.
    void take_files_of(Platter& other);

    [[nodiscard]] const PlatterCounts& counts() const { return counts_; }

private:
    enum class Change : std::uint8_t { write, truncate, remove, sync };

    struct File {
        std::string name;
        bool exists = false;
        FileBytes bytes;
    };

    using FileNumber = std::uint32_t;

    // A part of kept_.
    struct Kept {
        std::size_t at = 0;
        std::size_t size = 0;
    };

    struct Operation {
        Change change{};
        FileNumber file = 0;
        std::uint64_t at = 0;      // offset, or the new size
        std::uint64_t length = 0;  // of what is written
        bool existed = false;      // the file, before
        std::uint64_t size = 0;    // of the file, before
        Kept other;                // what it took the place of; after undo() what it writes
    };

    [[nodiscard]] const File* find(std::string_view name) const;
    [[nodiscard]] FileNumber number_of(std::string_view name);
    [[nodiscard]] Operation begun(Change change, std::string_view name, std::uint64_t at);
    void put(FileNumber number, std::uint64_t at, ByteView bytes);
    [[nodiscard]] Kept keep(const FileBytes& bytes, std::uint64_t at, std::uint64_t count);

    [[nodiscard]] ByteView view(const Kept& kept) const {
        return ByteView(kept_).subspan(kept.at, kept.size);
    }

    void undo(Operation& operation);
    void redo(const Operation& operation);
    void redo_unsynced(const Operation& operation, Rng& rng);
    void tear(const Operation& operation, Rng& rng);

    std::vector<File> files_;  // few; with everything under way
    std::vector<Operation> under_way_;
    Bytes kept_;  // what is under way took the place of
    PlatterCounts counts_;
};

}  // namespace starling::sim
