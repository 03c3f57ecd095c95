// A load's own view of what happened, one JSON object a line, for scripts/check_ledger.
//
//   {"ms":..,"event":"offered|acknowledged|resubmitted|assigned|finished|completed|written|..",..}
//
// Not thread safe.
#pragma once

#include <starling/error.hpp>
#include <starling/value.hpp>

#include <chrono>
#include <fstream>
#include <string>
#include <string_view>

namespace starling::cli {

class Ledger {
public:
    // An empty path keeps no ledger.  file_unwritable names the file.
    [[nodiscard]] static Result<Ledger> open(const std::string& path);

    void add(std::string_view event, Value::Map fields);

    // file_unwritable when a line is missing.
    [[nodiscard]] Result<void> close();

private:
    Ledger(std::string path, std::ofstream file) : path_(std::move(path)), file_(std::move(file)) {}

    std::string path_;
    std::ofstream file_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace starling::cli
