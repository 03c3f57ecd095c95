// Every error a user can meet: its code, its name, the exit code, what it means and what to do.
//
//   E1 use of the program  E2 reaching a node  E3 state  E4 agreement  E5 work  E6 identity, mesh,
//   files E7 limits and the machine  E8 local interface  E9 simulator
//
// A code is never reused.  tests/cli checks that every name given to failure() in the tree stands
// here. Thread safe: constants.
#pragma once

#include <starling/error.hpp>

#include <span>
#include <string>
#include <string_view>

namespace starling::cli {

// What a shell learns.
enum class Exit : int {
    ok = 0,
    failed = 1,
    usage = 2,
    unreachable = 3,
    timed_out = 4,
    precondition = 5,
    no_quorum = 6,
    no_bidder = 7,
    not_permitted = 8,
    invariant_broken = 9,
    interrupted = 130,
};

struct CatalogueEntry {
    std::string_view code;  // "E201"
    std::string_view name;  // Error::name
    Exit exit{};
    std::string_view meaning;
    std::string_view next;  // what to do
};

[[nodiscard]] std::span<const CatalogueEntry> catalogue();

// By code, in any case, or by name; null when there is no such entry.
[[nodiscard]] const CatalogueEntry* entry_of(std::string_view code_or_name);

// The entry of an error; one for its ErrorCode when its name is unknown.
[[nodiscard]] const CatalogueEntry& entry_of(const Error& error);

}  // namespace starling::cli
