#include "sim/shelf.hpp"

#include "base/limits.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace starling::sim {
namespace {

constexpr const char* journal_path = "/disk/journal.db";

std::uint64_t plenty(const std::string& /*path*/) {
    return ~std::uint64_t{0};
}

// As the journal would say it.
tl::unexpected<Error> broken(const char* doing) {
    return failure(ErrorCode::failed, "journal_failed", std::string("cannot ") + doing,
                   "check the disk, then start the node again", Changed::unknown);
}

}  // namespace

// ---------------------------------------------------------------------------------------- MapShelf

bool MapShelf::BytesLess::operator()(ByteView a, ByteView b) const {
    return std::ranges::lexicographical_compare(a, b);
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
            const ByteView key = turn->view(stored.key);
            const ByteView value = turn->view(stored.value);
            const auto place = records.lower_bound(key);
            const bool known = place != records.end() && !BytesLess{}(key, place->first);
            if (stored.erase) {
                if (known) records.erase(place);
            } else if (known) {
                place->second.assign(value.begin(), value.end());
            } else {
                records.emplace_hint(place, copy_of(key), copy_of(value));
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
    for (const auto& [key, value] : records->second) visit(key, value);
}

std::optional<Bytes> MapShelf::read(Table table, ByteView key) const {
    const auto records = tables_.find(table);
    if (records == tables_.end()) return std::nullopt;
    const auto found = records->second.find(key);
    if (found == records->second.end()) return std::nullopt;
    return found->second;
}

Result<std::vector<node::FetchedRecord>> MapShelf::range(Table table, ByteView first,
                                                         ByteView last) const {
    if (errors_.reads) return broken("read");
    std::vector<node::FetchedRecord> found;
    const auto records = tables_.find(table);
    if (records == tables_.end()) return found;
    std::size_t bytes = 0;
    for (auto at = records->second.lower_bound(first); at != records->second.end(); ++at) {
        if (BytesLess{}(last, at->first)) break;
        bytes += at->first.size() + at->second.size();
        if (bytes > limits::fetch_bytes && !found.empty()) break;
        found.push_back({at->first, at->second});
    }
    return found;
}

// ------------------------------------------------------------------------------------ JournalShelf

JournalShelf::JournalShelf() : vfs_(platter_) {}

// Nobody reads what a connection that closes would still write.
JournalShelf::~JournalShelf() {
    vfs_.switch_off(true);
}

Result<void> JournalShelf::open() {
    journal_.reset();
    auto opened = journal::Journal::open({journal_path, vfs_.name(), plenty});
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
