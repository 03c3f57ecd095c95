// Always-on assertions: a condition that is false only through a bug of ours ends the process.
//
// Never assert on anything a peer, a user or a disk said: that is a value (a verdict or an Error).
// Thread safe.
#pragma once

namespace starling {

// Prints the condition and the place to standard error and aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace starling

#define STARLING_ASSERT(condition)                       \
    (static_cast<bool>(condition) ? static_cast<void>(0) \
                                  : ::starling::assertion_failed(#condition, __FILE__, __LINE__))
