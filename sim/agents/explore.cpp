#include "sim/agents/public_world.hpp"
#include "sim/plan_text.hpp"
#include "sim/shrink.hpp"
#include <starling/text_file.hpp>

#include <algorithm>
#include <utility>

namespace starling::sim {
inline namespace agents {
namespace {

bool may_go_on(const Exploration& exploration) {
    return !exploration.go_on || exploration.go_on();
}

Result<Performance> perform(const Setup& setup, const Plan& plan, Length length) {
    auto stage = Explorer::stage_of(setup, plan);
    if (!stage) return tl::unexpected<Error>(std::move(stage.error()));
    stage->length = length;
    return sim::perform(*stage);
}

// A candidate in which the rule would come too late does not break it.
Broke broke_in(const Setup& setup, const Plan& plan, const std::string& rule) {
    const auto performance = perform(setup, plan, Length::to_first_breach);
    if (!performance) return std::nullopt;
    const auto breach = std::ranges::find(performance->breaches, rule, &Breach::rule);
    if (breach == performance->breaches.end()) return std::nullopt;
    return breach->at;
}

Shrunk smaller(const Setup& setup, const Exploration& exploration, const Plan& plan,
               const Breach& first) {
    const Judge judge = [&](std::span<const Candidate> candidates) {
        std::vector<Broke> verdicts;
        for (const Candidate& candidate : candidates) {
            if (!may_go_on(exploration)) break;
            verdicts.push_back(broke_in(setup, candidate.plan, first.rule));
            if (verdicts.back()) break;
        }
        return verdicts;
    };
    return shrink(plan, {first.at, exploration.trials_max}, judge);
}

// The least plan that breaks what this one breaks, and what its run tells.
Result<Explored> examine(const Setup& setup, const Exploration& exploration, const Plan& plan,
                         const Performance& performance) {
    Explored explored;
    explored.seed = plan.seed;
    explored.plan = text_of(plan);
    const auto again = perform(setup, plan, Length::to_first_breach);
    explored.repeatable = again && again->trace_hash == performance.trace_hash;
    Shrunk least{plan, 0, true};
    if (explored.repeatable && exploration.trials_max > 0) {
        least = smaller(setup, exploration, plan, performance.breaches.front());
    }
    explored.trials = least.trials;
    explored.finished = least.finished;
    const auto run = perform(setup, least.plan, Length::whole);
    if (!run) return tl::unexpected<Error>(run.error());
    explored.report = report_of(least.plan, *run);
    return explored;
}

}  // namespace

std::string Explored::text() const {
    if (ok()) return std::to_string(runs) + " seeds, every rule held\n";
    std::string text =
        "seed " + std::to_string(*seed) + " broke a rule, the first of " + std::to_string(runs) +
        " to do so\nits plan after " + std::to_string(trials) + " runs to make it smaller" +
        (finished ? "" : ", more could do more") + "; again with starling::sim::replay\n";
    if (!repeatable) {
        text +=
            "the same run again went another way: an agent draws from something else than "
            "Ctx::random, or keeps something between runs\n";
    }
    return text + report.text();
}

Result<void> Explored::write(const std::string& path) const {
    return write_text_file(path, report.plan);
}

Result<Explored> explore(const Setup& setup, const Exploration& exploration) {
    Explored explored;
    for (std::uint64_t number = 0; number < exploration.seeds; ++number) {
        if (!may_go_on(exploration)) break;
        Scenario scenario = exploration.scenario;
        scenario.seed = exploration.first_seed + number;
        const auto plan = plan_of(scenario);
        if (!plan) return tl::unexpected<Error>(plan.error());
        const auto performance = perform(setup, *plan, Length::to_first_breach);
        if (!performance) return tl::unexpected<Error>(performance.error());
        ++explored.runs;
        if (performance->breaches.empty()) {
            explored.report = report_of(*plan, *performance);
            continue;
        }
        auto found = examine(setup, exploration, *plan, *performance);
        if (found) found->runs = explored.runs;
        return found;
    }
    return explored;
}

Result<Report> replay(const Setup& setup, const std::string& plan) {
    const auto parsed = plan_of({.plan = plan});
    if (!parsed) return tl::unexpected<Error>(parsed.error());
    const auto performance = perform(setup, *parsed, Length::whole);
    if (!performance) return tl::unexpected<Error>(performance.error());
    return report_of(*parsed, *performance);
}

}  // namespace agents
}  // namespace starling::sim
