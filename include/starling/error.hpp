// What went wrong, for the caller to act on.
//
// Values: thread safe to read.
#pragma once

#include <starling/export.hpp>

#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace starling {

// Chosen by what the caller does next.
enum class ErrorCode : std::uint8_t {
    invalid,         // fix the call: bad argument, over a limit, not allowed on this key
    not_found,       // there is no such key, task, register, node
    conflict,        // somebody else changed it: read again, then decide
    no_quorum,       // too few voters or custodians reachable: try again later
    unknown,         // it MAY have happened: settle, or retry with the same operation id or key
    overloaded,      // a limit of the node is reached (disk, log, queue): wait, then retry
    would_deadlock,  // waiting inside a handler: return from the handler first
    failed,          // the node or its environment broke: give up, see the message
};

// Whether the call had an effect.
enum class Changed : std::uint8_t { no, yes, unknown };

struct Error {
    ErrorCode code = ErrorCode::failed;
    std::string name;     // one word of the catalogue: `starling explain NAME`
    std::string message;  // the thing and the cause
    std::string hint;     // the next step; may be empty
    Changed changed = Changed::no;
};

template <class T>
using Result = tl::expected<T, Error>;

[[nodiscard]] STARLING_EXPORT std::string_view name_of(ErrorCode code);
[[nodiscard]] STARLING_EXPORT std::string_view name_of(Changed changed);

// `return failure(ErrorCode::invalid, "key_too_long", "...", "...")` from any function giving a
// Result.
[[nodiscard]] inline tl::unexpected<Error> failure(ErrorCode code, std::string name,
                                                   std::string message, std::string hint = {},
                                                   Changed changed = Changed::no) {
    return tl::unexpected<Error>(
        Error{code, std::move(name), std::move(message), std::move(hint), changed});
}

}  // namespace starling
