#include "node/cli/progress_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace starling::cli {
namespace {

constexpr auto pause_between = std::chrono::milliseconds{250};
constexpr double minute = 60;
constexpr double hour = 60 * minute;

}  // namespace

ProgressLine::ProgressLine(bool quiet) : visible_(!quiet && ::isatty(STDERR_FILENO) == 1) {}

void ProgressLine::show(const std::function<std::string(double passed)>& text) {
    const auto now = Clock::now();
    if (!visible_ || now < next_) return;
    next_ = now + pause_between;
    const double passed = std::chrono::duration<double>(now - began_).count();
    fmt::print(stderr, "\r{}\x1b[K", text(std::max(passed, 0.001)));
    std::fflush(stderr);
    shown_ = true;
}

void ProgressLine::clear() {
    if (!std::exchange(shown_, false)) return;
    fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
}

std::string rough_time(double seconds) {
    if (seconds < 2 * minute) return fmt::format("{:.0f}s", seconds);
    if (seconds < 2 * hour) return fmt::format("{:.0f}m", seconds / minute);
    return fmt::format("{:.0f}h", seconds / hour);
}

}  // namespace starling::cli
