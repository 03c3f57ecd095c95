#include "crdt/origins.hpp"

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "base/mutant.hpp"
#include "base/probes.hpp"

#include <algorithm>

namespace starling::crdt {
namespace {

struct HeadRecord {
    Origin origin;
    Head head;

    void encode(Writer& out) const {
        out.list(8);
        write_origin(out, origin);
        out.uint(head.counter);
        out.id(head.chain);
        out.uint(head.time.packed);
        out.uint(head.bytes);
        out.uint(head.told);
        out.boolean(head.frozen);
    }

    static bool decode(Reader& in, HeadRecord& out) {
        out.origin = read_origin(in);
        out.head.counter = in.uint(counter_max);
        out.head.chain = in.id<Hash256>();
        out.head.time.packed = in.uint();
        out.head.bytes = in.uint();
        out.head.told = in.uint();
        out.head.frozen = in.boolean();
        return in.ok();
    }
};

std::uint64_t share_of(const Origin& origin, const Head& head) {
    if (head.counter == 0) return 0;
    return Hasher("starling/v1/head")
        .add(origin.node.view())
        .add(origin.boot.value)
        .add(head.counter)
        .add(head.chain.view())
        .finish64();
}

}  // namespace

Origins::Origins(const Origin& own, const RecordSource& records) : own_(own) {
    Decoder decoder;
    records.scan(Table::heads, [&](ByteView, ByteView value) {
        const auto record = decoded<HeadRecord>(decoder, value);
        STARLING_ASSERT(record.has_value());  // the journal gives back what it was given
        make(record->origin) = record->head;
        told_ = std::max(told_, record->head.told);
        root_ += share_of(record->origin, record->head);
        log_bytes_ += record->head.bytes;
    });
    for (const auto& [origin, head] : heads_) {
        if (head.told == told_ && head.counter > 0) untold_.insert(origin);
    }
    if (const auto before = lineage()) untold_.erase(before->origin);  // the first batch names it
}

const Head* Origins::find(const Origin& origin) const {
    Head* const* found = index_.find(origin);
    return found == nullptr ? nullptr : *found;
}

Head& Origins::make(const Origin& origin) {
    if (Head* const* known = index_.find(origin)) return **known;
    Head& head = heads_[origin];
    index_.insert(origin, &head);
    return head;
}

std::uint64_t Origins::counter_of(const Origin& origin) const {
    const Head* head = find(origin);
    return head == nullptr ? 0 : head->counter;
}

void Origins::advance(const Batch& batch, const Hash256& chain, std::uint64_t log_bytes,
                      Effects& out) {
    Head& head = make(batch.origin);
    STARLING_ASSERT(batch.first == head.counter + 1 && !head.frozen);  // I1
    note_told(batch);
    root_ -= share_of(batch.origin, head);
    head.counter = batch.last();
    head.chain = chain;
    head.time = std::max(head.time, batch.time);
    head.bytes += log_bytes;
    head.told = told_;
    root_ += share_of(batch.origin, head);
    log_bytes_ += log_bytes;
    store(batch.origin, head, out);
}

bool Origins::is_frozen(const Origin& origin) const {
    const Head* head = find(origin);
    return head != nullptr && head->frozen;
}

void Origins::freeze(const Origin& origin, Effects& out) {
    Head& head = make(origin);
    head.frozen = true;
    store(origin, head, out);
}

std::optional<Dot> Origins::missing(const Batch& batch) const {
    // A frozen origin never moves: who waited for it would lose all that came after.
    const auto here = [&](const Dot& dot) {
        return dot.origin == batch.origin || covers(dot) || is_frozen(dot.origin);
    };
    if (batch.lineage && !here(*batch.lineage)) return batch.lineage;
    const auto dep = std::ranges::find_if_not(batch.deps, here);
    if (dep != batch.deps.end()) return *dep;
    for (const Operation& operation : batch.operations) {
        const auto seen = std::ranges::find_if_not(operation.seen, here);
        if (seen != operation.seen.end()) return *seen;
    }
    return std::nullopt;
}

std::vector<Dot> Origins::untold() const {
    std::vector<Dot> dots;
    for (const Origin& origin : untold_) dots.push_back({origin, counter_of(origin)});
    return dots;
}

std::optional<Dot> Origins::lineage() const {
    auto newest = heads_.lower_bound(own_);
    while (newest != heads_.begin()) {
        --newest;
        if (newest->first.node != own_.node) break;
        if (newest->second.counter > 0) {
            STARLING_PROBE(lineage_continued);
            return Dot{newest->first, newest->second.counter};
        }
    }
    return std::nullopt;
}

// I3: what the batch depends on is implied by the batch from now on.
void Origins::note_told(const Batch& batch) {
    const auto implied = [&](const Dot& dot) {
        if (counter_of(dot.origin) <= dot.counter) untold_.erase(dot.origin);
    };
    std::ranges::for_each(batch.deps, implied);
    if (batch.lineage) implied(*batch.lineage);
    if (batch.origin == own_) {
        ++told_;
    } else {
        untold_.insert(batch.origin);
    }
}

void Origins::store(const Origin& origin, const Head& head, Effects& out) const {
    if (STARLING_MUTANT(33, true, false))
        out.persist(Table::heads, key_of(origin), HeadRecord{origin, head});
}

}  // namespace starling::crdt
