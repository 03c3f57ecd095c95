#include "gossip/members.hpp"

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"

#include <algorithm>

namespace starling::gossip {
namespace {

Hasher weigher(const NodeId& id, std::uint64_t issued) {
    Hasher hasher("starling/v1/member");
    hasher.add(id.view()).add(issued);
    return hasher;
}

std::uint64_t weight_of(const NodeId& id, std::uint64_t issued, const Standing& standing) {
    return weigher(id, issued)
        .add(standing.boot.value)
        .add(standing.incarnation.value)
        .add(static_cast<std::uint64_t>(standing.rank))
        .finish64();
}

std::uint32_t seconds(Duration duration) {
    const auto count = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 0, UINT32_MAX));
}

// A record as the journal keeps it, written.
struct RecordToStore {
    const EncodedMember& member;
    std::uint64_t ended_ms = 0;

    void encode(Writer& out) const {
        out.list(2);
        out.list(4);
        for (const ByteView cell : {member.introduction, member.claim, ByteView(member.death)}) {
            out.list(cell.empty() ? 0 : 1);
            if (!cell.empty()) out.bytes(cell);
        }
        out.list(0);
        out.uint(ended_ms);
    }
};

// The same, read back.
struct StoredRecord {
    Cells cells;
    std::uint64_t ended_ms = 0;  // wall time; 0 = has not ended

    static bool decode(Reader& in, StoredRecord& out) {
        Reader cells = in.list();
        Cells::decode(cells, out.cells);
        out.ended_ms = in.uint();
        return in.ok();
    }
};

}  // namespace

const std::vector<Introductions::Held>& Commons::opened(const Contacts& contacts) {
    if (contacts != contacts_) {
        contacts_ = contacts;
        opened_.clear();
        for (const Introduction& each : *contacts) opened_.push_back(introductions.take(each));
    }
    return opened_;
}

std::array<std::uint64_t, 2> weights_of(const Claim& claim) {
    Standing standing = standing_of(claim);
    const std::uint64_t alive = weight_of(claim.node, claim.certificate.issued, standing);
    standing.rank = Standing::Rank::dead;
    return {alive, weight_of(claim.node, claim.certificate.issued, standing)};
}

std::array<std::uint64_t, 2> weights_of(const Introduction& introduction) {
    const Certificate& certificate = introduction.certificate;
    return {weigher(certificate.node, certificate.issued).finish64(), 0};
}

std::string_view name_of(MemberState state) {
    switch (state) {
        case MemberState::introduced:
            return "introduced";
        case MemberState::alive:
            return "alive";
        case MemberState::suspect:
            return "suspect";
        case MemberState::dead:
            return "dead";
        case MemberState::left:
            return "left";
    }
    return "introduced";
}

// ---------------------------------------------------------------- one node

const std::shared_ptr<const Claim>& Members::Record::claim() const {
    static const std::shared_ptr<const Claim> none;
    return cell_->claim == 0 ? none : commons_->claims.at(cell_->claim).value;
}

const Introduction& Members::Record::introduction() const {
    return *commons_->introductions.at(cell_->introduction).value;
}

BootTime Members::Record::at() const {
    return BootTime{std::chrono::milliseconds{static_cast<std::int64_t>(cell_->at) - at_offset}};
}

Standing Members::Record::standing() const {
    STARLING_ASSERT(cell_->claim != 0);
    Standing standing = standing_of(*claim());
    if (is_dead()) standing.rank = Standing::Rank::dead;
    return standing;
}

const Certificate& Members::Record::certificate() const {
    if (cell_->claim == 0) return introduction().certificate;
    if (cell_->introduction == 0) return claim()->certificate;
    const bool renewed = introduction().certificate.issued > claim()->certificate.issued;
    return renewed ? introduction().certificate : claim()->certificate;
}

const std::vector<std::string>& Members::Record::addresses() const {
    return cell_->claim != 0 ? claim()->addresses : introduction().addresses;
}

std::shared_ptr<const Certificate> Members::Record::shared_certificate() const {
    const Certificate& current = certificate();
    if (cell_->claim != 0 && &current == &claim()->certificate) return {claim(), &current};
    return {commons_->introductions.at(cell_->introduction).value, &current};
}

