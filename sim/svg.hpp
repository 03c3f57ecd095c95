// Pictures for reports: shapes as SVG text, whole pixels only, every text escaped.
//
// Not thread safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace starling::sim {

// Text between tags or in a quoted attribute.
[[nodiscard]] std::string escaped(std::string_view text);

struct Box {
    std::int64_t x = 0;
    std::int64_t y = 0;
    std::int64_t width = 0;
    std::int64_t height = 0;
};

using Points = std::vector<std::pair<std::int64_t, std::int64_t>>;

enum class Anchor : std::uint8_t { start, middle, end };

class Svg {
public:
    // `label` is read out by those who cannot see the picture.
    Svg(std::int64_t width, std::int64_t height, std::string_view label);

    // `style` names classes of the page; `title` shows when the pointer rests on the shape.
    void box(const Box& box, std::string_view style, std::string_view title = {});
    void line(std::pair<std::int64_t, std::int64_t> from, std::pair<std::int64_t, std::int64_t> to,
              std::string_view style, std::string_view title = {});
    void polyline(const Points& points, std::string_view style);
    void dot(std::int64_t x, std::int64_t y, std::string_view style, std::string_view title = {});
    void text(std::int64_t x, std::int64_t y, std::string_view text, std::string_view style = "",
              Anchor anchor = Anchor::start);

    // The picture; nothing is drawn after it.
    [[nodiscard]] std::string finish();

private:
    std::string svg_;
};

}  // namespace starling::sim
