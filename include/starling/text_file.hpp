// A small text file: written whole or not at all, read with a bound.
//
// Thread safe: functions of their arguments and the file system.
#pragma once

#include <starling/error.hpp>
#include <starling/export.hpp>

#include <string>

namespace starling {

// The file is there as a whole or as it was before.  file_unwritable.
[[nodiscard]] STARLING_EXPORT Result<void> write_text_file(const std::string& path,
                                                           const std::string& text);

// At most 1 MiB.  Errors: file_missing, file_unreadable, file_too_large.
[[nodiscard]] STARLING_EXPORT Result<std::string> read_text_file(const std::string& path);

}  // namespace starling
