#include "sim/agents/rules.hpp"

#include <algorithm>
#include <utility>

namespace starling::sim {

Rules::Rules(std::vector<Rule> rules, Duration healed_at)
    : rules_(std::move(rules)), broken_(rules_.size()), begun_(rules_.size()) {
    for (const Rule& rule : rules_) {
        from_.push_back(rule.within ? healed_at + *rule.within : Duration{0});
    }
}

void Rules::look(const Witness& witness, std::uint32_t host) {
    for (std::size_t place = 0; place < rules_.size(); ++place) {
        if (from_[place] > witness.now()) continue;
        look_at(place, witness, "seen on node " + std::to_string(host + 1));
    }
}

void Rules::look_late(const Witness& witness) {
    for (std::size_t place = 0; place < rules_.size(); ++place) {
        if (begun_[place] || from_[place] > witness.now()) continue;
        look_at(place, witness, "it does not hold in time");
    }
}

void Rules::look_last(const Witness& witness) {
    for (std::size_t place = 0; place < rules_.size(); ++place) {
        look_at(place, witness, "it does not hold at the end");
    }
}

void Rules::look_at(std::size_t place, const Witness& witness, const std::string& what) {
    begun_[place] = true;
    if (broken_[place]) return;  // I1
    ++looks_;
    if (rules_[place].holds(witness)) return;
    broken_[place] = true;
    breaches_.push_back({rules_[place].name, witness.now(), what});
}

void Rules::report(const std::string& rule, Duration at, const std::string& what) {
    const auto same = [&](const Breach& breach) { return breach.rule == rule; };
    if (std::ranges::none_of(breaches_, same)) breaches_.push_back({rule, at, what});
}

}  // namespace starling::sim