std::shared_ptr<const std::vector<std::string>> Members::Record::shared_addresses() const {
    if (cell_->claim != 0) return {claim(), &claim()->addresses};
    const auto& introduction = commons_->introductions.at(cell_->introduction).value;
    return {introduction, &introduction->addresses};
}

bool Members::Record::is_certified_by(const Certificate& other) const {
    return (cell_->claim != 0 && claim()->certificate == other) ||
           (cell_->introduction != 0 && introduction().certificate == other);
}

std::uint64_t Members::Record::weight() const {
    if (cell_->is_known == 0) return 0;
    if (cell_->claim == 0) return commons_->introductions.at(cell_->introduction).weights[0];
    const Claims::Original& original = commons_->claims.at(cell_->claim);
    const bool renewed = cell_->introduction != 0 &&
                         introduction().certificate.issued > original.value->certificate.issued;
    if (!renewed) return original.weights.at(cell_->is_dead);
    return weight_of(original.value->node, introduction().certificate.issued, standing());
}

// ---------------------------------------------------------------- the table

Members::~Members() {
    for (Cell& cell : cells_) {
        set_claim(cell, 0);
        set_introduction(cell, 0);
    }
}

MergeVerdict Members::introduce(const Introductions::Held& introduction) {
    const NodeId id = introduction->certificate.node;
    const auto known = find(id);
    if (known && known->certificate().issued >= introduction->certificate.issued) {
        return MergeVerdict::old;
    }
    if (!known && size_ >= limits::members) return MergeVerdict::full;  // I5
    change(id, make(id), [&](Cell& cell) { set_introduction(cell, introduction.number()); });
    return MergeVerdict::taken;
}

MergeVerdict Members::judge(const Claim& claim) const {
    const auto known = find(claim.node);
    if (!known && size_ >= limits::members) return MergeVerdict::full;  // I5
    if (!known || !known->claim()) return MergeVerdict::taken;
    const Standing next = standing_of(claim);
    const Standing standing = known->standing();
    if (STARLING_MUTANT(41, next <= standing, false)) return MergeVerdict::old;  // I1
    return within_jump(standing, next) ? MergeVerdict::taken : MergeVerdict::too_far;
}

MergeVerdict Members::merge(const Claims::Held& claim, BootTime now) {
    const MergeVerdict verdict = judge(*claim);
    if (verdict != MergeVerdict::taken) return verdict;
    const NodeId id = claim->node;
    Cell& own = make(id);
    commons_->claims.number_subject(claim.number(), *commons_->directory.find(id));
    change(id, own, [&](Cell& cell) {
        if (cell.claim != 0) {
            const Boot before = commons_->claims.at(cell.claim).value->boot;
            cell.restarted = cell.restarted != 0 || before < claim->boot ? 1 : 0;
        }
        set_claim(cell, claim.number());
        const bool same = Record(*commons_, cell).certificate() == claim->certificate;
        if (same) set_introduction(cell, 0);
        cell.is_dead = 0;
        set_cause(cell, Cause::claim);
        set_at(cell, now);
    });
    return verdict;
}

MergeVerdict Members::judge(const Death& death) const {
    const auto known = find(death.node);
    if (!known || !known->claim()) return MergeVerdict::stranger;  // I2
    const Standing standing = known->standing();
    const Standing next{death.boot, death.incarnation, Standing::Rank::dead};
    if (next <= standing) return MergeVerdict::old;  // I1
    // Ahead of what the subject said, as far as we know: his claim has to come first (I2).
    if (next.boot != standing.boot || next.incarnation != standing.incarnation) {
        STARLING_PROBE(death_too_early);
        return MergeVerdict::too_far;
    }
    if (std::chrono::seconds{death.age_s} >= limits::tombstone_kept) return MergeVerdict::forgotten;
    return MergeVerdict::taken;
}

MergeVerdict Members::bury(const Death& death, BootTime now) {
    const MergeVerdict verdict = judge(death);
    if (verdict != MergeVerdict::taken) return verdict;
    change(death.node, *cell_of(death.node), [&](Cell& cell) {
        cell.is_dead = 1;
        set_cause(cell, death.cause);
        set_at(cell, now - std::chrono::seconds{death.age_s});
    });
    return verdict;
}

