#include "gossip/members.hpp"

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"

#include <algorithm>

namespace starling::gossip {
namespace {

std::uint64_t weight_of(const NodeId& id, const Members::Record& record) {
    Hasher hasher("starling/v1/member");
    hasher.add(id.view()).add(record.certificate().issued);
    if (record.claim) {
        const Standing standing = record.standing();
        hasher.add(standing.boot.value)
            .add(standing.incarnation.value)
            .add(static_cast<std::uint64_t>(standing.rank));
    }
    return hasher.finish64();
}

std::uint32_t seconds(Duration duration) {
    const auto count = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 0, UINT32_MAX));
}

MemberState state_of(const Members::Record& record) {
    if (!record.claim) return MemberState::introduced;
    if (record.claim->mode == Mode::left) return MemberState::left;
    return record.dead ? MemberState::dead : MemberState::alive;
}

// A record as the journal keeps it.
struct StoredRecord {
    Cells cells;
    std::uint64_t ended_ms = 0;  // wall time; 0 = has not ended

    void encode(Writer& out) const {
        out.list(2);
        cells.encode(out);
        out.uint(ended_ms);
    }

    static bool decode(Reader& in, StoredRecord& out) {
        Reader cells = in.list();
        Cells::decode(cells, out.cells);
        out.ended_ms = in.uint();
        return in.ok();
    }
};

}  // namespace

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

Standing Members::Record::standing() const {
    STARLING_ASSERT(claim != nullptr);
    Standing standing = standing_of(*claim);
    if (dead) standing.rank = Standing::Rank::dead;
    return standing;
}

const Certificate& Members::Record::certificate() const {
    STARLING_ASSERT(claim || introduction);
    if (!claim) return introduction->certificate;
    if (!introduction) return claim->certificate;
    const bool renewed = introduction->certificate.issued > claim->certificate.issued;
    return renewed ? introduction->certificate : claim->certificate;
}

const std::vector<std::string>& Members::Record::addresses() const {
    STARLING_ASSERT(claim || introduction);
    return claim ? claim->addresses : introduction->addresses;
}

std::shared_ptr<const Certificate> Members::Record::shared_certificate() const {
    const Certificate& current = certificate();
    if (claim && &current == &claim->certificate) return {claim, &current};
    return {introduction, &current};
}

std::shared_ptr<const std::vector<std::string>> Members::Record::shared_addresses() const {
    if (claim) return {claim, &claim->addresses};
    return {introduction, &introduction->addresses};
}

bool Members::Record::is_certified_by(const Certificate& other) const {
    return (claim && claim->certificate == other) ||
           (introduction && introduction->certificate == other);
}

MergeVerdict Members::introduce(Introduction introduction) {
    const NodeId id = introduction.certificate.node;
    Record* known = slot(id);
    if (known != nullptr && known->certificate().issued >= introduction.certificate.issued) {
        return MergeVerdict::old;
    }
    if (known == nullptr && ids_.size() >= limits::members) return MergeVerdict::full;  // I5
    Record& record = known != nullptr ? *known : make(id);
    record.introduction = std::make_shared<const Introduction>(std::move(introduction));
    reweigh(id, record);
    return MergeVerdict::taken;
}

MergeVerdict Members::judge(const Claim& claim) const {
    const Record* known = find(claim.node);
    if (known == nullptr && ids_.size() >= limits::members) return MergeVerdict::full;  // I5
    const Standing next = standing_of(claim);
    if (known == nullptr || !known->claim) return MergeVerdict::taken;
    const Standing standing = known->standing();
    if (STARLING_MUTANT(41, next <= standing, false)) return MergeVerdict::old;  // I1
    return within_jump(standing, next) ? MergeVerdict::taken : MergeVerdict::too_far;
}

