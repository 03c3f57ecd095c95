// What lives: the present value of every key, made of live dots.
//
//   (key, type, element)  ──>  slot: at most one row per origin, newest first come
//        "price"  lww  -         [ann:4 "12"]  [bob:2 "11"]       two rows: concurrent writes
//        "hits"   counter -      [ann:7 +9 -1] [bob:3 +2 -0]      the sum is 10
//        "tags"   set  "red"     [bob:5]                          present
//
//   An operation ends the rows it saw and, unless it deletes, leaves one row of its own.  Rows it
//   did not see stay: that makes writes concurrent, adds win over removes, and deletes need no
//   tombstones.
//
// Invariants:
//   I1  The same operations give the same rows, whatever their order, if each origin's come in
//   order and
//       each comes after what it saw.
//   I2  A slot has one row per origin at most: an origin's newer row replaces its older one.
//   I3  A slot without rows does not exist.
//   I4  Table::values holds exactly the rows.
//
// Not thread safe.
#pragma once

#include "base/effects.hpp"
#include "base/hlc.hpp"
#include "base/records.hpp"
#include "crdt/dot.hpp"
#include "crdt/operation.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace starling::crdt {

// Who wrote and why; shared by the rows of a batch.
struct Author {
    std::string agent;
    std::string reason;
    std::string trace;

    friend bool operator==(const Author&, const Author&) = default;
};

struct SlotKey {
    std::string key;
    Type type{};
    Bytes element;  // sets only

    friend auto operator<=>(const SlotKey&, const SlotKey&) = default;
};

struct Row {
    Dot dot;
    HybridTime time;
    Bytes value;              // lww, mv
    std::uint64_t added = 0;  // counter: what this origin added and took, modulo 2^64
    std::uint64_t taken = 0;
    std::shared_ptr<const Author> author;
};

// Ordered by origin.
using Slot = std::vector<Row>;

// One live value with its history in a line.
struct Sibling {
    Bytes value;
    Dot version;
    HybridTime time;
    Author author;

    friend bool operator==(const Sibling&, const Sibling&) = default;
};

// A key as a reader sees it.
struct View {
    std::string key;
    Type type{};
    Bytes value;  // lww, mv: of the winner; counter: the sum; set: empty
    Dot version;  // of the newest live write
    HybridTime time;
    Author author;
    bool conflicted = false;        // lww, mv: concurrent writes
    std::vector<Sibling> siblings;  // lww, mv: all of them when conflicted, the winner first
    std::vector<Bytes> elements;    // set: ascending

    friend bool operator==(const View&, const View&) = default;
};

enum class Cause : std::uint8_t { write, remote };

// What an operation did to a key here.
struct Change {
    std::string key;
    Type type{};
    Bytes element;                // set: which element
    std::optional<Bytes> before;  // set: the element itself when it was there
    std::optional<Bytes> after;
    Dot version;  // of the operation
    HybridTime time;
    Author author;
    Cause cause{};
    bool conflicted = false;  // lww, mv: concurrent writes remain
    std::vector<Bytes> lost;  // lww: values that lost against a concurrent one just now
    bool ends_batch = false;  // the last change of an atomic batch

    friend bool operator==(const Change&, const Change&) = default;
};

// What the operations of one batch have in common.
struct Stamp {
    HybridTime time;
    std::shared_ptr<const Author> author;
    Cause cause{};
};

class Values {
public:
    using Slots = std::map<SlotKey, Slot>;

    // Reads Table::values back.
    explicit Values(const RecordSource& records);

    // Appends what became different to `changes`.
    void apply(const Operation& operation, const Dot& dot, const Stamp& stamp, Effects& out,
               std::vector<Change>& changes);

    // One view per type that lives under the key, types ascending.
    [[nodiscard]] std::vector<View> read(std::string_view key) const;

    // Views of the keys that begin with `prefix` and come after `after`, ascending: at least `max`
    // of them if there are so many, and all types of a key together.
    [[nodiscard]] std::vector<View> list(std::string_view prefix, std::string_view after,
                                         std::size_t max) const;

    [[nodiscard]] const Slots& slots() const { return slots_; }

    [[nodiscard]] const Slot* find(const SlotKey& key) const;
    // Elements of a set, or the one slot of another type.
    [[nodiscard]] std::vector<SlotKey> slots_of(std::string_view key, Type type) const;
    [[nodiscard]] std::int64_t sum_of(std::string_view key) const;

    [[nodiscard]] std::size_t rows() const { return rows_; }

    // Concurrent writes of last-writer-wins keys that lost, since the start.
    [[nodiscard]] std::uint64_t losses() const { return losses_; }

private:
    class Edit;

    void apply_to_slot(const SlotKey& key, const Operation& operation, Edit& edit);

    Slots slots_;
    std::size_t rows_ = 0;
    std::uint64_t losses_ = 0;
};

// Concurrent writes: the later clock wins, then the greater dot.
[[nodiscard]] const Row& winner_of(const Slot& slot);
// A counter's sum, modulo 2^64.
[[nodiscard]] std::int64_t sum_of(const Slot& slot);
// An integer as canonical bytes of a value.
[[nodiscard]] Bytes bytes_of_sum(std::int64_t sum);

}  // namespace starling::crdt
