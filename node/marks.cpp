#include "node/marks.hpp"

#include "base/hash.hpp"
#include "base/limits.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"
#include "quorum/acceptor.hpp"

#include <algorithm>
#include <array>

namespace starling::node {
namespace {

constexpr std::string_view mark_key = "mark";  // this node's; those of others have an id behind it

Bytes key_of(const NodeId& peer) {
    Bytes key = copy_of(view_of(mark_key));
    append(key, peer.view());
    return key;
}

bool is_memory(const Stored& stored, const Effects& out) {
    return stored.table == Table::registers || stored.table == Table::tasks ||
           (stored.table == Table::meta &&
            equal(out.view(stored.key), view_of(quorum::promise_ceiling_key)));
}

}  // namespace

bool asks_for_memory(Kind kind) {
    constexpr std::array kinds = {Kind::prepare, Kind::accept,       Kind::read,  Kind::record,
                                  Kind::grant,   Kind::store_result, Kind::inform};
    return std::ranges::find(kinds, kind) != kinds.end();
}

Marks::Marks(const JournalId& journal, Boot boot, const RecordSource& records, Moment now)
    : journal_(journal), boot_(boot), began_(now.boot_time) {
    records.scan(Table::meta, [this](ByteView key, ByteView value) { load(key, value); });
    number_ = start_;
}

void Marks::load(ByteView key, ByteView value) {
    const ByteView prefix = view_of(mark_key);
    if (equal(key, prefix)) {
        if (value.size() == 8) start_ = load_u64(value);
        return;
    }
    if (key.size() != prefix.size() + NodeId::size || !equal(key.first(prefix.size()), prefix)) {
        return;
    }
    const auto peer = NodeId::from_bytes(key.subspan(prefix.size()));
    if (auto mark = decoded<Mark>(decoder_, value)) kept_[*peer] = {*mark, std::nullopt};
}

bool Marks::on_recalled(const NodeId& peer, const Recalled& recalled, const NodeId& self,
                        const Verifier& verifier) {
    told_.insert(peer);
    if (!recalled.mark) return false;
    const Mark& mark = *recalled.mark;
    const std::uint64_t known = mark.boot < boot_ ? start_ : number_;  // I2
    return mark.journal == journal_ && STARLING_MUTANT(63, mark.number > known, false) &&
           verifier.verify(self, Mark::domain, mark.signed_bytes(), mark.signature);
}

void Marks::on_mark(const NodeId& peer, const Mark& mark, Moment now, Effects& out) {
    Kept& kept = kept_[peer];
    const bool other = kept.mark.journal != mark.journal;
    if (other ? mark.boot < kept.mark.boot : mark.number <= kept.mark.number) return;
    kept.mark = mark;
    if (!other && kept.stored && now.boot_time - *kept.stored < limits::mark_stored_after) return;
    kept.stored = now.boot_time;
    out.persist(Table::meta, key_of(peer), mark);
}

Recalled Marks::recalled(const NodeId& peer) const {
    const auto found = kept_.find(peer);
    if (found == kept_.end()) return {};
    return {found->second.mark};
}

void Marks::look(bool all_told, Moment now) {
    const bool late = now.boot_time - began_ >= limits::recalled_within;
    if (late) STARLING_PROBE(vouched_for_late);
    vouched_for_ = late || all_told;
}

JournalId Marks::replace_journal(Effects& out) {
    const Hash256 hash =
        Hasher("starling/v1/journal").add(journal_.view()).add(boot_.value).finish();
    copy_into(journal_.bytes, hash.view().first(JournalId::size));
    out.persist(Table::meta, view_of(journal_id_key), journal_.view());
    vouched_for_ = true;
    due_ = false;
    return journal_;
}

void Marks::on_tick(const SigningKey& key, std::span<const NodeId> linked, Moment now,
                    Effects& out) {
    due_ = due_ || std::ranges::any_of(
                       out.stored(), [&](const Stored& stored) { return is_memory(stored, out); });
    if (!due_ || (marked_ && now.boot_time - *marked_ < limits::mark_period)) return;
    due_ = false;
    marked_ = now.boot_time;
    std::array<std::uint8_t, 8> bytes{};
    store_u64(bytes, ++number_);
    out.persist(Table::meta, view_of(mark_key), ByteView(bytes));  // I1
    Mark mark{journal_, boot_, number_, {}};
    mark.signature = key.sign(Mark::domain, mark.signed_bytes());
    for (const NodeId& peer : linked) out.send(peer, mark);
}

std::optional<BootTime> Marks::next_deadline() const {
    std::optional<BootTime> next;
    if (!vouched_for_) next = began_ + limits::recalled_within;
    if (due_ && marked_) next = earlier(next, *marked_ + limits::mark_period);
    return next;
}

}  // namespace starling::node
