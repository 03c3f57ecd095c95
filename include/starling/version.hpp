// Which Starling a program was compiled with, and which one it runs with.
//
// Thread safe.
#pragma once

#include <starling/export.hpp>

#include <string_view>

#define STARLING_VERSION_MAJOR 0
#define STARLING_VERSION_MINOR 1
#define STARLING_VERSION_PATCH 0
#define STARLING_VERSION_TEXT "0.1.0"

namespace starling {

// The version of the library that runs, such as "0.1.0".
[[nodiscard]] STARLING_EXPORT std::string_view version();

// The version of the frames it speaks: nodes with equal numbers understand each other.
[[nodiscard]] STARLING_EXPORT unsigned wire_version_number();

}  // namespace starling