MergeVerdict Members::merge(Claim claim, BootTime now) {
    const MergeVerdict verdict = judge(claim);
    if (verdict != MergeVerdict::taken) return verdict;
    const NodeId id = claim.node;
    Record* known = slot(id);
    Record& record = known != nullptr ? *known : make(id);
    record.claim = std::make_shared<const Claim>(std::move(claim));
    if (record.certificate() == record.claim->certificate) record.introduction = nullptr;
    record.dead = false;
    record.cause = Cause::claim;
    record.since = now;
    record.ended = record.claim->mode == Mode::left ? now : BootTime{};
    reweigh(id, record);
    return verdict;
}

MergeVerdict Members::judge(const Death& death) const {
    const Record* known = find(death.node);
    if (known == nullptr || !known->claim) return MergeVerdict::stranger;  // I2
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
    Record& record = *slot(death.node);
    record.dead = true;
    record.cause = death.cause;
    record.ended = now - std::chrono::seconds{death.age_s};
    reweigh(death.node, record);
    return verdict;
}

std::vector<NodeId> Members::forget(BootTime now) {
    std::vector<NodeId> forgotten;
    if (!has_ended()) return forgotten;
    for (const NodeId& id : ids_) {
        Record& record = *slot(id);
        const MemberState state = record.state();
        if (state != MemberState::dead && state != MemberState::left) continue;
        if (now - record.ended < limits::tombstone_kept) continue;
        // The certificate stays: its holder may come back.
        record.introduction = std::make_shared<const Introduction>(
            Introduction{record.certificate(), record.addresses()});
        record.claim = nullptr;
        record.dead = false;
        record.ended = {};
        reweigh(id, record);
        forgotten.push_back(id);
    }
    return forgotten;
}

const Members::Record* Members::find(const NodeId& id) const {
    const auto index = interner_.find(id);
    return index ? &records_[index->value] : nullptr;
}

MemberState Members::state(const NodeId& id) const {
    const Record* record = find(id);
    return record != nullptr ? record->state() : MemberState::introduced;
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

Cells Members::cells_of(const NodeId& id, BootTime now) const {
    const Record* record = find(id);
    STARLING_ASSERT(record != nullptr);
    Cells cells;
    if (record->claim) cells.claims.push_back(*record->claim);
    const bool renewed = record->claim == nullptr ||
                         record->certificate().issued > record->claim->certificate.issued;
    if (renewed) cells.introductions.push_back(*record->introduction);
    if (record->dead) {
        cells.deaths.push_back({id, record->claim->boot, record->claim->incarnation, record->cause,
                                seconds(now - record->ended)});
    }
    return cells;
}

Bytes Members::stored(const NodeId& id, Moment now) const {
    const Record* record = find(id);
    STARLING_ASSERT(record != nullptr);
    StoredRecord stored{cells_of(id, now.boot_time), 0};
    if (record->ended != BootTime{}) {
        stored.ended_ms = wall_ms(now.wall - (now.boot_time - record->ended));
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

Members::Record* Members::slot(const NodeId& id) {
    const auto index = interner_.find(id);
    return index ? &records_[index->value] : nullptr;
}

Members::Record& Members::make(const NodeId& id) {
    const NodeIndex index = interner_.retain(id);
    if (records_.size() < interner_.capacity()) records_.resize(interner_.capacity());
    const auto place = std::ranges::lower_bound(ids_, id);
    order_.insert(order_.begin() + (place - ids_.begin()), index);
    ids_.insert(place, id);  // I4
    ++count_of(MemberState::introduced);
    return records_[index.value];
}

void Members::reweigh(const NodeId& id, Record& record) {
    --count_of(record.standing_state);
    record.standing_state = state_of(record);
    ++count_of(record.standing_state);
    away_ -= record.is_away ? 1U : 0U;
    record.is_away =
        record.standing_state == MemberState::alive && record.claim->mode == Mode::away;
    away_ += record.is_away ? 1U : 0U;
    const std::uint64_t change = weight_of(id, record) - record.weight;
    record.weight += change;
    root_ += change;  // I3
    buckets_[bucket_of(id)] += change;
}

}  // namespace starling::gossip
