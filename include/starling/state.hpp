// Shared state: what every node of the mesh holds and writes under keys.
//
//   writer ──WriteStep(s), atomic──> its node (durable) ──spreads──> every node ──StateChange──>
//   watchers
//
// Keys are paths of 1 to 256 bytes such as stock/sku-42; a value has at most 64 KiB.
// Values, not thread safe; const ones are.
#pragma once

#include <starling/export.hpp>
#include <starling/member.hpp>
#include <starling/value.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace starling {

// The type is part of a key's identity: two types under one name are two values.
enum class KeyType : std::uint8_t {
    last_writer,  // one value; of concurrent writes one wins and the loss is shown
    multi_value,  // concurrent values stay side by side
    counter,      // a sum of what every node added
    set,          // elements; of a concurrent insert and removal the insert wins
};

enum class WriteAction : std::uint8_t { put, erase, add, insert, remove };

// One change of a write.
struct STARLING_EXPORT WriteStep {
    std::string key;
    WriteAction action{};
    Value value{};            // put: the value; insert, remove: the element
    KeyType type{};           // put: last_writer or multi_value
    std::int64_t amount = 0;  // add; negative to subtract

    [[nodiscard]] static WriteStep set(std::string key, Value value,
                                       KeyType type = KeyType::last_writer);
    [[nodiscard]] static WriteStep del(std::string key);
    [[nodiscard]] static WriteStep add(std::string key, std::int64_t amount);
    [[nodiscard]] static WriteStep insert(std::string key, Value element);
    [[nodiscard]] static WriteStep remove(std::string key, Value element);
};

struct WriteOptions {
    std::string agent{};   // who acts, at most 256 bytes
    std::string reason{};  // why, at most 256 bytes
    std::string trace{};   // W3C trace id, at most 256 bytes

    // Nodes on which the write is durable before it is answered, this one included.  With 1 a write
    // is lost when this node's disk dies before the others heard of it.
    std::uint32_t copies = 1;

    // For the copies; then the answer is copies_missing, with Changed::yes.
    std::chrono::nanoseconds within = std::chrono::seconds(4);
};

struct Written {
    std::string version;       // names this write; opaque
    std::uint32_t copies = 1;  // nodes on which it is known to be durable
};

// A value with where it came from.
struct STARLING_EXPORT Entry {
    std::string key;
    KeyType type{};
    std::vector<Value> values;  // one; siblings of multi_value; elements of a set; none: counter
    std::int64_t sum = 0;       // of a counter
    std::string version;        // of the newest write seen here; opaque
    std::string node;           // who wrote it: 64 hexadecimal digits
    std::string agent;
    std::string reason;
    std::string trace;
    std::uint64_t written_ms = 0;    // by the writer's clock: milliseconds since 1970
    std::chrono::nanoseconds age{};  // by this node's clock
    bool conflicted = false;         // a concurrent write lost against it, or siblings exist

    // The sum of a counter, the list of elements of a set, else the first value.
    [[nodiscard]] Value value() const;
};

struct EntryPage {
    std::vector<Entry> entries;  // in the order of their keys, then types
    bool more = false;           // ask again with the last key

    // Since all neighbours last held the same state as this node; nothing when they never did.
    std::optional<std::chrono::nanoseconds> as_of;
};

// Where a watch begins.
enum class WatchFrom : std::uint8_t {
    current,  // with what is
    now,      // with the next change
};

// An item of a watch: current entries, one `caught_up`, then every change in the order it came.
struct StateChange {
    Phase phase{};
    Entry entry;
    bool removed = false;     // then the entry holds the key, the type and who removed it
    bool remote = false;      // written on another node
    std::vector<Value> lost;  // values that a concurrent write displaced

    // From the commit at a remote writer to this event, by the two nodes' clocks.
    std::chrono::nanoseconds staleness{};
};

[[nodiscard]] STARLING_EXPORT std::string_view name_of(KeyType type);  // lww, mv, counter, set

}  // namespace starling
