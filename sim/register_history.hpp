// What clients of registers did and saw: the only input of the history checks.
//
// Times are of one clock that all clients share.  Values: thread safe to read.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace starling::sim {

enum class CallKind : std::uint8_t {
    read,
    write,   // whatever the version is
    cas,     // only if the register is at `expected` (0: absent)
    settle,  // asks what became of an earlier call; the recorder amends that call
};

enum class CallOutcome : std::uint8_t {
    applied,      // read: shown in `seen`.  write, cas: it made the version in `seen`
    not_applied,  // never; with `seen` if it was refused for the version it saw
    unknown,      // it may have happened, or may yet
};

struct Seen {
    std::uint64_t version = 0;  // 0: absent
    std::string value;

    friend bool operator==(const Seen&, const Seen&) = default;
};

// The time of an answer that did not come, after all others.
inline constexpr std::int64_t never_ns = std::numeric_limits<std::int64_t>::max();

struct Call {
    std::string client;
    std::string key;
    CallKind kind{};
    std::uint64_t expected = 0;  // cas
    std::string value;           // write, cas: what it writes
    std::int64_t call_ns = 0;
    std::optional<std::int64_t> return_ns;  // nothing: no answer came
    CallOutcome outcome = CallOutcome::unknown;
    std::optional<Seen> seen;
};

using CallHistory = std::vector<Call>;

}  // namespace starling::sim
