#include "sim/report_text.hpp"

#include "sim/quantity.hpp"
#include "sim/region_fields.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace starling::sim {
namespace {

using Numbers = std::vector<std::pair<std::string_view, std::uint64_t>>;

Numbers numbers_of(const Report& report) {
    const FaultCounts& faults = report.faults;
    const NetworkCounts& network = report.network;
    return {{"crashes", faults.struck(FaultKind::crash)},
            {"restarts", faults.repaired(FaultKind::crash)},
            {"pauses", faults.struck(FaultKind::pause)},
            {"partitions", faults.struck(FaultKind::cut)},
            {"heals", faults.repaired(FaultKind::cut)},
            {"link_breaks", faults.struck(FaultKind::break_links)},
            {"disk_stalls", faults.struck(FaultKind::stall_disk)},
            {"puts", report.load.puts},
            {"cas", report.load.swaps},
            {"tasks", report.load.tasks},
            {"leases", report.load.leases},
            {"decisions", report.load.decisions},
            {"edits", report.load.edits},
            {"executions", report.executions},
            {"answers", report.load.answered},
            {"answers_failed", report.load.failed},
            {"answers_lost", report.load.lost},
            {"turns", report.turns},
            {"inputs", report.inputs},
            {"frames", network.frames},
            {"frame_bytes", network.bytes},
            {"frames_delivered", network.delivered},
            {"frames_lost", network.lost},
            {"frames_dropped", network.dropped},
            {"dials", network.dials},
            {"connected", network.connected},
            {"refused", network.refused},
            {"probes", network.probes},
            {"lies", network.lies},
            {"syncs", report.syncs},
            {"batches_lost", report.lost_batches},
            {"appointments", report.appointments},
            {"signatures_asked", report.signatures_asked},
            {"signatures_computed", report.signatures_computed},
            {"checks", report.checks()},
            {"violations", report.violations()}};
}

// Seconds with three digits, without floating point.
std::string seconds(Duration duration) {
    const std::int64_t ms = count_ms(duration);
    return fmt::format("{}.{:03}", ms / 1000, ms % 1000);
}

// As a text where many readers of JSON would round it.
std::string seed_json(std::uint64_t seed) {
    return seed <= INT64_MAX ? std::to_string(seed) : fmt::format(R"("{}")", seed);
}

// Null: as many as the run has rounds.
std::string number_json(std::optional<std::uint32_t> number) {
    return number ? std::to_string(*number) : "null";
}

std::string asked_json(const Report& report) {
    const Load& load = report.plan.load;
    const FaultNumbers asked = report.options ? report.options->asked : FaultNumbers{};
    std::string json = "{";
    for (const LoadRow& row : load_rows) {
        fmt::format_to(std::back_inserter(json), R"("{}_per_s":{},)", row.name,
                       rate_text(load.*row.rate));
    }
    fmt::format_to(std::back_inserter(json), R"("crashes":{},"partitions":{}}})",
                   number_json(asked.crashes), number_json(asked.partitions));
    return json;
}

// Names and texts here are ours: letters, digits, spaces and punctuation without quotes.
std::string invariants_json(const Report& report) {
    std::string json = "{";
    for (const auto& [name, result] : report.invariants) {
        if (json.size() > 1) json += ',';
        fmt::format_to(std::back_inserter(json), R"("{}":{{"checks":{},"violations":{})", name,
                       result.checks, result.violations);
        if (result.first) {
            fmt::format_to(std::back_inserter(json),
                           R"(,"first":{{"at_s":{},"node":{},"what":"{}"}})",
                           seconds(result.first->at), result.first->host + 1, result.first->what);
        }
        json += '}';
    }
    return json + '}';
}

std::string probes_json(const Report& report) {
    std::string json = "{";
    for (const auto& [name, hits] : report.probes) {
        if (json.size() > 1) json += ',';
        fmt::format_to(std::back_inserter(json), R"("{}":{})", name, hits);
    }
    return json + '}';
}

// By kind: how often it struck, and how often what had an end was repaired.
std::string faults_json(const Report& report) {
    std::string json = "{";
    for (const FaultRow& row : fault_rows) {
        if (json.size() > 1) json += ',';
        fmt::format_to(std::back_inserter(json), R"("{}":{{"struck":{},"repaired":{}}})", row.word,
                       report.faults.struck(row.kind), report.faults.repaired(row.kind));
    }
    return json + '}';
}

std::int64_t us_of(Duration duration) {
    return duration / std::chrono::microseconds{1};
}

using NamedTimes = std::array<std::pair<std::string_view, Percentiles>, 4>;

NamedTimes times_of(const Report& report) {
    return {{{"convergence", report.times.convergence},
             {"award", report.times.award},
             {"kill_to_dead", report.times.kill_to_dead},
             {"stop_to_dead", report.times.stop_to_dead}}};
}

std::string times_json(const Report& report) {
    std::string json = "{";
    for (const auto& [name, times] : times_of(report)) {
        if (json.size() > 1) json += ',';
        fmt::format_to(std::back_inserter(json),
                       R"("{}":{{"count":{},"p50":{},"p95":{},"max":{}}})", name, times.count,
                       us_of(times.p50), us_of(times.p95), us_of(times.max));
    }
    return json + '}';
}

std::string times_text(const Report& report) {
    std::string text;
    for (const auto& [name, times] : times_of(report)) {
        fmt::format_to(std::back_inserter(text), "  {:<22}p50 {} us, p95 {} us, max {} us of {}\n",
                       name, us_of(times.p50), us_of(times.p95), us_of(times.max), times.count);
    }
    return text;
}

std::string missing_json(const Report& report) {
    std::string json = "[";
    for (const std::string& name : report.missing) {
        if (json.size() > 1) json += ',';
        fmt::format_to(std::back_inserter(json), R"("{}")", name);
    }
    return json + ']';
}

std::string rate(const Plan& plan, Duration cpu) {
    if (cpu < std::chrono::milliseconds{1}) return "";
    return fmt::format(", {} times as fast as real time", plan.duration / cpu);
}

std::string_view word_for(const InvariantResult& result) {
    if (result.violations > 0) return "BROKEN";
    return result.is_idle() ? "nothing to look at" : "ok";
}

}  // namespace

