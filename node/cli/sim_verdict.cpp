#include "node/cli/sim_verdict.hpp"

#include "node/cli/json.hpp"
#include "node/cli/places.hpp"
#include "node/cli/words.hpp"
#include "sim/plan_text.hpp"
#include "sim/report_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace starling::cli {
namespace {

double real_at(const Value& map, std::string_view key) {
    const auto* real = at(map, key).as<double>();
    return real == nullptr ? static_cast<double>(number_at(map, key)) : *real;
}

// The line of a plan that names a file of latencies.
std::ptrdiff_t line_of_latencies(const std::string& plan) {
    const std::string name = "latency=" + std::string(sim::file_prefix);
    std::size_t at = 0;
    std::ptrdiff_t number = 1;
    for (std::size_t end = 0; end != std::string::npos; at = end + 1, ++number) {
        end = plan.find('\n', at);
        const std::string_view line = std::string_view(plan).substr(at, end - at);
        if (line.substr(0, line.find('#')).find(name) != std::string_view::npos) return number;
    }
    return 1;
}

struct Broken {
    double at = 0;
    std::string name;
    std::string what;

    auto operator<=>(const Broken&) const = default;
};

// In the order in which they broke; what was missing in the run comes last.
void take_broken(const Value& report, Verdict& verdict) {
    std::vector<Broken> all;
    if (const auto* invariants = at(report, "invariants").as<Value::Map>()) {
        for (const auto& [name, result] : *invariants) {
            if (number_at(result, "violations") == 0) continue;
            const Value& first = at(result, "first");
            const double when = real_at(first, "at_s");
            all.push_back({when, name,
                           fmt::format("at {:.3f} s on node {}: {}", when, number_at(first, "node"),
                                       text_at(first, "what"))});
        }
    }
    std::ranges::sort(all);
    for (const Value& name : list_at(report, "missing")) {
        const auto* text = name.as<std::string>();
        if (text != nullptr) all.push_back({0, "missing " + *text, "the run proves too little"});
    }
    if (!all.empty()) verdict.what = all.front().what;
    for (Broken& each : all) verdict.broken.push_back(std::move(each.name));
}

void take_report(const Value& report, const SimCrew::Done& done, Verdict& verdict) {
    if (const auto* map = report.as<Value::Map>()) verdict.document = *map;
    verdict.document["cpu_seconds"] = seconds_of(done.ended.cpu);
    verdict.document["guarded"] = done.guarded;
    verdict.trace_hash = text_at(report, "trace_hash");
    verdict.checks = static_cast<std::uint64_t>(number_at(report, "checks"));
    take_broken(report, verdict);
}

// The process ended before its report.
void take_end(const sim::Plan& plan, const SimCrew::Done& done, Verdict& verdict) {
    const bool finished = done.ended.ending == Ending::finished;
    const std::string how = finished ? "report unreadable" : done.ended.what;
    verdict.broken = {how};
    verdict.what = done.ended.errors.substr(0, done.ended.errors.find('\n'));
    verdict.document = {{"nodes", std::int64_t{plan.nodes}},
                        {"seed", std::to_string(plan.seed)},
                        {"ok", false},
                        {"ended", how},
                        {"errors", done.ended.errors},
                        {"cpu_seconds", seconds_of(done.ended.cpu)},
                        {"guarded", done.guarded}};
    verdict.text = fmt::format("{}the simulated program ended: {}\n{}",
                               sim::head_of(plan, done.ended.cpu), how, done.ended.errors);
}

// Thousands of nodes need longer.
Duration cpu_max_of(const sim::Plan& plan) {
    return child_cpu_max * std::max<std::int64_t>(1, plan.nodes / 1000);
}

}  // namespace

// A JSON object on the first line, the text for people behind it.
std::string message_of(const sim::Report& report) {
    return sim::json_of(report, Duration{0}) + sim::body_of(report);
}

Work work_of(const sim::Plan& plan, const std::optional<sim::Options>& options) {
    return [plan, options](Outlet& outlet) {
        sim::Report report = sim::run(plan);
        report.options = options;
        if (options) report.missing = sim::missing_from(report, *options);
        outlet.write(message_of(report));
    };
}

Verdict verdict_of(const sim::Plan& plan, const SimCrew::Done& done) {
    Verdict verdict;
    verdict.cpu = done.ended.cpu;
    verdict.memory = done.ended.memory;
    const std::size_t line = done.bytes.find('\n');
    const auto report = json_value(std::string_view(done.bytes).substr(0, line));
    if (done.ended.ending != Ending::finished || !report) {
        take_end(plan, done, verdict);
        return verdict;
    }
    take_report(*report, done, verdict);
    verdict.text = sim::head_of(plan, verdict.cpu) + done.bytes.substr(line + 1);
    return verdict;
}

Result<Verdict> run_guarded(const sim::Plan& plan, const std::optional<sim::Options>& options) {
    auto child = SimChild::start(work_of(plan, options), cpu_max_of(plan));
    if (!child) return tl::unexpected(child.error());
    SimCrew::Done done;
    while (child->read(done.bytes)) {
    }
    done.ended = child->end();
    done.guarded = child->was_guarded();
    return verdict_of(plan, done);
}

Result<sim::Plan> read_plan(const std::string& path) {
    const auto text = read_text(path);
    if (!text) return tl::unexpected(text.error());
    auto plan = sim::plan_from(*text, printable(path));
    if (!plan || !plan->network.regions.is_file()) return plan;
    sim::Regions& regions = plan->network.regions;
    const auto latencies = read_text(regions.source.substr(sim::file_prefix.size()));
    if (!latencies) {
        Error error = latencies.error();
        error.message =
            fmt::format("{}:{}: {}", printable(path), line_of_latencies(*text), error.message);
        return tl::unexpected(std::move(error));
    }
    if (auto fits = sim::attach(regions, *latencies, plan->nodes); !fits) {
        return tl::unexpected(fits.error());
    }
    return plan;
}

}  // namespace starling::cli
