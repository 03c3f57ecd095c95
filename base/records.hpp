// What a core reads back after a restart: the journal's records, in key order.
//
// Implemented by the journal and by the simulated disk; a core sees it only while it is
// constructed.
#pragma once

#include "base/bytes.hpp"
#include "base/tables.hpp"

#include <functional>
#include <optional>

namespace starling {

class RecordSource {
public:
    using Visit = std::function<void(ByteView key, ByteView value)>;

    RecordSource() = default;
    RecordSource(const RecordSource&) = delete;
    RecordSource& operator=(const RecordSource&) = delete;
    virtual ~RecordSource() = default;

    // Every record of a table, keys ascending.
    virtual void scan(Table table, const Visit& visit) const = 0;

    // One record's value.
    [[nodiscard]] virtual std::optional<Bytes> read(Table table, ByteView key) const = 0;
};

}  // namespace starling
