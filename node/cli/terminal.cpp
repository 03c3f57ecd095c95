#include "node/cli/terminal.hpp"

#include "node/cli/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

namespace starling::cli {
namespace {

constexpr std::string_view api_version = "starling/v1";

// Characters on a screen: UTF-8 continuation bytes take no column.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U; }));
}

std::string name_in(const Value& item) {
    for (const char* field : {"name", "id", "key"}) {
        if (std::string name = text_at(item, field); !name.empty()) return name;
    }
    return {};
}

}  // namespace

void Terminal::set_format(Format format, bool quiet) {
    format_ = format;
    quiet_ = quiet;
}

void Terminal::line(std::ostream& stream, std::string_view text) {
    if (text.empty()) return;
    stream << text;
    if (text.back() != '\n') stream << '\n';
    stream.flush();
}

void Terminal::result(Value::Map document, const std::function<std::string()>& text) {
    const auto items = document.find("items");
    const Value::List* list = items == document.end() ? nullptr : items->second.as<Value::List>();
    if (format_ == Format::text) return line(out_, text());
    if (format_ == Format::name && list == nullptr) return line(out_, name_in(document));
    if (format_ == Format::name) {
        for (const Value& each : *list) line(out_, name_in(each));
        return;
    }
    if (format_ == Format::jsonl && list != nullptr) {
        for (const Value& each : *list) line(out_, json_text(each));
        return;
    }
    document["apiVersion"] = std::string(api_version);
    line(out_, format_ == Format::json ? json_pages(document) : json_text(document));
}

void Terminal::item(Value::Map document, const std::function<std::string()>& text) {
    if (format_ == Format::text) return line(out_, text());
    if (format_ == Format::name) return line(out_, name_in(document));
    line(out_, json_text(document));
}

void Terminal::note(std::string_view text) {
    if (!quiet_) line(err_, text);
}

void Terminal::error(const Error& error) {
    if (format_ == Format::json || format_ == Format::jsonl) {
        Value::Map document = document_of(error);
        document["apiVersion"] = std::string(api_version);
        return line(err_, json_text(document));
    }
    const CatalogueEntry& entry = entry_of(error);
    line(err_, fmt::format("error {}: {}", entry.code, error.message));
    if (!error.hint.empty()) line(err_, "  try: " + error.hint);
    line(err_, fmt::format("  see: starling explain {}", entry.code));
}

Value::Map document_of(const Error& error) {
    return {{"code", std::string(entry_of(error).code)},
            {"name", error.name},
            {"message", error.message},
            {"hint", error.hint},
            {"changed", std::string(name_of(error.changed))}};
}

std::string table_text(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
    }
    std::string text;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            text += row[i];
            if (i + 1 < row.size()) text.append(widths[i] - width(row[i]) + 2, ' ');
        }
        text += '\n';
    }
    return text;
}

}  // namespace starling::cli
