// The doors of a process that only computes: whoever reads a clock, draws entropy or opens a file
// in a simulation ends there and then, and says what it asked for.
//
//      fork ──> close_doors(result) ──> compute ──write──> result, standard error ──> _exit
//                                          |
//                                          └── anything else ──> its name on standard error, then
//                                                                _exit(forbidden_exit)
//
// Invariants:
//   I1  What the system could answer differently in two runs is not answered: no clock (neither by
//       call nor by the memory that the kernel shares), no entropy, no file, no socket, no process.
//   I2  Closed doors never open again: the process ends with them.
//
// Not seen: instructions that no system can trap (rdrand), the addresses that memory gets, and the
// process's own number.  tests/tidy.py and the comparison of trace hashes look for those.
//
// Not thread safe: for the only thread of a process, once.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace starling::cli {

inline constexpr int forbidden_exit = 78;

// False under sanitizers, which make calls of their own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool doors_can_close = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool doors_can_close = false;
#else
inline constexpr bool doors_can_close = true;
#endif
#else
inline constexpr bool doors_can_close = true;
#endif

// Leaves memory, writing to `result` and to standard error, signals to itself, and the end.  False
// when this machine or build cannot: some doors may be closed then.
[[nodiscard]] bool close_doors(int result);

// The name of the call for which a process ended with forbidden_exit, from what it wrote to
// standard error: "getrandom", "clock".
[[nodiscard]] std::optional<std::string> forbidden_call(std::string_view errors);

}  // namespace starling::cli
