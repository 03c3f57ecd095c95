// How the journal keeps a live row: Table::values, one record per row.
//
//   key    name, 0, type, hash of the element (sets), origin
//   value  everything
//
// Values: thread safe to read.
#pragma once

#include "base/codec.hpp"
#include "crdt/values.hpp"

namespace starling::crdt {

struct RowRecord {
    SlotKey slot;
    Row row;

    void encode(Writer& out) const;
    static bool decode(Reader& in, RowRecord& out);
};

// Sorts by slot and then by origin, except that elements sort by their hash.
[[nodiscard]] Bytes row_key(const SlotKey& slot, const Origin& origin);

}  // namespace starling::crdt
