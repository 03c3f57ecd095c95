// How long the world outside takes to answer in a simulated mesh, and how often it fails.
//
//   Constant ───|───    Uniform ──[____]──    Lognormal ──/\___....    (a model: p50 2 s, p99 60 s)
//
// Integers and fixed tables only: equal on every machine.  Values: thread safe to read.
#pragma once

#include <chrono>
#include <cstdint>
#include <variant>

namespace starling::sim {
inline namespace agents {

struct Constant {
    std::chrono::nanoseconds time{};
};

// Both ends included.
struct Uniform {
    std::chrono::nanoseconds low{};
    std::chrono::nanoseconds high{};
};

// Half of the answers take at most p50, 99 of 100 at most p99; cut at about the slowest of 4,000.
struct Lognormal {
    std::chrono::nanoseconds p50{};
    std::chrono::nanoseconds p99{};
};

using AnswerTime = std::variant<Constant, Uniform, Lognormal>;

struct Share {
    std::uint32_t of_million = 0;
};

[[nodiscard]] constexpr Share percent(std::uint32_t parts) {
    return {parts * 10'000};
}

}  // namespace agents
}  // namespace starling::sim
