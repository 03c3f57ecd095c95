#include "crdt/messages.hpp"

#include <algorithm>

namespace starling::crdt {
namespace {

void encode_bound(Writer& out, const std::optional<Origin>& bound) {
    out.list(bound ? 2 : 0);
    if (bound) write_origin(out, *bound);
}

std::optional<Origin> decode_bound(Reader& in) {
    Reader fields = in.list(2);
    if (fields.remaining() == 0) return std::nullopt;
    return read_origin(fields);
}

}  // namespace

void Batches::encode(Writer& out) const {
    out.list(2);
    out.uint(static_cast<std::uint64_t>(freshness));
    out.list(batches.size());
    for (const SealedBatch& batch : batches) batch.encode(out);
}

bool Batches::decode(Reader& in, Batches& out) {
    out.freshness = static_cast<Freshness>(in.uint(2));
    Reader items = in.list(limits::batches_per_frame);
    while (items.remaining() > 0) {
        Reader fields = items.list();
        SealedBatch::decode(fields, out.batches.emplace_back());
    }
    return in.ok();
}

void Want::encode(Writer& out) const {
    out.list(1);
    out.list(ranges.size() * 4);
    for (const Range& range : ranges) {
        write_origin(out, range.origin);
        out.uint(range.from);
        out.uint(range.to);
    }
}

bool Want::decode(Reader& in, Want& out) {
    Reader items = in.list(limits::ranges_per_want * 4);
    while (items.remaining() > 0) {
        const Origin origin = read_origin(items);
        const std::uint64_t from = items.uint(counter_max);
        out.ranges.push_back({origin, from, items.uint(counter_max)});
        if (from == 0 || out.ranges.back().to < from) items.fail();
    }
    return in.ok();
}

void Heads::encode(Writer& out) const {
    out.list(4);
    out.uint(static_cast<std::uint64_t>(purpose));
    encode_bound(out, after);
    encode_bound(out, through);
    out.list(entries.size() * 4);
    for (const HeadEntry& entry : entries) {
        write_origin(out, entry.origin);
        out.uint(entry.counter);
        out.uint(entry.chain);
    }
}

bool Heads::decode(Reader& in, Heads& out) {
    out.purpose = static_cast<Purpose>(in.uint(static_cast<std::uint64_t>(Purpose::confirm)));
    out.after = decode_bound(in);
    out.through = decode_bound(in);
    Reader items = in.list(limits::list_entries * 4);
    while (items.remaining() > 0) {
        const Origin origin = read_origin(items);
        const std::uint64_t counter = items.uint(counter_max);
        out.entries.push_back({origin, counter, items.uint()});
    }
    return in.ok() && std::ranges::is_sorted(out.entries, {}, &HeadEntry::origin);
}

void Copies::encode(Writer& out) const {
    out.list(3);
    write_origin(out, origin);
    out.uint(counter);
}

bool Copies::decode(Reader& in, Copies& out) {
    out.origin = read_origin(in);
    out.counter = in.uint(counter_max);
    return in.ok();
}

}  // namespace starling::crdt