std::vector<NodeId> Members::forget(BootTime now) {
    std::vector<NodeId> forgotten;
    if (!has_ended()) return forgotten;
    for (const NodeId& id : absent()) {
        const Record record = *find(id);
        const MemberState state = record.state();
        if (state != MemberState::dead && state != MemberState::left) continue;
        if (now - record.ended() >= limits::tombstone_kept) forgotten.push_back(id);
    }
    for (const NodeId& id : forgotten) {
        const Record record = *find(id);
        // The certificate stays: its holder may come back.
        const auto kept =
            commons_->introductions.take(Introduction{record.certificate(), record.addresses()});
        commons_->introductions.trust(kept.number());
        change(id, *cell_of(id), [&](Cell& cell) {
            set_introduction(cell, kept.number());
            set_claim(cell, 0);
            cell.is_dead = 0;
        });
    }
    return forgotten;
}

std::optional<Members::Record> Members::find(const NodeId& id) const {
    const Cell* cell = cell_of(id);
    if (cell == nullptr) return std::nullopt;
    return Record(*commons_, *cell);
}

MemberState Members::state(const NodeId& id) const {
    const Cell* cell = cell_of(id);
    return cell != nullptr ? static_cast<MemberState>(cell->state) : MemberState::introduced;
}

Members::Shown Members::shown(const NodeId& id) const {
    const Cell& cell = *cell_of(id);
    return {static_cast<MemberState>(cell.shown), static_cast<Mode>(cell.shown_mode)};
}

void Members::show(const NodeId& id, const Shown& shown) {
    Cell& cell = *cell_of(id);
    cell.shown = static_cast<std::uint8_t>(shown.state) & 7U;
    cell.shown_mode = static_cast<std::uint8_t>(shown.mode) & 3U;
    cell.restarted = 0;
}

std::vector<NodeId> Members::ids() const {
    std::vector<NodeId> ids;
    ids.reserve(size_);
    for_each([&](const NodeId& id, const Record&) { ids.push_back(id); });
    return ids;
}

std::vector<NodeId> Members::ids_after(const std::optional<NodeId>& after, std::size_t max) const {
    std::vector<NodeId> ids;
    const Directory& directory = commons_->directory;
    const auto& all = directory.ascending();
    const auto is_before = [&](const NodeId& id, NodeIndex number) {
        return id < directory.id_of(number);
    };
    auto at = all.begin();
    if (after) at = std::upper_bound(all.begin(), all.end(), *after, is_before);
    for (; at != all.end() && ids.size() < max; ++at) {
        if (at->value >= cells_.size() || cells_[at->value].is_known == 0) continue;
        ids.push_back(directory.id_of(*at));
    }
    return ids;
}

bool Members::is_absent(const Cell& cell) const {
    if (cell.is_known == 0) return false;
    if (static_cast<MemberState>(cell.state) != MemberState::alive) return true;
    return away_ > 0 && Record(*commons_, cell).is_away();
}

// In the order of numbers, as the cells lie, and sorted then, unless they are many, as they are for
// who has just begun.
std::vector<NodeId> Members::absent() const {
    std::vector<NodeId> ids;
    std::size_t left = absent_count();
    if (left > size_ / 16) {
        for_each([&](const NodeId& id, const Record& record) {
            if (is_absent(*record.cell_)) ids.push_back(id);
        });
        return ids;
    }
    for (std::uint32_t number = 0; left > 0 && number < cells_.size(); ++number) {
        if (!is_absent(cells_[number])) continue;
        ids.push_back(commons_->directory.id_of({number}));
        --left;
    }
    std::ranges::sort(ids);
    return ids;
}

std::size_t Members::count(MemberState state) const {
    return counts_.at(static_cast<std::size_t>(state));
}

TableDigest Members::digest() const {
    TableDigest digest;
    for (std::size_t i = 0; i < bucket_count; ++i) {
        digest.buckets[i] = static_cast<std::uint32_t>(buckets_[i]);
    }
    return digest;
}

