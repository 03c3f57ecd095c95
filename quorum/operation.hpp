// What a program asks of a register: an operation is a change, which is data, under an id that
// makes it happen at most once however often and wherever it is retried.
//
//   OpId{stream, seq}   the stream numbers its operations upwards; `done_below` says up to
//                       where the stream has taken its answers and asks no more
//   Receipt{id, after}  names an operation whose outcome is unknown, for `settle`
//
// An id may be retried for limits::operation_lifetime after its first use.  Values: thread safe to
// read.
#pragma once

#include "base/bytes.hpp"
#include "base/codec.hpp"
#include "base/ids.hpp"
#include "quorum/decision.hpp"
#include "quorum/lease.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace starling::quorum {

struct OpId {
    std::string
        stream;  // 1 to limits::operation_stream_bytes bytes; a client's begins with no zero byte
    std::uint64_t seq = 0;

    friend auto operator<=>(const OpId&, const OpId&) = default;
};

// The stream of a node's own operations in one boot: a zero byte, the node, the boot.
[[nodiscard]] std::string stream_of(const NodeId& node, Boot boot);

// Whether both are such streams of one node, and `later` is of a later boot.
[[nodiscard]] bool is_older_boot(std::string_view stream, std::string_view later);

// Whether a client may use it.
[[nodiscard]] bool is_client_stream(std::string_view stream);

struct Receipt {
    OpId id;
    std::uint64_t after = 0;  // it can only have been applied in a later round; 0: nothing known

    friend auto operator<=>(const Receipt&, const Receipt&) = default;
};

// A receipt as 1 to limits::operation_stream_bytes bytes that a program keeps.  A client may choose
// them:
//   TEXT#NUMBER  operation NUMBER (from 1, without leading zeros) of the stream TEXT, of which
//   nothing
//                lower will be asked again: the register keeps one result for the whole stream
//   other bytes  a stream of this one operation: its result is kept for about two minutes
// Names that begin with a zero byte are made by nodes.
[[nodiscard]] Bytes operation_name(const Receipt& receipt);

// Nothing when the bytes are no such name.
[[nodiscard]] std::optional<Receipt> receipt_of(ByteView operation_name);

// A new value, or none, if the version is the expected one (0: never written); whatever the version
// is
// without an expectation.  A register whose value was removed keeps its version.
struct Put {
    std::optional<std::uint64_t> expected;
    std::optional<Bytes> value;
};

// Changes nothing: shows what is chosen.
struct Identity {};

// Decides whether the named operation happened; if it did not, it never will.
struct Settle {
    Receipt target;
};

using Change = std::variant<Put, Identity, Settle, AcquireLease, RenewLease, ReleaseLease,
                            OpenDecision, CastVote, CloseDecision>;

struct Operation {
    OpId id;  // of no meaning for Identity
    std::uint64_t done_below = 0;
    Change change;
    bool retried = false;  // tried before, elsewhere: then failing here proves nothing
};

enum class Outcome : std::uint8_t { applied, not_applied, unknown };

// Why it was not applied, or why the outcome is unknown.
enum class Reason : std::uint8_t {
    none,
    version_mismatch,  // the register is at another version
    wrong_content,     // a lease, a decision or a plain value stands under this name
    no_quorum,         // fewer than a majority of the voters answered, or can be reached
    deadline,          // a majority is there, time ran out
    overloaded,        // window or queue full: wait, then retry
    table_full,        // the voters keep no further name
    expired,           // the operation is older than what the register remembers
    cancelled,         // settled as not applied before it could happen
    bad_name,
    too_large,
    invalid,     // an argument out of its range
    held,        // lease: somebody else holds it
    not_holder,  // lease: not, or no longer, the caller's
    exists,      // decision: there is one under this name
    not_found,
    closed,  // decision: votes are no longer taken
    not_elector,
    already_voted,  // with another option
    no_such_option,
};

[[nodiscard]] std::string_view name_of(Outcome outcome);
[[nodiscard]] std::string_view name_of(Reason reason);

// What a plain register, a lease and a decision hold; nothing when it is absent.
using Contents = std::variant<std::monostate, Bytes, Lease, Decision>;

// What a register shows: the version is 0 when it was never written.
struct Snapshot {
    std::uint64_t version = 0;
    Contents contents;
    NodeId by;                  // the node whose round applied the last change
    std::uint64_t wall_ms = 0;  // of that node, for people

    friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

}  // namespace starling::quorum
