// The state that all nodes share: one space of keys, replicated as signed batches per origin.
//
//   write ──> batch ──> log + values + heads (one turn, one commit) ──> links
//                              ^                                          │ each forwards once
//   on_batches ── known? ── signature? ── in order? ── deps here? ────────┘
//                  │dup       │refused      └── no: waits, and what is missing is asked of the
//                  sender
//
//   roots differ ──on_reconcile──> heads ──> want ──> stored batches, until nothing is missing
//
// Invariants:
//   I1  A batch takes effect as a whole, after everything its writer had seen, once.
//   I2  Equal roots mean equal logs, and equal logs mean equal values.
//   I3  A value that was deleted or overwritten never comes back: its dot is covered and not live.
//   I4  A start from the journal gives the same values and the same root.
//   I5  Two batches for one dot stop their origin for good (frozen) and are kept as evidence.
//
// Not thread safe.
#pragma once

#include "base/crypto.hpp"
#include "base/effects.hpp"
#include "base/hlc.hpp"
#include "base/limits.hpp"
#include "base/moment.hpp"
#include "base/records.hpp"
#include "crdt/copy_waits.hpp"
#include "crdt/messages.hpp"
#include "crdt/origins.hpp"
#include "crdt/pulls.hpp"
#include "crdt/serves.hpp"
#include "crdt/values.hpp"
#include "crdt/waiting.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace starling::crdt {

struct Setup {
    SigningKey key;
    Boot boot;  // persisted before the store is made
    std::uint64_t log_bytes = limits::log_bytes;
};

struct WriteInfo {
    std::string agent;
    std::string reason;
    std::string trace;
    std::string idempotency_key;
    std::uint64_t copies = 1;  // above 1: take_copies() tells when so many nodes hold the batch
};

// Ordered: a frame with several batches answers with the worst.
enum class BatchVerdict : std::uint8_t {
    applied,
    waiting,  // for an earlier batch or a dependency, which was asked for
    duplicate,
    no_room,  // to wait; it will be asked for again
    malformed,
    bad_signature,
    frozen,  // the origin forked before
    forked,  // this batch contradicts the log
    log_full,
    too_many_origins,
};

enum class HeadsVerdict : std::uint8_t { level, behind, suspicious };

enum class CopiesVerdict : std::uint8_t { counted, not_mine };

// Batches applied of late, told by their signatures: a flood brings each again over every link.
// What nobody verified is not among them: a signature under bytes that it was not made for would
// keep the right ones from being heard.
class AppliedBatches {
public:
    void insert(const Signature& signature, const NodeId& writer) {
        marks_[place_of(signature)] = {signature.prefix(), writer.prefix()};
    }

    // From somebody who is not its writer, who may wait for an answer.
    [[nodiscard]] bool contains(const Signature& signature, const NodeId& from) const {
        const Mark& mark = marks_[place_of(signature)];
        const bool is_set = mark.writer != 0;
        return is_set && mark.signature == signature.prefix() && mark.writer != from.prefix();
    }

    void clear() { marks_ = {}; }

private:
    struct Mark {
        std::uint64_t signature = 0;
        std::uint64_t writer = 0;
    };

    static constexpr std::size_t places = 128;  // whoever needs the same place takes it

    static std::size_t place_of(const Signature& signature) { return signature.prefix() % places; }

    std::array<Mark, places> marks_{};
};

// Whom a writer's own links lead to.
enum class Reach : std::uint8_t {
    some,  // they pass its batches on
    all,   // nobody need: in a full mesh that saves all but N - 1 of N * (N - 1) frames
};

class Store {
public:
    // Reads back what the node knew.  `verifier` outlives the store.
    Store(const Setup& setup, const Verifier& verifier, const RecordSource& records, Moment now);

    // Makes one atomic batch and sends it to `links`.  Gives the version token of its last
    // operation. On failure no value changed.
    [[nodiscard]] Result<Dot> write(std::vector<Operation> operations, const WriteInfo& info,
                                    std::span<const NodeId> links, Moment now, Effects& out);

    BatchVerdict on_batches(const NodeId& from, const Batches& message,
                            std::span<const NodeId> links, Moment now, Effects& out);
    WantVerdict on_want(const NodeId& from, const Want& message, Effects& out);
    HeadsVerdict on_heads(const NodeId& from, const Heads& message, Moment now, Effects& out);
    CopiesVerdict on_copies(const NodeId& from, const Copies& message);
    // `stored`: the values of the records, in order.  False when the tag is not this store's.
    bool on_fetched(std::uint64_t tag, std::span<const ByteView> stored, Effects& out);

