// Register names: what a program calls it, behind one letter for what it holds, so that a lease, a
// decision and a plain register of the same name do not meet.
//
// Thread safe: pure functions.
#pragma once

#include "base/hash.hpp"
#include "base/limits.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace starling::quorum {

[[nodiscard]] inline bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= limits::key_bytes;
}

[[nodiscard]] inline std::string plain_name(std::string_view name) {
    return "r/" + std::string(name);
}

[[nodiscard]] inline std::string lease_name(std::string_view name) {
    return "l/" + std::string(name);
}

[[nodiscard]] inline std::string decision_name(std::string_view name) {
    return "d/" + std::string(name);
}

// The name as a number: for traces.
[[nodiscard]] inline std::uint64_t trace_name(std::string_view name) {
    return Hasher("starling/v1/register").add(name).finish64();
}

}  // namespace starling::quorum
