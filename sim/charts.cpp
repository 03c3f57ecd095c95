#include "sim/charts.hpp"

#include "node/frames.hpp"
#include "sim/svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t page_width = 1040;
constexpr std::int64_t left_margin = 64;
constexpr std::int64_t plot_width = page_width - left_margin - 16;
constexpr std::int64_t lane = 16;
constexpr std::size_t lanes_max = 64;
constexpr std::size_t task_lanes_max = 40;

// Virtual time along the whole width.
class TimeAxis {
public:
    explicit TimeAxis(Duration ends) : ends_(std::max(ends, Duration{1ms})) {}

    [[nodiscard]] std::int64_t at(Duration time) const {
        const Duration within = std::clamp(time, Duration{0}, ends_);
        return left_margin +
               count_ms(within) * plot_width / std::max<std::int64_t>(1, count_ms(ends_));
    }

    void draw(Svg& svg, std::int64_t bottom) const {
        const Duration step = step_of();
        for (Duration time{}; time <= ends_; time += step) {
            svg.line({at(time), 0}, {at(time), bottom}, "grid");
            svg.text(at(time), bottom + 14, brief(time), "tick", Anchor::middle);
        }
    }

private:
    [[nodiscard]] Duration step_of() const {
        for (const Duration step : {1s, 2s, 5s, 10s, 20s, 60s, 120s, 300s, 600s, 1800s}) {
            if (ends_ / step <= 15) return step;
        }
        return std::max(ends_ / 12, Duration{1s});
    }

    Duration ends_;
};

// Time on a logarithmic axis from 10 us to 100 s, in whole pixels: linear within each octave.
class LogAxis {
public:
    explicit LogAxis(std::int64_t width) : width_(width) {}

    [[nodiscard]] std::int64_t at(Duration time) const {
        const std::int64_t low = octaves(10us);
        const std::int64_t high = octaves(100s);
        const std::int64_t here = std::clamp(octaves(time), low, high);
        return left_margin + (here - low) * width_ / (high - low);
    }

private:
    // The logarithm to the base of two, times 65,536.
    static std::int64_t octaves(Duration time) {
        const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(1, time.count()));
        const auto whole = static_cast<std::uint64_t>(std::bit_width(value)) - 1;
        const std::uint64_t rest = (value << 16U >> whole) & 0xFFFFU;
        return static_cast<std::int64_t>(whole << 16U | rest);
    }

    std::int64_t width_;
};

std::string node_name(std::uint32_t host) {
    return fmt::format("node {}", host + 1);
}

std::string style_of(FaultKind kind) {
    return fmt::format("fault f{}", static_cast<unsigned>(kind) % 12);
}

std::string told_of(const Strike& strike) {
    const FaultRow& row = row_of(strike.fault.kind);
    std::string text = fmt::format("{} at {}", row.word, brief(strike.from));
    if (row.has_end) text += " for " + brief(strike.to - strike.from);
    return text;
}

void draw_strike(Svg& svg, const TimeAxis& axis, const Strike& strike, std::size_t lanes) {
    const std::int64_t from = axis.at(strike.from);
    const std::int64_t width = std::max<std::int64_t>(3, axis.at(strike.to) - from);
    const auto draw = [&](std::uint32_t host, std::int64_t inset) {
        if (host >= lanes) return;
        svg.box({from, host * lane + 2 + inset, width, lane - 4 - 2 * inset},
                style_of(strike.fault.kind), told_of(strike));
    };
    if (row_of(strike.fault.kind).target == Target::host) return draw(strike.fault.host, 0);
    // The smaller side is the one that is away from the others.
    const bool left = strike.fault.left.size() <= strike.fault.right.size();
    for (const std::uint32_t host : left ? strike.fault.left : strike.fault.right) draw(host, 3);
}

std::int64_t draw_legend(Svg& svg, const Story& story, std::int64_t top) {
    std::vector<FaultKind> kinds;
    for (const Strike& strike : story.strikes) {
        if (std::ranges::find(kinds, strike.fault.kind) == kinds.end()) {
            kinds.push_back(strike.fault.kind);
        }
    }
    std::ranges::sort(kinds);
    std::int64_t x = left_margin;
    for (const FaultKind kind : kinds) {
        svg.box({x, top, 12, 10}, style_of(kind));
        svg.text(x + 17, top + 10, row_of(kind).word, "tick");
        x += 30 + 8 * static_cast<std::int64_t>(row_of(kind).word.size());
    }
    svg.line({x, top + 5}, {x + 12, top + 5}, "death");
    svg.text(x + 17, top + 10, "a node takes another for dead", "tick");
    return top + 20;
}

Points steps_of(const Curve& curve, const LogAxis& axis, std::int64_t height) {
    Points points;
    const std::uint64_t total = std::max<std::uint64_t>(curve.total, curve.samples.size());
    constexpr std::size_t steps = 200;
    for (std::size_t step = 0; step <= steps && !curve.samples.empty(); ++step) {
        const std::size_t index =
            std::min(curve.samples.size() - 1, step * curve.samples.size() / steps);
        const auto share =
            static_cast<std::int64_t>((index + 1) * static_cast<std::size_t>(height) / total);
        points.emplace_back(axis.at(curve.samples[index]), height - share);
    }
    return points;
}

}  // namespace

