// What a world must keep to, by its user's own rules.
//
//   always:      whenever something was seen           eventually: from healed_at + within to the
//   end
//
// Invariants:
//   I1  A rule is reported once, the first time it breaks.
//
// Not thread safe.
#pragma once

#include "base/moment.hpp"
#include "sim/agents/witness.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace starling::sim {

struct Rule {
    std::string name;
    std::optional<Duration> within;  // nothing: always
    std::function<bool(const Witness&)> holds;
};

struct Breach {
    std::string rule;
    Duration at{};
    std::string what;
};

class Rules {
public:
    Rules(std::vector<Rule> rules, Duration healed_at);

    // Something was seen, on this host.
    void look(const Witness& witness, std::uint32_t host);

    // Time passed: of interest to rules that hold from a time on.
    void look_late(const Witness& witness);

    // The run is over.
    void look_last(const Witness& witness);

    void report(const std::string& rule, Duration at, const std::string& what);

    [[nodiscard]] const std::vector<Breach>& breaches() const { return breaches_; }

    [[nodiscard]] std::uint64_t looks() const { return looks_; }

private:
    void look_at(std::size_t place, const Witness& witness, const std::string& what);

    std::vector<Rule> rules_;
    std::vector<Duration> from_;  // when each begins to count
    std::vector<bool> broken_;
    std::vector<bool> begun_;
    std::vector<Breach> breaches_;
    std::uint64_t looks_ = 0;
};

}  // namespace starling::sim
