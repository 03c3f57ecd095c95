// A file of options: one KEY = VALUE a line, # begins a comment.  A key is the name of an option of
// the command without dashes; one that may be repeated may stand on several lines.
//
//   name = picker-1          as --name picker-1
//   join = 10.0.0.5:7847     as --join 10.0.0.5:7847
//
// Invariants:
//   I1  Every line is understood or the whole file is refused, naming file and line.
//
// Not thread safe: reads a file.
#pragma once

#include "node/cli/command.hpp"
#include <starling/error.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace starling::cli {

// The option that names such a file.
inline constexpr std::string_view config_option = "config";

using ConfigValues = std::map<std::string, std::vector<std::string>, std::less<>>;

// config_malformed names file and line; or the errors of read_text_file.
[[nodiscard]] Result<ConfigValues> read_config(const Command& command, const std::string& path);

}  // namespace starling::cli