std::string brief(Duration duration) {
    const std::int64_t ns = duration.count();
    const auto scaled = [&](std::int64_t unit, std::string_view name) {
        const std::int64_t tenths = ns * 10 / unit;
        if (tenths % 10 == 0 || tenths >= 1000) return fmt::format("{} {}", tenths / 10, name);
        return fmt::format("{}.{} {}", tenths / 10, tenths % 10, name);
    };
    if (ns >= 1'000'000'000) return scaled(1'000'000'000, "s");
    if (ns >= 1'000'000) return scaled(1'000'000, "ms");
    if (ns == 0) return "0";
    return scaled(1000, "us");
}

std::optional<Duration> percentile(std::span<const Duration> samples, std::uint32_t percent) {
    if (samples.empty()) return std::nullopt;
    const std::size_t rank = (samples.size() * percent + 99) / 100;
    return samples[std::clamp<std::size_t>(rank, 1, samples.size()) - 1];
}

std::string ribbon_chart(const Story& story) {
    const std::size_t lanes = std::min<std::size_t>(story.nodes, lanes_max);
    const auto bottom = static_cast<std::int64_t>(lanes) * lane;
    Svg svg(page_width, bottom + 48, "faults over time");
    const TimeAxis axis(story.ends);
    axis.draw(svg, bottom);
    for (std::uint32_t host = 0; host < lanes; ++host) {
        svg.text(left_margin - 6, host * lane + 12, node_name(host), "tick", Anchor::end);
    }
    for (const Strike& strike : story.strikes) draw_strike(svg, axis, strike, lanes);
    for (const auto& [time, host] : story.deaths) {
        if (host >= lanes) continue;
        svg.line({axis.at(time), host * lane + 1}, {axis.at(time), host * lane + lane - 1},
                 "death");
    }
    svg.line({axis.at(story.healed_at), 0}, {axis.at(story.healed_at), bottom}, "healed",
             "from here on nothing is broken");
    static_cast<void>(draw_legend(svg, story, bottom + 26));
    return svg.finish();
}

std::string distribution_chart(std::string_view label, const std::vector<Curve>& curves,
                               Duration goal) {
    constexpr std::int64_t width = page_width / 2 - left_margin - 24;
    constexpr std::int64_t height = 180;
    Svg svg(page_width / 2 - 8, height + 46, label);
    const LogAxis axis(width);
    for (const Duration tick : {Duration{10us}, Duration{100us}, Duration{1ms}, Duration{10ms},
                                Duration{100ms}, Duration{1s}, Duration{10s}, Duration{100s}}) {
        svg.line({axis.at(tick), 0}, {axis.at(tick), height}, "grid");
        svg.text(axis.at(tick), height + 14, brief(tick), "tick", Anchor::middle);
    }
    for (const std::int64_t percent : {0, 25, 50, 75, 100}) {
        const std::int64_t y = height - height * percent / 100;
        svg.text(left_margin - 6, std::max<std::int64_t>(10, y + 4), fmt::format("{} %", percent),
                 "tick", Anchor::end);
    }
    if (goal > Duration{0}) {
        svg.line({axis.at(goal), 0}, {axis.at(goal), height}, "goal", "goal " + brief(goal));
        svg.text(axis.at(goal) + 3, 10, brief(goal), "goaltext");
    }
    std::int64_t x = left_margin;
    for (std::size_t i = 0; i < curves.size(); ++i) {
        svg.polyline(steps_of(curves[i], axis, height), fmt::format("curve c{}", i % 4));
        svg.box({x, height + 28, 12, 4}, fmt::format("key k{}", i % 4));
        svg.text(x + 17, height + 34, curves[i].name, "tick");
        x += 40 + 7 * static_cast<std::int64_t>(curves[i].name.size());
    }
    return svg.finish();
}

std::string accuracy_chart(const Story& story) {
    const std::size_t lanes = std::min<std::size_t>(story.nodes, lanes_max);
    const auto bottom = static_cast<std::int64_t>(lanes) * lane;
    Svg svg(page_width, bottom + 22, "wrong beliefs about members over time");
    const TimeAxis axis(story.ends);
    axis.draw(svg, bottom);
    for (std::uint32_t host = 0; host < lanes; ++host) {
        svg.text(left_margin - 6, host * lane + 12, node_name(host), "tick", Anchor::end);
        for (std::size_t second = 0; second < story.wrong[host].size(); ++second) {
            const std::uint32_t wrong = story.wrong[host][second];
            if (wrong == 0) continue;
            const Duration from = std::chrono::seconds{second + 1};
            const std::int64_t x = axis.at(from);
            svg.box(
                {x, host * lane + 1, std::max<std::int64_t>(1, axis.at(from + 1s) - x), lane - 2},
                fmt::format("wrong w{}", std::min(wrong, 4U)),
                fmt::format("{} at {}: wrong about {}", node_name(host), brief(from), wrong));
        }
    }
    return svg.finish();
}

