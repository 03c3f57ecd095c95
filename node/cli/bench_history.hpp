// Histories of register clients as lines of JSON, and what both checks say of one.
//
//   {"client":"c1","key":"k","kind":"read|write|cas","args":{"value":..,"expected":..},
//    "call_ns":1,"return_ns":2|null,"result":{"version":..,"value":..}|null,
//    "outcome":"applied|not_applied|unknown"}
//
// Line N of a file is call N - 1 of the history.  Not thread safe.
#pragma once

#include "sim/register_history.hpp"
#include <starling/error.hpp>
#include <starling/value.hpp>

#include <fstream>
#include <string>
#include <string_view>

namespace starling::cli {

[[nodiscard]] std::string_view name_of(sim::CallKind kind);
[[nodiscard]] std::string_view name_of(sim::CallOutcome outcome);

[[nodiscard]] Value::Map document_of(const sim::Call& call);

// history_malformed: says what is wrong with the line.
[[nodiscard]] Result<sim::Call> call_of(std::string_view line);

// file_unreadable; history_malformed names the line.
[[nodiscard]] Result<sim::CallHistory> read_history(const std::string& path);

// A history while it is made: kept here, or written to a file.
class HistoryKeeper {
public:
    // An empty path keeps the calls in memory.  file_unwritable names the file.
    [[nodiscard]] static Result<HistoryKeeper> open(const std::string& path);

    void add(const sim::Call& call);

    // All of it: from memory, or read back from the file that was written.
    [[nodiscard]] Result<sim::CallHistory> finish();

private:
    HistoryKeeper(std::string path, std::ofstream file)
        : path_(std::move(path)), file_(std::move(file)) {}

    std::string path_;
    std::ofstream file_;
    sim::CallHistory kept_;
};

enum class Judgement : std::uint8_t { accepted, rejected, undecided };

struct Verdicts {
    Judgement chain{};   // check_chain.hpp
    Judgement search{};  // check_linearizable.hpp
    Value::Map document;

    [[nodiscard]] bool both_accept() const {
        return chain == Judgement::accepted && search == Judgement::accepted;
    }

    [[nodiscard]] bool one_rejects() const {
        return chain == Judgement::rejected || search == Judgement::rejected;
    }
};

// The document: {calls, chain {verdict, rule, line, text}, search {verdict, steps, key, line}}.
[[nodiscard]] Verdicts judge(const sim::CallHistory& history);

// For people, from the document of judge().
[[nodiscard]] std::string verdicts_text(const Value& document);

}  // namespace starling::cli
