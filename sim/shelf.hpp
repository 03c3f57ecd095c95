// Where a simulated disk keeps its records: as plain maps, or in the real journal on a platter.
//
//      begin(turns) ──> under way ──finish()──> kept
//                           └── crash() ──> kept whole or not at all
//
// Invariants:
//   I1  scan(), read() and range() see what is kept.
//   I2  Of a commit that was under way at a crash all records are kept or none.
//
// Not thread safe.
#pragma once

#include "base/effects.hpp"
#include "base/records.hpp"
#include "base/rng.hpp"
#include "node/core.hpp"
#include "sim/entries.hpp"
#include "sim/platter.hpp"
#include "sim/platter_vfs.hpp"
#include <starling/error.hpp>

#include "journal/journal.hpp"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace starling::sim {

class Shelf : public RecordSource {
public:
    // From now on.
    virtual void fail(const DiskErrors& errors) = 0;

    // A process starts on it.  An error means that it cannot.
    [[nodiscard]] virtual Result<void> open() = 0;

    // `turns` stay unchanged until finish() or crash().  After an error the process must end.
    [[nodiscard]] virtual Result<void> begin(std::span<const Effects* const> turns) = 0;
    virtual void finish() = 0;

    // The process is gone, and the power too.
    virtual void crash(Rng& rng) = 0;

    // Another disk is in its place, with nothing on it.  REQUIRES: no process.
    virtual void wipe() = 0;

    // What a crash would leave now is kept for restore(), which puts it in the place of what is
    // there then.  REQUIRES of restore(): keep() before, and no process.
    virtual void keep(Rng& rng) = 0;
    virtual void restore() = 0;

    // From `first` to `last`, as many as fit into limits::fetch_bytes, at least one if there is
    // one.  After an error the process must end.
    [[nodiscard]] virtual Result<std::vector<node::FetchedRecord>> range(Table table,
                                                                         ByteView first,
                                                                         ByteView last) const = 0;

    // Whether scan() or read() failed since open(): what they gave is not all there is.
    [[nodiscard]] virtual bool has_misread() const = 0;
};

// As if every commit were perfect: nothing of it is seen before finish().  A record takes four
// bytes, where others keep the same.
class MapShelf final : public Shelf {
public:
    explicit MapShelf(std::shared_ptr<Entries> entries) : entries_(std::move(entries)) {}

    ~MapShelf() override;
    MapShelf(const MapShelf&) = delete;
    MapShelf& operator=(const MapShelf&) = delete;

    void fail(const DiskErrors& errors) override { errors_ = errors; }

    [[nodiscard]] Result<void> open() override;
    [[nodiscard]] Result<void> begin(std::span<const Effects* const> turns) override;
    void finish() override;
    void crash(Rng& rng) override;
    void wipe() override;
    void keep(Rng& rng) override;
    void restore() override;
    void scan(Table table, const Visit& visit) const override;
    [[nodiscard]] std::optional<Bytes> read(Table table, ByteView key) const override;
    [[nodiscard]] Result<std::vector<node::FetchedRecord>> range(Table table, ByteView first,
                                                                 ByteView last) const override;

    [[nodiscard]] bool has_misread() const override { return false; }

private:
    using Records = std::vector<std::uint32_t>;  // numbers of entries, keys ascending

    // The first record of this key or of a greater one.
    [[nodiscard]] std::size_t place_of(const Records& records, ByteView key) const;
    // Whether this place is the one of the key.
    [[nodiscard]] bool is_at(const Records& records, std::size_t place, ByteView key) const;
    void store(Records& records, ByteView key, ByteView value);
    void erase(Records& records, ByteView key);
    void release(std::map<Table, Records>& tables);

    std::shared_ptr<Entries> entries_;
    std::map<Table, Records> tables_;
    std::map<Table, Records> kept_;
    std::vector<const Effects*> under_way_;
    DiskErrors errors_;
};

// The production journal: SQLite on a platter that loses and tears what was not synced.
class JournalShelf final : public Shelf {
public:
    // A checkpoint is due when its log holds as many pages.
    explicit JournalShelf(std::uint64_t checkpoint_pages = journal::Options{}.checkpoint_pages);
    ~JournalShelf() override;
    JournalShelf(const JournalShelf&) = delete;
    JournalShelf& operator=(const JournalShelf&) = delete;

    void fail(const DiskErrors& errors) override { vfs_.fail(errors); }

    [[nodiscard]] Result<void> open() override;
    [[nodiscard]] Result<void> begin(std::span<const Effects* const> turns) override;
    void finish() override;
    void crash(Rng& rng) override;

    void wipe() override { platter_.wipe(); }

    void keep(Rng& rng) override;
    void restore() override;

    void scan(Table table, const Visit& visit) const override;
    [[nodiscard]] std::optional<Bytes> read(Table table, ByteView key) const override;
    [[nodiscard]] Result<std::vector<node::FetchedRecord>> range(Table table, ByteView first,
                                                                 ByteView last) const override;

    [[nodiscard]] bool has_misread() const override { return journal_->read_failure().has_value(); }

    [[nodiscard]] const Platter& platter() const { return platter_; }

    // Its faults.
    [[nodiscard]] PlatterVfs& vfs() { return vfs_; }

private:
    Platter platter_;
    std::optional<Platter> kept_;
    PlatterVfs vfs_;
    std::uint64_t checkpoint_pages_;
    std::unique_ptr<journal::Journal> journal_;
};

}  // namespace starling::sim
