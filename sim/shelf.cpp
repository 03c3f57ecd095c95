#include "sim/shelf.hpp"

#include "base/limits.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace starling::sim {
namespace {

constexpr const char* journal_path = "/disk/journal.db";

bool is_less(ByteView a, ByteView b) {
    return std::ranges::lexicographical_compare(a, b);
}

std::uint64_t plenty(const std::string& /*path*/) {
    return ~std::uint64_t{0};
}

// For one more, and an eighth: every disk of a mesh keeps all members.
void make_room(std::vector<std::uint32_t>& records) {
    if (records.size() < records.capacity()) return;
    records.reserve(records.size() + records.size() / 8 + 4);
}

// As the journal would say it.
tl::unexpected<Error> broken(const char* doing) {
    return failure(ErrorCode::failed, "journal_failed", std::string("cannot ") + doing,
                   "check the disk, then start the node again", Changed::unknown);
}

}  // namespace

// ---------------------------------------------------------------------------------------- MapShelf

MapShelf::~MapShelf() {
    release(tables_);
    release(kept_);
}

void MapShelf::wipe() {
    release(tables_);
}

// What is under way is not there yet, as after half of all crashes.
void MapShelf::keep(Rng& /*rng*/) {
    release(kept_);
    kept_ = tables_;
    for (const auto& [table, records] : kept_) {
        for (const std::uint32_t each : records) {
            (void)entries_->keep(entries_->key(each), entries_->value(each));
        }
    }
}

void MapShelf::restore() {
    release(tables_);
    tables_ = std::exchange(kept_, {});
}

void MapShelf::release(std::map<Table, Records>& tables) {
    for (const auto& [table, records] : tables) {
        for (const std::uint32_t each : records) entries_->release(each);
    }
    tables.clear();
}

Result<void> MapShelf::open() {
    if (errors_.reads) return broken("read");
    return {};
}

Result<void> MapShelf::begin(std::span<const Effects* const> turns) {
    if (errors_.in_commits()) return broken("commit");
    under_way_.assign(turns.begin(), turns.end());
    return {};
}

void MapShelf::finish() {
    for (const Effects* turn : under_way_) {
        for (const Stored& stored : turn->stored()) {
            Records& records = tables_[stored.table];
            if (stored.erase) {
                erase(records, turn->view(stored.key));
            } else {
                store(records, turn->view(stored.key), turn->view(stored.value));
            }
        }
    }
    under_way_.clear();
}

void MapShelf::crash(Rng& rng) {
    if (!under_way_.empty() && rng.chance(1, 2)) finish();
    under_way_.clear();
}

void MapShelf::scan(Table table, const Visit& visit) const {
    const auto records = tables_.find(table);
    if (records == tables_.end()) return;
    for (const std::uint32_t each : records->second) {
        visit(entries_->key(each), entries_->value(each));
    }
}

std::optional<Bytes> MapShelf::read(Table table, ByteView key) const {
    const auto records = tables_.find(table);
    if (records == tables_.end()) return std::nullopt;
    const std::size_t place = place_of(records->second, key);
    if (!is_at(records->second, place, key)) return std::nullopt;
    return copy_of(entries_->value(records->second[place]));
}

Result<std::vector<node::FetchedRecord>> MapShelf::range(Table table, ByteView first,
                                                         ByteView last) const {
    if (errors_.reads) return broken("read");
    std::vector<node::FetchedRecord> found;
    const auto records = tables_.find(table);
    if (records == tables_.end()) return found;
    std::size_t bytes = 0;
    for (std::size_t at = place_of(records->second, first); at < records->second.size(); ++at) {
        const ByteView key = entries_->key(records->second[at]);
        const ByteView value = entries_->value(records->second[at]);
        if (is_less(last, key)) break;
        bytes += key.size() + value.size();
        if (bytes > limits::fetch_bytes && !found.empty()) break;
        found.push_back({copy_of(key), copy_of(value)});
    }
    return found;
}

std::size_t MapShelf::place_of(const Records& records, ByteView key) const {
    const std::uint64_t beginning = Entries::beginning_of(key);
    const auto before = [&](std::uint32_t record, ByteView sought) {
        const std::uint64_t other = entries_->beginning(record);
        return other != beginning ? other < beginning : is_less(entries_->key(record), sought);
    };
    const auto place = std::lower_bound(records.begin(), records.end(), key, before);
    return static_cast<std::size_t>(place - records.begin());
}

bool MapShelf::is_at(const Records& records, std::size_t place, ByteView key) const {
    return place < records.size() && std::ranges::equal(entries_->key(records[place]), key);
}

void MapShelf::store(Records& records, ByteView key, ByteView value) {
    const std::size_t place = place_of(records, key);
    const std::uint32_t kept = entries_->keep(key, value);
    if (is_at(records, place, key)) {
        entries_->release(std::exchange(records[place], kept));
        return;
    }
    make_room(records);
    records.insert(records.begin() + static_cast<std::ptrdiff_t>(place), kept);
}

void MapShelf::erase(Records& records, ByteView key) {
    const std::size_t place = place_of(records, key);
    if (!is_at(records, place, key)) return;
    entries_->release(records[place]);
    records.erase(records.begin() + static_cast<std::ptrdiff_t>(place));
}

// ------------------------------------------------------------------------------------ JournalShelf

JournalShelf::JournalShelf(std::uint64_t checkpoint_pages)
    : vfs_(platter_), checkpoint_pages_(checkpoint_pages) {}

// Nobody reads what a connection that closes would still write.
JournalShelf::~JournalShelf() {
    vfs_.switch_off(true);
}

Result<void> JournalShelf::open() {
    journal_.reset();
    auto opened = journal::Journal::open({journal_path, vfs_.name(), plenty, checkpoint_pages_});
    platter_.settle();
    if (!opened) return tl::unexpected<Error>(std::move(opened.error()));
    journal_ = std::move(*opened);
    return {};
}

Result<void> JournalShelf::begin(std::span<const Effects* const> turns) {
    if (auto done = journal_->commit(turns); !done) return done;
    return journal_->checkpoint_if_due();
}

void JournalShelf::finish() {
    platter_.settle();
}

void JournalShelf::crash(Rng& rng) {
    vfs_.switch_off(true);  // a connection that closes would write what a crash does not
    journal_.reset();
    vfs_.switch_off(false);
    platter_.crash(rng);
}

void JournalShelf::keep(Rng& rng) {
    kept_ = platter_;
    kept_->crash(rng);
}

void JournalShelf::restore() {
    platter_.take_files_of(*kept_);
    kept_.reset();
    vfs_.on_log_emptied();  // nothing of the log that is there rots before it is written again
}

void JournalShelf::scan(Table table, const Visit& visit) const {
    journal_->scan(table, visit);
}

std::optional<Bytes> JournalShelf::read(Table table, ByteView key) const {
    return journal_->read(table, key);
}

Result<std::vector<node::FetchedRecord>> JournalShelf::range(Table table, ByteView first,
                                                             ByteView last) const {
    auto entries = journal_->range(table, first, last, limits::fetch_bytes);
    if (!entries) return tl::unexpected<Error>(std::move(entries.error()));
    std::vector<node::FetchedRecord> found;
    for (journal::Entry& entry : *entries) {
        found.push_back({std::move(entry.key), std::move(entry.value)});
    }
    return found;
}

}  // namespace starling::sim