    // The peer's root differs from ours.  At most once per reconcile_period and peer, else does
    // nothing.
    void on_reconcile(const NodeId& peer, Moment now, Effects& out);
    void on_peer_lost(const NodeId& peer);

    // Of the links that later calls name; at first some.
    void on_reach(Reach reach) { reach_ = reach; }

    void on_tick(std::span<const NodeId> links, Moment now, Effects& out);
    [[nodiscard]] std::optional<BootTime> next_deadline() const;

    // Views per type under a key; empty when nothing lives there.
    [[nodiscard]] std::vector<View> read(std::string_view key) const { return values_.read(key); }

    // See Values::list.
    [[nodiscard]] std::vector<View> list(std::string_view prefix, std::string_view after,
                                         std::size_t max) const {
        return values_.list(prefix, after, max);
    }

    // What changed since the last call, in order; batches stay together.
    [[nodiscard]] std::vector<Change> take_changes() { return std::exchange(changes_, {}); }

    // Local batches that reached their number of copies since the last call.
    [[nodiscard]] std::vector<CopiesReached> take_copies() { return std::exchange(reached_, {}); }

    // The writer of this local batch waits no longer.
    void forget_copies(std::uint64_t counter) { copy_waits_.forget(counter); }

    [[nodiscard]] const Origin& origin() const { return own_; }

    [[nodiscard]] std::uint64_t root() const { return origins_.root(); }

    [[nodiscard]] const std::map<Origin, Head>& heads() const { return origins_.all(); }

    [[nodiscard]] const Values& values() const { return values_; }

    [[nodiscard]] std::uint64_t log_bytes() const { return origins_.log_bytes(); }

    [[nodiscard]] std::size_t waiting() const { return waiting_.count(); }

    [[nodiscard]] std::size_t pulling() const { return pulls_.count(); }

    // Somebody else writes under this origin: a copied or rolled-back disk.  Only a start helps.
    [[nodiscard]] bool origin_reused() const;

private:
    // Where effects of a step go.
    struct Step {
        std::span<const NodeId> links;
        Moment now;
        Effects& out;
    };

    [[nodiscard]] Result<void> writable(const std::vector<Operation>& operations,
                                        const WriteInfo& info, Effects& out) const;
    [[nodiscard]] Batch next_batch(const WriteInfo& info, Moment now);
    void tell_dependencies(const Step& step);
    [[nodiscard]] Result<Dot> commit(Batch batch, const Step& step);

    BatchVerdict receive(const NodeId& from, const SealedBatch& sealed, Freshness freshness,
                         const Step& step);
    [[nodiscard]] std::optional<BatchVerdict> known(const Parcel& parcel, const Step& step);
    [[nodiscard]] BatchVerdict place(Parcel parcel, const Step& step);
    [[nodiscard]] BatchVerdict park(Parcel parcel, const Dot& missing, const Step& step);
    [[nodiscard]] bool authentic(const Parcel& parcel) const;
    void confirm(const Parcel& parcel, Effects& out) const;
    BatchVerdict fork(const Parcel& parcel, const Step& step);
    void freeze(const Parcel& parcel, Effects& out);
    void apply(const Parcel& parcel, Cause cause, const Step& step);
    void forward(const Parcel& parcel, const Step& step);
    void wake(const Origin& advanced, const Step& step);
    [[nodiscard]] bool advance_waiting(const Origin& origin, const Step& step);

    [[nodiscard]] HeadsVerdict on_head(const NodeId& from, const HeadEntry& entry, Effects& out);
    void answer_heads(const NodeId& from, const Heads& message, Effects& out) const;
    void ask_copies(const Step& step);

    SigningKey key_;
    Origin own_;
    std::uint64_t log_limit_;
    Reach reach_ = Reach::some;
    const Verifier& verifier_;
    Decoder decoder_;
    HybridClock clock_;
    Origins origins_;
    Values values_;
    Waiting waiting_;
    AppliedBatches applied_lately_;
    Pulls pulls_;
    Serves serves_;
    CopyWaits copy_waits_;
    std::optional<BootTime> copies_due_;
    std::map<NodeId, BootTime> reconciled_;
    std::vector<NodeId> targets_;  // scratch
    std::vector<Change> changes_;
    std::vector<CopiesReached> reached_;
    bool origin_reused_ = false;
};

}  // namespace starling::crdt