std::string command_line(const Options& options) {
    std::string line = fmt::format("starling sim run --nodes {} --seed {} --duration {}ms",
                                   options.nodes, options.seed, count_ms(options.duration));
    for (const LoadRow& row : load_rows) {
        fmt::format_to(std::back_inserter(line), " --{} {}", row.name,
                       rate_text(options.load.*row.rate));
    }
    const auto add = [&](std::string_view name, std::optional<std::uint32_t> number) {
        if (number) fmt::format_to(std::back_inserter(line), " --{} {}", name, *number);
    };
    add("crashes", options.asked.crashes);
    add("partitions", options.asked.partitions);
    return line;
}

std::string head_of(const Plan& plan, Duration cpu) {
    return fmt::format("{} nodes, seed {}, {} virtual seconds in {} CPU seconds{}\n", plan.nodes,
                       plan.seed, seconds(plan.duration), seconds(cpu), rate(plan, cpu));
}

std::string text_of(const Report& report, Duration cpu) {
    return head_of(report.plan, cpu) + body_of(report);
}

std::string body_of(const Report& report) {
    const Plan& plan = report.plan;
    std::string text = "a second:";
    for (const LoadRow& row : load_rows) {
        fmt::format_to(std::back_inserter(text), "{} {} {}", text.back() == ':' ? "" : ",",
                       row.name, rate_text(plan.load.*row.rate));
    }
    text += '\n';
    if (const Regions& regions = plan.network.regions; !regions.source.empty()) {
        fmt::format_to(std::back_inserter(text), "latency={}{}\n", regions.source,
                       region_fields_text(regions));
    }
    for (const auto& [name, number] : numbers_of(report)) {
        fmt::format_to(std::back_inserter(text), "  {:<22}{:>14}\n", name, number);
    }
    fmt::format_to(std::back_inserter(text),
                   "  crash to death, ms    p50 {}, p95 {}, max {} of {}\n", report.notice.p50_ms,
                   report.notice.p95_ms, report.notice.max_ms, report.notice.count);
    text += times_text(report);
    text += "invariants\n";
    for (const auto& [name, result] : report.invariants) {
        fmt::format_to(std::back_inserter(text), "  {:<26}{:>10} checks  {}\n", name, result.checks,
                       word_for(result));
        if (!result.first) continue;
        fmt::format_to(std::back_inserter(text), "    {} times, first at {} s on node {}: {}\n",
                       result.violations, seconds(result.first->at), result.first->host + 1,
                       result.first->what);
    }
    for (const std::string& name : report.missing) {
        fmt::format_to(std::back_inserter(text), "this run had no {}: it proves too little\n",
                       name);
    }
    fmt::format_to(std::back_inserter(text), "trace hash {}\n", report.trace_hash);
    return text;
}

std::string json_of(const Report& report, Duration cpu) {
    std::string json = fmt::format(
        R"({{"apiVersion":"starling/v1","nodes":{},"seed":{},"duration_ms":{},"asked":{},"ok":{})",
        report.plan.nodes, seed_json(report.plan.seed), count_ms(report.plan.duration),
        asked_json(report), report.ok());
    if (const Regions& regions = report.plan.network.regions; !regions.source.empty()) {
        // The path is plain: nothing in it ends the text.
        fmt::format_to(std::back_inserter(json), R"(,"latency":"{}","latency_hash":"{}")",
                       regions.source, regions.is_file() ? hash_text(regions.hash) : "");
    }
    for (const auto& [name, number] : numbers_of(report)) {
        fmt::format_to(std::back_inserter(json), R"(,"{}":{})", name, number);
    }
    fmt::format_to(std::back_inserter(json),
                   R"(,"notice_ms":{{"count":{},"p50":{},"p95":{},"max":{}}},"times_us":{})"
                   R"(,"all_met_us":{},"invariants":{},"probes":{},"faults":{},"missing":{})",
                   report.notice.count, report.notice.p50_ms, report.notice.p95_ms,
                   report.notice.max_ms, times_json(report),
                   report.times.all_met ? std::to_string(us_of(*report.times.all_met)) : "null",
                   invariants_json(report), probes_json(report), faults_json(report),
                   missing_json(report));
    fmt::format_to(std::back_inserter(json),
                   R"(,"virtual_seconds":{},"cpu_seconds":{},"trace_hash":"{}","command":"{}"}})",
                   seconds(report.plan.duration), seconds(cpu), report.trace_hash,
                   report.options ? command_line(*report.options) : "");
    return json + '\n';
}

}  // namespace starling::sim
