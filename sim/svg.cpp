#include "sim/svg.hpp"

#include <fmt/format.h>

#include <iterator>

namespace starling::sim {
namespace {

std::string title_of(std::string_view title) {
    return title.empty() ? std::string() : "<title>" + escaped(title) + "</title>";
}

std::string_view name_of(Anchor anchor) {
    switch (anchor) {
        case Anchor::start:
            return "start";
        case Anchor::middle:
            return "middle";
        case Anchor::end:
            return "end";
    }
    return "start";
}

}  // namespace

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        switch (c) {
            case '&':
                safe += "&amp;";
                break;
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '"':
                safe += "&quot;";
                break;
            default:
                safe += c;
        }
    }
    return safe;
}

Svg::Svg(std::int64_t width, std::int64_t height, std::string_view label) {
    svg_ = fmt::format(
        R"(<svg viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">)", width,
        height, width, height, escaped(label));
}

void Svg::box(const Box& box, std::string_view style, std::string_view title) {
    fmt::format_to(std::back_inserter(svg_),
                   R"(<rect x="{}" y="{}" width="{}" height="{}" class="{}">{}</rect>)", box.x,
                   box.y, box.width, box.height, style, title_of(title));
}

void Svg::line(std::pair<std::int64_t, std::int64_t> from, std::pair<std::int64_t, std::int64_t> to,
               std::string_view style, std::string_view title) {
    fmt::format_to(std::back_inserter(svg_),
                   R"(<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}">{}</line>)", from.first,
                   from.second, to.first, to.second, style, title_of(title));
}

void Svg::polyline(const Points& points, std::string_view style) {
    fmt::format_to(std::back_inserter(svg_), R"(<polyline class="{}" points=")", style);
    for (const auto& [x, y] : points) fmt::format_to(std::back_inserter(svg_), "{},{} ", x, y);
    svg_ += "\"/>";
}

void Svg::dot(std::int64_t x, std::int64_t y, std::string_view style, std::string_view title) {
    fmt::format_to(std::back_inserter(svg_), R"(<circle cx="{}" cy="{}" r="3" class="{}">{})", x, y,
                   style, title_of(title));
    svg_ += "</circle>";
}

void Svg::text(std::int64_t x, std::int64_t y, std::string_view text, std::string_view style,
               Anchor anchor) {
    fmt::format_to(std::back_inserter(svg_),
                   R"(<text x="{}" y="{}" class="{}" text-anchor="{}">{}</text>)", x, y, style,
                   name_of(anchor), escaped(text));
}

std::string Svg::finish() {
    return std::move(svg_) + "</svg>\n";
}

}  // namespace starling::sim
