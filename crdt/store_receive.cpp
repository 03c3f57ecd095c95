// Store: what other nodes changed.
#include "base/mutant.hpp"
#include "base/probes.hpp"
#include "crdt/store.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace starling::crdt {
namespace {

bool refuses(BatchVerdict verdict) {
    return verdict >= BatchVerdict::no_room;
}

bool follows(const Batch& batch, const Head* head) {
    return batch.first == 1 || (head != nullptr && batch.previous == head->chain);
}

}  // namespace

BatchVerdict Store::on_batches(const NodeId& from, const Batches& message,
                               std::span<const NodeId> links, Moment now, Effects& out) {
    const Step step{links, now, out};
    BatchVerdict worst = BatchVerdict::applied;
    for (const SealedBatch& sealed : message.batches) {
        worst = std::max(worst, receive(from, sealed, message.freshness, step));
    }
    pulls_.ask(origins_, now, out);
    return worst;
}

BatchVerdict Store::receive(const NodeId& from, const SealedBatch& sealed, Freshness freshness,
                            const Step& step) {
    // Whoever sends other bytes under this signature is not heard, as he would not be believed.
    if (applied_lately_.contains(sealed.signature, from)) return BatchVerdict::duplicate;
    Parcel parcel;
    Reader body = decoder_.parse(sealed.body);
    if (!Batch::decode(body, parcel.batch)) {
        step.out.trace(Event::batch_refused, from.prefix(), 0,
                       static_cast<std::uint64_t>(BatchVerdict::malformed));
        return BatchVerdict::malformed;
    }
    parcel.chain = chain_of(sealed.body);
    parcel.body = copy_of(sealed.body);
    parcel.signature = sealed.signature;
    parcel.freshness = freshness;
    parcel.from = from;
    const Dot dot = parcel.batch.dot_of(0);
    const auto early = known(parcel, step);
    const BatchVerdict verdict = early ? *early : place(std::move(parcel), step);
    if (refuses(verdict)) {
        step.out.trace(Event::batch_refused, dot.origin.node.prefix(), dot.counter,
                       static_cast<std::uint64_t>(verdict));
    }
    return verdict;
}

// The dot check: most frames of a flood end here, before any signature is looked at.
std::optional<BatchVerdict> Store::known(const Parcel& parcel, const Step& step) {
    const Batch& batch = parcel.batch;
    const Head* head = origins_.find(batch.origin);
    if (head == nullptr) {
        if (origins_.all().size() >= limits::origins) return BatchVerdict::too_many_origins;
        return std::nullopt;
    }
    if (head->frozen) return BatchVerdict::frozen;
    if (STARLING_MUTANT(26, batch.last() > head->counter, true)) return std::nullopt;
    if (batch.last() == head->counter && parcel.chain != head->chain) {
        if (!authentic(parcel)) return BatchVerdict::bad_signature;
        return fork(parcel, step);
    }
    STARLING_PROBE(batch_came_again);
    confirm(parcel, step.out);
    return BatchVerdict::duplicate;
}

BatchVerdict Store::place(Parcel parcel, const Step& step) {
    if (!authentic(parcel)) return BatchVerdict::bad_signature;
    const Batch& batch = parcel.batch;
    if (batch.origin == own_ && !origin_reused_) {
        origin_reused_ = true;  // we did not write this
        step.out.trace(Event::origin_forked, own_.node.prefix(), batch.first);
    }
    const std::uint64_t here = origins_.counter_of(batch.origin);
    if (batch.first <= here) return fork(parcel, step);
    if (STARLING_MUTANT(25, batch.first > here + 1, false)) {
        STARLING_PROBE(gap_parked);
        const Dot gap{batch.origin, batch.first - 1};
        return park(std::move(parcel), gap, step);
    }
    if (!follows(batch, origins_.find(batch.origin))) return fork(parcel, step);
    if (const auto missing = STARLING_MUTANT(27, origins_.missing(batch), std::optional<Dot>())) {
        STARLING_PROBE(dependency_parked);
        return park(std::move(parcel), *missing, step);
    }
    if (log_bytes() + parcel.size() > log_limit_ + log_limit_ / limits::log_reserve_divisor) {
        step.out.trace(Event::log_full, log_bytes());
        return BatchVerdict::log_full;
    }
    apply(parcel, Cause::remote, step);
    wake(parcel.batch.origin, step);
    return BatchVerdict::applied;
}

// Keeps a batch until `missing` is here, which is asked of whoever sent the batch.
BatchVerdict Store::park(Parcel parcel, const Dot& missing, const Step& step) {
    const Dot last{parcel.batch.origin, parcel.batch.last()};
    const NodeId from = parcel.from;
    if (parcel.freshness == Freshness::stored) pulls_.parked(last.origin);
    step.out.trace(Event::batch_waiting, last.origin.node.prefix(), parcel.batch.first,
                   origins_.counter_of(last.origin));
    pulls_.want(missing.origin, missing.counter, from);
    switch (waiting_.park(std::move(parcel))) {
        case ParkVerdict::parked:
            waiting_.block(last.origin, missing.origin);
            break;
        case ParkVerdict::parked_already:
            STARLING_PROBE(parked_already);
            break;
        case ParkVerdict::no_room:
            pulls_.want(last.origin, last.counter, from);
            return BatchVerdict::no_room;
    }
    return BatchVerdict::waiting;
}

