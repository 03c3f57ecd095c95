// Registers and leases: values that a majority of the mesh's voters agrees on, one change at a
// time.
//
//   read version ──cas(expected version)──> applied | not_applied (see what is there) | unknown
//                                                                    └──settle──> final
//
// A name has 1 to 256 bytes, a value at most 64 KiB.  Without a majority calls end with no_quorum.
// Values, not thread safe; const ones are.
#pragma once

#include <starling/export.hpp>
#include <starling/value.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace starling {

enum class RegisterOutcome : std::uint8_t {
    applied,
    not_applied,  // nothing changed; the answer shows what is there
    unknown,      // it MAY have been applied, or may be later: settle the operation
};

// What a register holds; also the answer to a change.
struct RegisterState {
    RegisterOutcome outcome{};
    std::optional<Value> value;  // nothing: absent
    std::uint64_t version = 0;   // rises with every change of this name, for ever; 0: never written
    std::string operation;       // of a change: 1 to 64 bytes, not always text
};

struct CasOptions {
    std::optional<std::uint64_t> expected{};  // 0: absent; nothing: whatever is there

    // Names the change: repeating it under its name changes nothing twice.  1 to 64 bytes; empty:
    // the node makes a name, which the answer carries.
    std::string operation{};
    std::chrono::nanoseconds timeout = std::chrono::seconds(4);  // at most 60 s
};

// A lease is held by a node (one boot of it) for a term; its fence rises with every holder.
struct Lease {
    RegisterOutcome outcome{};
    bool held = false;  // by anybody
    bool mine = false;  // by this node in this boot
    std::string node;   // of the holder: 64 hexadecimal digits; empty: none yet
    std::string holder;
    std::uint64_t fence = 0;  // check it where the write lands
    std::chrono::nanoseconds term{};
    std::chrono::nanoseconds remaining{};  // as this node may count on it; zero: not the holder
};

[[nodiscard]] STARLING_EXPORT std::string_view name_of(RegisterOutcome outcome);

}  // namespace starling
