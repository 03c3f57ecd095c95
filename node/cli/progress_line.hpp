// One line on the terminal that says how far long work is; nothing when standard error is none.
//
// Not thread safe.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace starling::cli {

class ProgressLine {
public:
    explicit ProgressLine(bool quiet);
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    ~ProgressLine() { clear(); }

    // A few times a second at most; the text is made of the seconds passed so far.
    void show(const std::function<std::string(double passed)>& text);

    // Before anything else is written.
    void clear();

private:
    using Clock = std::chrono::steady_clock;

    bool visible_;
    bool shown_ = false;
    Clock::time_point began_ = Clock::now();
    Clock::time_point next_ = began_;
};

// "40s", "12m", "3h" for people who wait.
[[nodiscard]] std::string rough_time(double seconds);

}  // namespace starling::cli