std::string task_chart(const Story& story) {
    const std::size_t lanes = std::min(story.tasks.size(), task_lanes_max);
    const auto bottom = static_cast<std::int64_t>(lanes) * 8;
    Svg svg(page_width, bottom + 22, "tasks over time");
    const TimeAxis axis(story.ends);
    axis.draw(svg, bottom);
    for (std::size_t i = 0; i < lanes; ++i) {
        const TaskLine& task = story.tasks[i * story.tasks.size() / lanes];
        const auto y = static_cast<std::int64_t>(i) * 8 + 1;
        const auto draw = [&](Duration from, Duration to, std::string_view style) {
            const std::int64_t x = axis.at(from);
            svg.box({x, y, std::max<std::int64_t>(2, axis.at(to) - x), 6}, style,
                    fmt::format("task {:016x}, {}: {} to {}, {} awards", task.task, style,
                                brief(from), brief(std::min(to, story.ends)), task.awarded.size()));
        };
        const Duration first = task.awarded.empty() ? story.ends : task.awarded.front();
        const Duration started = std::min(task.started, story.ends);
        const Duration ended = std::min(task.accepted, story.ends);
        draw(task.offered, std::min({first, started, ended}), "waiting");
        if (first < ended)
            draw(first, ended, task.awarded.size() > 1 ? "awarded again" : "awarded");
        if (started < ended) draw(started, ended, task.ended_otherwise ? "ended" : "running");
    }
    return svg.finish();
}

std::string message_chart(const Story& story) {
    constexpr std::int64_t gap = 34;
    const auto bottom = static_cast<std::int64_t>(story.nodes - 1) * gap + 20;
    Svg svg(page_width, bottom + 44, "messages over time");
    if (story.messages.empty()) return svg.finish();
    const Duration begin = story.messages.front().sent;
    const Duration width = std::max(story.messages.back().arrived - begin, Duration{1us});
    const auto x_at = [&](Duration time) {
        return left_margin + (time - begin).count() * plot_width / width.count();
    };
    const auto y_at = [&](std::uint32_t host) { return host * gap + 10; };
    for (std::uint32_t host = 0; host < story.nodes; ++host) {
        svg.text(left_margin - 6, y_at(host) + 4, node_name(host), "tick", Anchor::end);
        svg.line({left_margin, y_at(host)}, {left_margin + plot_width, y_at(host)}, "grid");
    }
    for (const Message& message : story.messages) {
        if (message.from == message.to) continue;
        const auto* row = node::row_of(static_cast<Kind>(message.kind));
        const std::string title = fmt::format(
            "{}: {} to {}, {} bytes, {} after {}", row != nullptr ? row->name : "unknown",
            node_name(message.from), node_name(message.to), message.bytes,
            brief(message.arrived - message.sent), brief(message.sent - begin));
        svg.line({x_at(message.sent), y_at(message.from)},
                 {x_at(message.arrived), y_at(message.to)},
                 fmt::format("message m{}", std::min(message.kind / 10, 4)), title);
    }
    svg.text(left_margin, bottom + 14, brief(begin), "tick");
    svg.text(left_margin + plot_width, bottom + 14, "+ " + brief(width), "tick", Anchor::end);
    std::int64_t x = left_margin;
    constexpr std::array<std::string_view, 5> groups = {"links", "membership", "state", "agreement",
                                                        "work"};
    for (std::size_t i = 0; i < groups.size(); ++i) {
        svg.line({x, bottom + 30}, {x + 14, bottom + 30}, fmt::format("message m{}", i));
        svg.text(x + 19, bottom + 34, groups[i], "tick");
        x += 40 + 7 * static_cast<std::int64_t>(groups[i].size());
    }
    return svg.finish();
}

std::string traffic_chart(const Story& story) {
    const std::size_t lanes = std::min<std::size_t>(story.nodes, lanes_max);
    const std::uint64_t most = std::max<std::uint64_t>(1, std::ranges::max(story.bytes_sent));
    Svg svg(page_width, static_cast<std::int64_t>(lanes) * lane + 4, "bytes sent by each node");
    for (std::uint32_t host = 0; host < lanes; ++host) {
        const std::uint64_t bytes = story.bytes_sent[host];
        const auto width =
            static_cast<std::int64_t>(bytes * static_cast<std::uint64_t>(plot_width - 90) / most);
        svg.text(left_margin - 6, host * lane + 12, node_name(host), "tick", Anchor::end);
        svg.box({left_margin, host * lane + 2, std::max<std::int64_t>(1, width), lane - 4},
                "key k0");
        const auto seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(1, story.ends / 1s));
        svg.text(left_margin + width + 6, host * lane + 12,
                 fmt::format("{} KiB, {} B/s", bytes / 1024, bytes / seconds), "tick");
    }
    return svg.finish();
}

}  // namespace starling::sim
