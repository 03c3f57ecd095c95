// Where a command's words go: results to standard output, everything else to standard error.
//
// Not thread safe.
#pragma once

#include "node/cli/command.hpp"
#include <starling/error.hpp>
#include <starling/value.hpp>

#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace starling::cli {

class Terminal {
public:
    Terminal(std::ostream& out, std::ostream& err) : out_(out), err_(err) {}

    void set_format(Format format, bool quiet);

    [[nodiscard]] Format format() const { return format_; }

    // A command's result: the document, or the text for people made of it.  The document gets an
    // apiVersion.  `name` prints the names (or ids, or keys) of its items, jsonl one item a line.
    void result(Value::Map document, const std::function<std::string()>& text);

    // One item of a result that goes on: a line of JSON, or of text.
    void item(Value::Map document, const std::function<std::string()>& text);

    // For people who wait: dropped when quiet.
    void note(std::string_view text);

    // The error as text with its next step, or as one JSON object.
    void error(const Error& error);

private:
    void line(std::ostream& stream, std::string_view text);

    std::ostream& out_;
    std::ostream& err_;
    Format format_ = Format::text;
    bool quiet_ = false;
};

// An error as a document: code, name, message, hint, changed.
[[nodiscard]] Value::Map document_of(const Error& error);

// Columns padded to their widest cell, two blanks between; the first row is the head.
[[nodiscard]] std::string table_text(const std::vector<std::vector<std::string>>& rows);

}  // namespace starling::cli
