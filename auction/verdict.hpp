// What became of a message.  Anything but done left the state as it was.
//
// Values: thread safe.
#pragma once

#include <cstdint>
#include <string_view>

namespace starling::auction {

enum class Verdict : std::uint8_t {
    done,
    repeated,      // known already; answered again where an answer is due
    unknown_task,  // nothing of the kind here; answered so where an answer is due
    stale,         // of an epoch that no longer counts
    not_invited,   // the sender has no part in this
    too_late,
    refused,    // over a limit, or this node does not take it now
    malformed,  // contradicts itself
};

[[nodiscard]] constexpr std::string_view name_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::done:
            return "done";
        case Verdict::repeated:
            return "repeated";
        case Verdict::unknown_task:
            return "unknown_task";
        case Verdict::stale:
            return "stale";
        case Verdict::not_invited:
            return "not_invited";
        case Verdict::too_late:
            return "too_late";
        case Verdict::refused:
            return "refused";
        case Verdict::malformed:
            return "malformed";
    }
    return "unknown";
}

}  // namespace starling::auction