EncodedMember Members::cells_of(const NodeId& id, BootTime now) const {
    const Cell* cell = cell_of(id);
    STARLING_ASSERT(cell != nullptr);
    const Record record(*commons_, *cell);
    EncodedMember member;
    if (cell->claim != 0) member.claim = commons_->claims.at(cell->claim).encoded;
    const bool renewed =
        cell->claim == 0 || record.certificate().issued > record.claim()->certificate.issued;
    if (renewed) member.introduction = commons_->introductions.at(cell->introduction).encoded;
    if (record.is_dead()) {
        const Claim& claim = *record.claim();
        member.death = encoded(Death{id, claim.boot, claim.incarnation, record.cause(),
                                     seconds(now - record.ended())});
    }
    return member;
}

Bytes Members::stored(const NodeId& id, Moment now) const {
    const auto record = find(id);
    STARLING_ASSERT(record);
    const EncodedMember member = cells_of(id, now.boot_time);
    RecordToStore stored{member, 0};
    if (record->state() == MemberState::dead || record->state() == MemberState::left) {
        stored.ended_ms = wall_ms(now.wall - (now.boot_time - record->ended()));
    }
    return encoded(stored);
}

void Members::load(ByteView value, Moment now) {
    Decoder decoder;
    auto stored = decoded<StoredRecord>(decoder, value);
    if (!stored) return;
    // A wall clock that was set back makes an end young, never younger than now.
    const auto age_ms = static_cast<std::int64_t>(wall_ms(now.wall) - stored->ended_ms);
    const Duration age = std::chrono::milliseconds{std::max<std::int64_t>(age_ms, 0)};
    const BootTime ended = now.boot_time - std::min<Duration>(age, 2 * limits::tombstone_kept);
    for (Introduction& each : stored->cells.introductions) introduce(std::move(each));
    for (Claim& each : stored->cells.claims) merge(std::move(each), ended);
    for (Death each : stored->cells.deaths) {
        each.age_s = 0;
        bury(each, ended);
    }
}

const Members::Cell* Members::cell_of(const NodeId& id) const {
    const auto number = commons_->directory.find(id);
    if (!number || number->value >= cells_.size()) return nullptr;
    const Cell& cell = cells_[number->value];
    return cell.is_known != 0 ? &cell : nullptr;
}

Members::Cell* Members::cell_of(const NodeId& id) {
    return const_cast<Cell*>(std::as_const(*this).cell_of(id));
}

// The cell of a node, which may be new.
Members::Cell& Members::make(const NodeId& id) {
    Directory& directory = commons_->directory;
    const NodeIndex number = directory.number_of(id);
    if (number.value >= cells_.size()) cells_.resize(directory.capacity());
    return cells_[number.value];
}

void Members::set_at(Cell& cell, BootTime time) {
    constexpr std::uint64_t all = (std::uint64_t{1} << 46U) - 1;
    cell.at = static_cast<std::uint64_t>(count_ms(time.time_since_epoch()) + at_offset) & all;
}

void Members::set_claim(Cell& cell, std::uint32_t number) {
    if (number != 0) commons_->claims.retain(number);
    if (cell.claim != 0) commons_->claims.release(cell.claim);
    cell.claim = number;
}

void Members::set_introduction(Cell& cell, std::uint32_t number) {
    if (number != 0) commons_->introductions.retain(number);
    if (cell.introduction != 0) commons_->introductions.release(cell.introduction);
    cell.introduction = number;
}

// Keeps root, buckets and counts in step (I3).
template <class Change>
void Members::change(const NodeId& id, Cell& cell, const Change& apply) {
    const Record record(*commons_, cell);
    const std::uint64_t before = record.weight();
    const bool is_new = cell.is_known == 0;
    const bool was_away = !is_new && record.is_away();
    if (is_new) {
        ++size_;
    } else {
        --count_of(record.state());
    }
    apply(cell);
    cell.is_known = 1;
    MemberState state = cell.is_dead != 0 ? MemberState::dead : MemberState::alive;
    if (cell.claim == 0) state = MemberState::introduced;
    if (cell.claim != 0 && record.claim()->mode == Mode::left) state = MemberState::left;
    cell.state = static_cast<std::uint8_t>(state) & 7U;
    ++count_of(state);
    away_ += record.is_away() ? 1U : 0U;
    away_ -= was_away ? 1U : 0U;
    const std::uint64_t gained = record.weight() - before;
    root_ += gained;
    buckets_[bucket_of(id)] += gained;
}

}  // namespace starling::gossip
