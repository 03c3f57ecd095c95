// Store: what local programs change.
#include "base/assert.hpp"
#include "crdt/draft.hpp"
#include "crdt/store.hpp"

#include <utility>

namespace starling::crdt {
namespace {

Result<void> fits(std::string_view what, const std::string& text) {
    if (text.size() <= limits::name_bytes) return {};
    return failure(ErrorCode::invalid, "text_too_long",
                   std::string(what) + " has " + std::to_string(text.size()) +
                       " bytes, the limit is " + std::to_string(limits::name_bytes));
}

Result<void> too_many_operations(std::size_t count) {
    return failure(ErrorCode::invalid, "too_many_operations",
                   "the batch has " + std::to_string(count) + " operations, the limit is " +
                       std::to_string(limits::operations_per_batch),
                   "split it");
}

Result<void> checked(const std::vector<Operation>& operations, const WriteInfo& info) {
    if (operations.empty()) {
        return failure(ErrorCode::invalid, "no_operations", "the batch is empty");
    }
    if (operations.size() > limits::operations_per_batch) {
        return too_many_operations(operations.size());
    }
    for (const auto& [what, text] :
         {std::pair{"the agent's name", &info.agent}, std::pair{"the reason", &info.reason},
          std::pair{"the trace id", &info.trace},
          std::pair{"the idempotency key", &info.idempotency_key}}) {
        if (auto fit = fits(what, *text); !fit) return fit;
    }
    return {};
}

}  // namespace

Result<Dot> Store::write(std::vector<Operation> operations, const WriteInfo& info,
                         std::span<const NodeId> links, Moment now, Effects& out) {
    if (auto may = writable(operations, info, out); !may) return tl::unexpected(may.error());
    const Step step{links, now, out};
    tell_dependencies(step);
    Batch batch = next_batch(info, now);
    Draft draft(values_, {own_, batch.first});
    for (Operation& operation : operations) {
        if (auto added = draft.add(std::move(operation)); !added) {
            return tl::unexpected(added.error());
        }
    }
    batch.operations = draft.take();
    return commit(std::move(batch), step);
}

Result<void> Store::writable(const std::vector<Operation>& operations, const WriteInfo& info,
                             Effects& out) const {
    if (auto fine = checked(operations, info); !fine) return fine;
    if (origin_reused()) {
        return failure(ErrorCode::failed, "origin_reused",
                       "another process writes as this node: its data directory was copied or "
                       "rolled back",
                       "stop the other process and start this node again");
    }
    if (log_bytes() >= log_limit_) {
        out.trace(Event::log_full, log_bytes());
        return failure(ErrorCode::overloaded, "log_full",
                       "the log of changes holds " + std::to_string(log_bytes()) +
                           " bytes, the limit is " + std::to_string(log_limit_));
    }
    if (info.copies > limits::members) {
        return failure(ErrorCode::invalid, "too_many_copies",
                       std::to_string(info.copies) + " copies wanted, a mesh has at most " +
                           std::to_string(limits::members) + " members");
    }
    if (info.copies > 1 && copy_waits_.count() >= limits::copies_waiting) {
        return failure(ErrorCode::overloaded, "too_many_waiting",
                       std::to_string(limits::copies_waiting) +
                           " writes wait for copies on this node already");
    }
    return {};
}

Batch Store::next_batch(const WriteInfo& info, Moment now) {
    Batch batch;
    batch.origin = own_;
    if (const Head* head = origins_.find(own_); head != nullptr) {
        batch.first = head->counter + 1;
        batch.previous = head->chain;
    } else if (batch.lineage = origins_.lineage(); batch.lineage) {
        batch.previous = origins_.find(batch.lineage->origin)->chain;
    }
    batch.time = clock_.tick(now.wall);
    batch.deps = origins_.untold();
    batch.agent = info.agent;
    batch.reason = info.reason;
    batch.trace = info.trace;
    batch.idempotency_key = info.idempotency_key;
    batch.copies = info.copies;
    return batch;
}

// More dependencies than one batch holds go ahead in batches without operations.
void Store::tell_dependencies(const Step& step) {
    while (origins_.untold().size() > limits::dependencies_per_batch) {
        Batch batch = next_batch({}, step.now);
        batch.deps.resize(limits::dependencies_per_batch);
        const auto told = commit(std::move(batch), step);
        STARLING_ASSERT(told.has_value());
    }
}

Result<Dot> Store::commit(Batch batch, const Step& step) {
    if (batch.operations.size() > limits::operations_per_batch) {
        return tl::unexpected(too_many_operations(batch.operations.size()).error());
    }
    Parcel parcel;
    parcel.body = encoded(batch);
    parcel.batch = std::move(batch);
    if (parcel.size() > limits::batch_bytes ||
        parcel.batch.origins_named() > limits::origins_per_batch) {
        return failure(ErrorCode::invalid, "batch_too_large",
                       "the batch takes " + std::to_string(parcel.size()) +
                           " bytes, the limit is " + std::to_string(limits::batch_bytes),
                       "split it");
    }
    parcel.chain = chain_of(parcel.body);
    parcel.signature = sealed(key_, parcel.body, parcel.chain).signature;
    parcel.freshness = reach_ == Reach::all ? Freshness::direct : Freshness::live;
    parcel.from = own_.node;
    apply(parcel, Cause::write, step);

    const Dot version{own_, parcel.batch.last()};
    if (parcel.batch.copies > 1) {
        copy_waits_.add(version.counter, parcel.batch.copies);
        if (!copies_due_) copies_due_ = step.now.boot_time + limits::copies_period;
    }
    return version;
}

}  // namespace starling::crdt
