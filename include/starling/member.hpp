// A member of the mesh as this node sees it, and what changes about it.
//
//   alive ──> suspect ──> dead        left: said goodbye; a later start makes it alive again
//     ^──────────┘         │
//     └────────────────────┘  (a start with a higher boot, or an incarnation that refutes)
//
// Values: thread safe to read.
#pragma once

#include <starling/export.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace starling {

enum class MemberState : std::uint8_t { alive, suspect, dead, left };

enum class MemberMode : std::uint8_t {
    up,
    draining,  // finishes its work, takes no more
    away,      // said that it would be gone for a while
};

struct Member {
    std::string id;    // 64 hexadecimal digits: the node's public key
    std::string name;  // for people; may be empty, need not be unique
    MemberState state{};
    MemberMode mode{};
    std::vector<std::string> addresses;  // host:port, where others dial it
    std::uint64_t boot = 0;              // one start of the node: milliseconds since 1970 or later
    std::uint32_t incarnation = 0;       // refutations within this boot
    std::uint32_t accusers = 0;          // observers that do not hear it now
    bool voter = false;                  // holds a vote in registers
    bool self = false;                   // the node that was asked

    // Since a frame of it reached this node directly; nothing when none did since this node
    // started.
    std::optional<std::chrono::nanoseconds> last_heard;
};

// Which part of a stream an item belongs to: first what is, then what changes.
enum class Phase : std::uint8_t {
    current,    // held when the stream began
    caught_up,  // everything current was delivered; the item carries nothing else
    change,
    lagged,  // the reader was too slow: items are missing, `current` ones follow again
};

struct MemberEvent {
    Phase phase{};
    Member member;                      // as it is after the change
    std::optional<MemberState> before;  // nothing for a member that is new
    std::string cause;                  // why a member died: silence, refused, claim; may be empty
};

[[nodiscard]] STARLING_EXPORT std::string_view name_of(MemberState state);
[[nodiscard]] STARLING_EXPORT std::string_view name_of(MemberMode mode);
[[nodiscard]] STARLING_EXPORT std::string_view name_of(Phase phase);

}  // namespace starling
