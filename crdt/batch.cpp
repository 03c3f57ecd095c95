#include "crdt/batch.hpp"

#include "base/hash.hpp"
#include "base/limits.hpp"

namespace starling::crdt {
namespace {

OriginTable table_of(const Batch& batch) {
    OriginTable origins(batch.origin);
    for (const Dot& dot : batch.deps) origins.index_of(dot.origin);
    for (const Operation& operation : batch.operations) {
        for (const Dot& dot : operation.seen) origins.index_of(dot.origin);
    }
    return origins;
}

void encode_others(Writer& out, const OriginTable& origins) {
    out.list((origins.origins().size() - 1) * 2);
    for (std::size_t i = 1; i < origins.origins().size(); ++i) {
        write_origin(out, origins.origins()[i]);
    }
}

OriginTable decode_others(Reader& in, const Origin& own) {
    OriginTable origins(own);
    Reader items = in.list(limits::origins_per_batch * 2);
    while (items.remaining() > 0) {
        const std::size_t before = origins.origins().size();
        if (origins.index_of(read_origin(items)) != before) items.fail();  // named twice
    }
    return origins;
}

void encode_lineage(Writer& out, const std::optional<Dot>& lineage) {
    if (!lineage) {
        out.nil();
        return;
    }
    out.list(2);
    out.ordinal(lineage->origin.boot);
    out.uint(lineage->counter);
}

std::optional<Dot> decode_lineage(Reader& in, const Batch& batch) {
    if (in.shape() == Shape::nil) {
        in.nil();
        return std::nullopt;
    }
    Reader fields = in.list(2);
    Dot lineage{{batch.origin.node, fields.ordinal<Boot>()}, 0};
    lineage.counter = fields.uint(counter_max);
    // Only backwards: a lineage cannot wait for itself.
    const bool backwards = lineage.origin.boot < batch.origin.boot && lineage.counter > 0;
    if (!backwards || batch.first != 1) fields.fail();
    return lineage;
}

// Own dots that an operation ends come before it, and a batch does not wait for its own origin.
bool looks_back(const Batch& batch) {
    const auto own = [&](const Dot& dot) { return dot.origin == batch.origin; };
    if (std::ranges::any_of(batch.deps, own)) return false;
    for (std::size_t i = 0; i < batch.operations.size(); ++i) {
        const auto late = [&](const Dot& dot) { return own(dot) && dot >= batch.dot_of(i); };
        if (std::ranges::any_of(batch.operations[i].seen, late)) return false;
    }
    return true;
}

}  // namespace

std::size_t Batch::origins_named() const {
    return table_of(*this).origins().size() - 1;
}

void Batch::encode(Writer& out) const {
    OriginTable origins = table_of(*this);
    out.list(14);
    out.id(origin.node);
    out.ordinal(origin.boot);
    out.uint(first);
    out.uint(time.packed);
    out.id(previous);
    encode_others(out, origins);
    origins.encode_dots(out, deps);
    encode_lineage(out, lineage);
    out.text(agent);
    out.text(reason);
    out.text(trace);
    out.text(idempotency_key);
    out.uint(copies);
    out.list(operations.size());
    for (const Operation& operation : operations) encode_operation(out, operation, origins);
}

bool Batch::decode(Reader& in, Batch& out) {
    out.origin = read_origin(in);
    out.first = in.uint(counter_max - limits::operations_per_batch);
    out.time.packed = in.uint();
    out.previous = in.id<Hash256>();
    const OriginTable origins = decode_others(in, out.origin);
    out.deps = origins.decode_dots(in, limits::dependencies_per_batch);
    out.lineage = decode_lineage(in, out);
    out.agent = in.text(limits::name_bytes);
    out.reason = in.text(limits::name_bytes);
    out.trace = in.text(limits::name_bytes);
    out.idempotency_key = in.text(limits::name_bytes);
    out.copies = in.uint(limits::members);
    Reader items = in.list(limits::operations_per_batch);
    while (items.remaining() > 0) out.operations.push_back(decode_operation(items, origins));
    return in.ok() && out.first > 0 && looks_back(out);
}

void SealedBatch::encode(Writer& out) const {
    out.list(2);
    out.bytes(body);
    out.id(signature);
}

bool SealedBatch::decode(Reader& in, SealedBatch& out) {
    out.body = in.bytes(limits::batch_bytes);
    out.signature = in.id<Signature>();
    return in.ok();
}

Hash256 chain_of(ByteView body) {
    return Hasher("starling/v1/chain").add(body).finish();
}

SealedBatch sealed(const SigningKey& key, ByteView body, const Hash256& chain) {
    return {body, key.sign(batch_domain, chain.view())};
}

}  // namespace starling::crdt