bool Store::authentic(const Parcel& parcel) const {
    return STARLING_MUTANT(70,
                           verifier_.verify(parcel.batch.origin.node, batch_domain,
                                            parcel.chain.view(), parcel.signature),
                           true);
}

// A writer that waits for copies hears from those it reached directly.
void Store::confirm(const Parcel& parcel, Effects& out) const {
    const Origin& origin = parcel.batch.origin;
    if (parcel.batch.copies < 2 || parcel.from != origin.node || origin == own_) return;
    out.send(parcel.from, Copies{origin, origins_.counter_of(origin)});
}

BatchVerdict Store::fork(const Parcel& parcel, const Step& step) {
    freeze(parcel, step.out);
    wake(parcel.batch.origin, step);
    return BatchVerdict::forked;
}

// I5.
void Store::freeze(const Parcel& parcel, Effects& out) {
    const Origin& origin = parcel.batch.origin;
    out.trace(Event::origin_forked, origin.node.prefix(), parcel.batch.first);
    origins_.freeze(origin, out);
    out.persist(Table::forks, key_of(parcel.batch.dot_of(0)), parcel.sealed());
    waiting_.drop(origin);
    applied_lately_.clear();  // what comes again of a frozen origin is no duplicate
    pulls_.forget(origin);
}

void Store::apply(const Parcel& parcel, Cause cause, const Step& step) {
    const Batch& batch = parcel.batch;
    const std::uint64_t origin = batch.origin.node.prefix();
    if (clock_.observe(batch.time, step.now.wall) == Observed::too_far_ahead) {
        step.out.trace(Event::clock_ahead, origin, batch.time.ms() - wall_ms(step.now.wall));
    }
    step.out.persist(Table::batches, key_of(batch.dot_of(0)), parcel.sealed());
    origins_.advance(batch, parcel.chain, parcel.size(), step.out);
    applied_lately_.insert(parcel.signature, batch.origin.node);
    pulls_.moved(batch.origin, batch.last());

    const std::size_t changes_before = changes_.size();
    const Stamp stamp{
        batch.time, std::make_shared<const Author>(Author{batch.agent, batch.reason, batch.trace}),
        cause};
    for (std::size_t i = 0; i < batch.operations.size(); ++i) {
        values_.apply(batch.operations[i], batch.dot_of(i), stamp, step.out, changes_);
    }
    if (changes_.size() > changes_before) changes_.back().ends_batch = true;
    const Event event = cause == Cause::write ? Event::batch_committed : Event::batch_applied;
    step.out.trace(event, origin, batch.first, batch.operations.size(), batch.origin.boot.value);
    if (parcel.freshness == Freshness::live || cause == Cause::write) forward(parcel, step);
    confirm(parcel, step.out);
}

void Store::forward(const Parcel& parcel, const Step& step) {
    targets_.clear();
    for (const NodeId& link : step.links) {
        if (link != parcel.from && link != parcel.batch.origin.node) targets_.push_back(link);
    }
    step.out.send_all(targets_, Batches{parcel.freshness, {parcel.sealed()}});
}

// Applies what waited for `advanced`, which moved or never will again, and what waited for that.
void Store::wake(const Origin& advanced, const Step& step) {
    std::vector<Origin> moved{advanced};
    while (!moved.empty()) {
        const Origin next = moved.back();
        moved.pop_back();
        for (const Origin& candidate : waiting_.candidates(next)) {
            if (advance_waiting(candidate, step)) moved.push_back(candidate);
        }
    }
}

// Applies the earliest waiting batch of an origin, or freezes the origin on it; false when it has
// to wait on, or there is none.
bool Store::advance_waiting(const Origin& origin, const Step& step) {
    const Head* head = origins_.find(origin);
    const std::uint64_t here = origins_.counter_of(origin);
    while (const Parcel* parcel = waiting_.front(origin)) {
        if (parcel->batch.last() > here) break;
        STARLING_PROBE(parked_came_otherwise);
        waiting_.pop(origin);  // came again by another way and was applied
    }
    const Parcel* parcel = waiting_.front(origin);
    if (parcel == nullptr || parcel->batch.first > here + 1) return false;
    if (parcel->batch.first <= here || !follows(parcel->batch, head)) {
        freeze(waiting_.pop(origin), step.out);
        return true;
    }
    if (const auto missing = origins_.missing(parcel->batch)) {
        STARLING_PROBE(parked_waits_on);
        pulls_.want(missing->origin, missing->counter, parcel->from);
        waiting_.block(origin, missing->origin);
        return false;
    }
    STARLING_PROBE(parked_applied);
    apply(waiting_.pop(origin), Cause::remote, step);
    return true;
}

}  // namespace starling::crdt
