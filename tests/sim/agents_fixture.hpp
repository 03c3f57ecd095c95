// Agents for tests: one made of a function, and worlds to put it in.
//
// Not thread safe.
#pragma once

#include <starling/sim.hpp>

#include <functional>
#include <string>
#include <vector>

namespace starling::tests {

using namespace std::chrono_literals;

// Does at its start what it is told.
struct Actor : Agent {
    using Script = std::function<void(Ctx& c)>;

    explicit Actor(Script told) : script(std::move(told)) {}

    void on_start(Ctx& c) override { script(c); }

    Script script;
};

inline sim::Scenario calm(std::uint32_t nodes = 3, std::chrono::nanoseconds duration = 10s) {
    sim::Scenario scenario;
    scenario.nodes = nodes;
    scenario.duration = duration;
    scenario.faults = sim::Faults::none;
    return scenario;
}

// These lines of a plan on three nodes for 20 s.
inline sim::Scenario faulty(const std::string& lines) {
    sim::Scenario scenario = calm(3, 20s);
    scenario.plan = "[run] seed=1 nodes=3 duration=20s healed_at=15s\n" + lines;
    return scenario;
}

// The texts that were noted under a name, in order.
inline std::vector<std::string> texts(const sim::Report& report, const std::string& name) {
    std::vector<std::string> found;
    for (const sim::Note& note : report.notes) {
        const auto* text = note.value.as<std::string>();
        if (note.name == name && text != nullptr) found.push_back(*text);
    }
    return found;
}

inline std::vector<std::chrono::nanoseconds> times(const sim::Report& report,
                                                   const std::string& name) {
    std::vector<std::chrono::nanoseconds> found;
    for (const sim::Note& note : report.notes) {
        if (note.name == name) found.push_back(note.at);
    }
    return found;
}

// "put: ok" or "put: key_invalid".
template <class T>
std::string outcome(const std::string& what, const Result<T>& result) {
    return what + ": " + (result ? "ok" : result.error().name);
}

}  // namespace starling::tests
