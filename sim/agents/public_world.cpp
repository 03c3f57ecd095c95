#include "sim/agents/public_world.hpp"

#include "sim/plan_flaw.hpp"
#include "sim/plan_text.hpp"
#include "sim/quantity.hpp"
#include "sim/swarm.hpp"

#include <algorithm>
#include <utility>

namespace starling::sim {
namespace {

constexpr Duration healed_least = std::chrono::seconds{20};

// Agents are the only clients.
Load no_load() {
    Load load;
    for (const LoadRow& row : load_rows) load.*row.rate = 0;
    load.workers = {};
    return load;
}

std::string time_text(Duration time) {
    return text_of(Quantity::time, static_cast<std::uint64_t>(time.count()));
}

// Lines stand in any order: what is added behind them moves none.
Result<Plan> plan_from_text(const agents::Scenario& scenario) {
    std::string text = scenario.plan;
    if (text.find("[run]") == std::string::npos) {
        text += "\n[run] seed=" + std::to_string(scenario.seed) +
                " nodes=" + std::to_string(scenario.nodes) +
                " duration=" + time_text(scenario.duration) + "\n";
    }
    return plan_from(text);
}

Result<Plan> plan_from_faults(const agents::Scenario& scenario) {
    if (scenario.faults == agents::Faults::swarm) {
        const Duration healed = std::max(healed_least, scenario.duration / 3);
        return swarm_plan({scenario.nodes, scenario.seed, scenario.duration - healed, healed});
    }
    auto plan = default_plan({scenario.nodes, scenario.seed, scenario.duration, no_load(), {}});
    if (plan && scenario.faults == agents::Faults::none) {
        plan->faults.clear();
        plan->healed_at = Duration{0};
    }
    return plan;
}

}  // namespace

Result<Plan> plan_of(const agents::Scenario& scenario) {
    auto plan = scenario.plan.empty() ? plan_from_faults(scenario) : plan_from_text(scenario);
    if (plan) plan->load = no_load();
    return plan;
}

agents::Report report_of(const Plan& plan, const Performance& performance) {
    agents::Report report;
    for (const Breach& breach : performance.breaches) {
        report.broken.push_back({breach.rule, breach.at, breach.what});
    }
    report.plan = text_of(plan);
    report.trace_hash = performance.trace_hash;
    report.handlers = performance.counts.handlers;
    report.calls = performance.counts.calls;
    report.externals = performance.counts.externals;
    report.faults = performance.faults;
    report.looks = performance.looks;
    report.notes = performance.notes;
    return report;
}

namespace agents {

std::string Report::text() const {
    std::string text = ok() ? "every rule held\n" : "";
    for (const BrokenRule& rule : broken) {
        text += "broken: " + rule.rule + ", after " + std::to_string(count_ms(rule.at)) + " ms, " +
                rule.what + "\n";
    }
    text += std::to_string(handlers) + " handlers, " + std::to_string(calls) + " calls, " +
            std::to_string(externals) + " external calls, " + std::to_string(faults) + " faults, " +
            std::to_string(looks) + " looks at rules; trace hash " + trace_hash + "\n";
    return text + "plan:\n" + plan;
}

World::World(Scenario scenario) : parts_(std::make_unique<Parts>()) {
    parts_->plan = plan_of(scenario);
}

World::~World() = default;

std::uint32_t World::nodes() const {
    return parts_->plan ? parts_->plan->nodes : 0;
}

void World::add(std::uint32_t node, Make make) {
    if (nodes() > 0) parts_->stage.actors.push_back({node % nodes(), std::move(make)});
}

void World::external(const std::string& name, AnswerTime time, Share errors, External answer) {
    parts_->stage.outsides.insert_or_assign(
        name, std::make_shared<ModelledOutside>(time, errors, std::move(answer)));
}

void World::external(const Cassette& cassette) {
    for (const CassetteCall& call : cassette.calls()) {
        auto& recorded = parts_->recorded[call.name];
        if (!recorded) recorded = std::make_shared<RecordedOutside>();
        recorded->add(call);
        parts_->stage.outsides.insert_or_assign(call.name, recorded);
    }
}

void World::always(const std::string& rule, Condition condition) {
    parts_->stage.rules.push_back(
        {rule, std::nullopt, [condition = std::move(condition)](const Witness& seen) {
             return condition(View(seen));
         }});
}

void World::eventually(const std::string& rule, std::chrono::nanoseconds within,
                       Condition condition) {
    always(rule, std::move(condition));
    parts_->stage.rules.back().within = within;
}

Result<Report> World::run() {
    auto stage = Explorer::stage_of(*this);
    if (!stage) return tl::unexpected<Error>(std::move(stage.error()));
    return report_of(stage->plan, perform(*stage));
}

Result<Stage> Explorer::stage_of(World& world) {
    World::Parts& parts = *world.parts_;
    if (!parts.plan) return tl::unexpected<Error>(parts.plan.error());
    if (std::exchange(parts.ran, true)) {
        return failure(ErrorCode::invalid, "ran_before", "this world has run before",
                       "make another one: agents and rules keep what they saw");
    }
    if (auto fine = check_plan(*parts.plan); !fine) return tl::unexpected<Error>(fine.error());
    const Duration left = parts.plan->duration - parts.plan->healed_at;
    for (const Rule& rule : parts.stage.rules) {
        if (!rule.within || *rule.within <= left) continue;
        return failure(ErrorCode::invalid, "rule_too_late",
                       rule.name + " is to hold " + time_text(*rule.within) +
                           " after the last repair, the run ends after " + time_text(left),
                       "give the scenario a longer duration, or the rule less time");
    }
    parts.stage.plan = *parts.plan;
    return parts.stage;
}

Result<Stage> Explorer::stage_of(const Setup& setup, const Plan& plan) {
    World world;
    world.parts_->plan = plan;
    setup(world);
    return stage_of(world);
}

}  // namespace agents
}  // namespace starling::sim
