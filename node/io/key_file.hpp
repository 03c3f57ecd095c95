// Small files with secrets or settings: written whole or not at all, read with a bound.
//
// Thread safe: functions of their arguments and the file system.
#pragma once

#include <starling/error.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace starling::io {

enum class Secrecy { open, secret };  // modes 0644 and 0600

enum class Existing { refuse, replace };

[[nodiscard]] bool file_exists(const std::string& path);

// Writes a temporary file beside it, syncs, and moves it into place.  On failure the file is as it
// was. Error `file_exists` for Existing::refuse, else `file_unwritable`.
[[nodiscard]] Result<void> write_file(const std::string& path, std::string_view text,
                                      Secrecy secrecy, Existing existing);

// Errors: not_found `file_missing`, `file_unreadable`, invalid `file_too_large`.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

}  // namespace starling::io
