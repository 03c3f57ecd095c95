#include "crdt/row_record.hpp"

#include "base/hash.hpp"
#include "base/limits.hpp"

namespace starling::crdt {
void RowRecord::encode(Writer& out) const {
    out.list(13);
    out.text(slot.key);
    out.uint(static_cast<std::uint64_t>(slot.type));
    out.bytes(slot.element);
    write_origin(out, row.dot.origin);
    out.uint(row.dot.counter);
    out.uint(row.time.packed);
    out.bytes(row.value);
    out.uint(row.added);
    out.uint(row.taken);
    out.text(row.author->agent);
    out.text(row.author->reason);
    out.text(row.author->trace);
}

bool RowRecord::decode(Reader& in, RowRecord& out) {
    out.slot.key = in.text(limits::key_bytes);
    out.slot.type = static_cast<Type>(in.uint(static_cast<std::uint64_t>(Type::set)));
    out.slot.element = copy_of(in.bytes(limits::encoded_value_bytes));
    out.row.dot.origin = read_origin(in);
    out.row.dot.counter = in.uint(counter_max);
    out.row.time.packed = in.uint();
    out.row.value = copy_of(in.bytes(limits::encoded_value_bytes));
    out.row.added = in.uint();
    out.row.taken = in.uint();
    Author author;
    author.agent = in.text(limits::name_bytes);
    author.reason = in.text(limits::name_bytes);
    author.trace = in.text(limits::name_bytes);
    out.row.author = std::make_shared<const Author>(std::move(author));
    return in.ok();
}

Bytes row_key(const SlotKey& slot, const Origin& origin) {
    Bytes key = bytes_of(slot.key);
    key.push_back(0);
    key.push_back(static_cast<std::uint8_t>(slot.type));
    if (slot.type == Type::set) {
        append(key, Hasher("starling/v1/element").add(slot.element).finish().view());
    }
    append(key, key_of(origin));
    return key;
}

}  // namespace starling::crdt
