#include "sim/report_page.hpp"

#include "base/hash.hpp"
#include "sim/charts.hpp"
#include "sim/plan_text.hpp"
#include "sim/svg.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <iterator>

namespace starling::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration staleness_goal = 50ms;
constexpr Duration decision_goal = 200ms;

constexpr std::string_view style = R"(
:root{--page:#fbfbfa;--card:#fff;--ink:#1d2129;--soft:#667085;--line:#e4e7ec;--good:#13795b;
--bad:#b42318;
--c0:#1f6feb;--c1:#0e9384;--c2:#c4320a;--c3:#7a5af8}
@media (prefers-color-scheme:dark){:root{--page:#0f1216;--card:#171b21;--ink:#e6e8eb;
--soft:#98a2b3;
--line:#2a313b;--good:#3ccb7f;--bad:#f97066;--c0:#6ea8fe;--c1:#2ed3b7;--c2:#f38744;--c3:#a48afb}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1120px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:24px;margin:0 0 2px}h2{font-size:16px;margin:0 0 2px}
p{margin:0 0 12px;color:var(--soft)}
.verdict{display:inline-block;padding:2px 12px;border-radius:999px;color:#fff;font-weight:600;
font-size:14px;
vertical-align:3px;margin-left:8px}.verdict.ok{background:var(--good)}
.verdict.broken{background:var(--bad)}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:18px 20px;
margin:16px 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;
margin:16px 0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:12px 16px}
.tile b{display:block;font-size:22px;line-height:1.2}.tile span{color:var(--soft);font-size:13px}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(440px,1fr));gap:16px}
.pair section{margin:0}
code,pre{font:13px/1.5 ui-monospace,"Cascadia Mono",Menlo,monospace}
pre{background:var(--page);border:1px solid var(--line);border-radius:8px;padding:12px;
overflow:auto;margin:8px 0 0}
table{border-collapse:collapse;width:100%}
td,th{padding:5px 10px 5px 0;border-bottom:1px solid var(--line);text-align:left}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.bad{color:var(--bad);font-weight:600}.good{color:var(--good)}
svg{max-width:100%;height:auto;overflow:visible}
svg text{font:11px system-ui,sans-serif;fill:var(--soft)}
svg .grid{stroke:var(--line)}svg .healed{stroke:var(--good);stroke-width:2;stroke-dasharray:4 3}
svg .death{stroke:var(--bad);stroke-width:2}svg .goal{stroke:var(--bad);stroke-dasharray:4 3}
svg .goaltext{fill:var(--bad)}
svg .curve{fill:none;stroke-width:2}svg .c0{stroke:var(--c0)}svg .c1{stroke:var(--c1)}
svg .c2{stroke:var(--c2)}
svg .c3{stroke:var(--c3)}svg .k0{fill:var(--c0)}svg .k1{fill:var(--c1)}svg .k2{fill:var(--c2)}
svg .k3{fill:var(--c3)}
svg .fault{opacity:.85}svg .f0{fill:#344054}svg .f1{fill:#98a2b3}svg .f2{fill:#f79009}
svg .f3{fill:#7a5af8}
svg .f4{fill:#2e90fa}svg .f5{fill:#15b79e}svg .f6{fill:#ee46bc}svg .f7{fill:#66c61c}
svg .f8{fill:#b54708}
svg .f9{fill:#6172f3}svg .f10{fill:#c11574}svg .f11{fill:#088ab2}
svg .wrong{fill:var(--bad)}svg .w1{opacity:.3}svg .w2{opacity:.5}svg .w3{opacity:.75}
svg .message{stroke-width:1;opacity:.7}svg .m0{stroke:var(--ink)}svg .m1{stroke:var(--soft)}
svg .m2{stroke:var(--c0)}svg .m3{stroke:var(--c2)}svg .m4{stroke:var(--c1)}
svg .waiting{fill:#fdb022}svg .awarded{fill:var(--c0);opacity:.5}
svg .again{fill:#f04438;opacity:.6}
svg .running{fill:var(--c1)}svg .ended{fill:var(--soft)}
)";

class Page {
public:
    void add(std::string_view html) { html_ += html; }

    void tile(std::string_view number, std::string_view name) {
        fmt::format_to(std::back_inserter(html_),
                       "<div class=\"tile\"><b>{}</b><span>{}</span></div>", escaped(number),
                       escaped(name));
    }

    void section(std::string_view title, std::string_view about, std::string_view body) {
        fmt::format_to(std::back_inserter(html_), "<section><h2>{}</h2><p>{}</p>{}</section>\n",
                       escaped(title), escaped(about), body);
    }

    [[nodiscard]] std::string take() { return std::move(html_); }

private:
    std::string html_;
};

std::string told(std::optional<Duration> duration) {
    return duration ? brief(*duration) : "none";
}

// Invariants that this run gave no occasion to look at.
std::vector<std::string> idle_of(const Report& report) {
    std::vector<std::string> names;
    for (const auto& [name, result] : report.invariants) {
        if (result.is_idle()) names.push_back(name);
    }
    return names;
}

void add_head(Page& page, const Report& report, const std::string& again) {
    const Plan& plan = report.plan;
    const bool ok = report.ok();
    const std::size_t idle = idle_of(report).size();
    page.add(fmt::format(
        "<h1>{} nodes, {}, seed {}<span class=\"verdict {}\">{}</span></h1>\n"
        "<p>{} checks of {} invariants, {} violated; {} had nothing to look at. Plan {}, trace "
        "{}.</p>\n"
        "<section><h2>Run it again</h2><pre>{}</pre></section>\n",
        plan.nodes, brief(plan.duration), plan.seed, ok ? "ok" : "broken",
        ok ? "every invariant held" : "an invariant broke", report.checks(),
        report.invariants.size() - idle, report.violations(), idle,
        to_hex(Hasher("starling/sim/plan").add(view_of(text_of(plan))).finish().view().first(8)),
        report.trace_hash, escaped(again)));
}

void add_tiles(Page& page, const ToldRun& run) {
    const Report& report = run.report;
    const Story& story = run.story;
    page.add("<div class=\"tiles\">");
    page.tile(std::to_string(story.strikes.size()), "faults struck");
    page.tile(std::to_string(report.load.puts), "values put");
    page.tile(told(percentile(story.staleness, 99)), "staleness p99");
    page.tile(std::to_string(report.load.tasks), "tasks offered");
    page.tile(told(percentile(story.awards, 95)), "award p95");
    page.tile(told(percentile(report.register_times, 95)), "register call p95");
    page.tile(std::to_string(report.network.frames), "frames sent");
    page.tile(fmt::format("{} KiB", report.network.bytes / 1024), "bytes sent");
    page.add("</div>\n");
}

void add_broken(Page& page, const Report& report) {
    if (report.ok()) return;
    std::string list;
    for (const auto& [name, result] : report.invariants) {
        if (!result.first) continue;
        fmt::format_to(std::back_inserter(list),
                       "<p><span class=\"bad\">{}</span> at {} on node {}: {} ({} times)</p>",
                       escaped(name), brief(result.first->at), result.first->host + 1,
                       escaped(result.first->what), result.violations);
    }
    for (const std::string& name : report.missing) {
        fmt::format_to(std::back_inserter(list), "<p class=\"bad\">this run had no {}</p>",
                       escaped(name));
    }
    page.section("What broke", "The first time of each.", list);
}

std::string spread_chart(const Story& story) {
    constexpr std::array<std::string_view, 4> names = {"half of the nodes", "90 %", "99 %", "all"};
    const std::uint64_t updates = story.spread.times[0].size();
    std::vector<Curve> curves;
    for (std::size_t i = 0; i < names.size(); ++i) {
        // In a small mesh 90 % of the nodes are all of them.
        const bool last = i + 1 == names.size();
        if (!last && Spread::share_of(story.nodes, i) == story.nodes) continue;
        curves.push_back({names[i], story.spread.times[i], updates});
    }
    return distribution_chart("time until an update is known", curves, 0s);
}

void add_curves(Page& page, const ToldRun& run) {
    const Story& story = run.story;
    page.add("<div class=\"pair\">");
    page.section(
        "Convergence",
        fmt::format("Share of updates that so many nodes knew after so long; {} were still "
                    "spreading at the end.",
                    story.spread.unfinished),
        spread_chart(story));
    const auto add = [&](std::string_view title, std::string_view about, const Curve& curve,
                         Duration goal) {
        if (!curve.samples.empty()) {
            page.section(title, about, distribution_chart(title, {curve}, goal));
        }
    };
    add("Staleness", "From a commit to each node that applied it; the line is the goal.",
        {"each node", story.staleness, 0}, staleness_goal);
    add("Decisions", "Calls of registers that were answered, during the faults too.",
        {"calls", run.report.register_times, 0}, decision_goal);
    add("Awards", "From a task's record to its first award.", {"tasks", story.awards, 0},
        decision_goal);
    page.add("</div>\n");
}

std::string invariant_table(const Report& report) {
    std::string rows =
        "<table><tr><th>invariant</th><th class=\"n\">checks</th><th "
        "class=\"n\">violated</th></tr>";
    for (const auto& [name, result] : report.invariants) {
        if (result.is_idle()) continue;
        fmt::format_to(std::back_inserter(rows),
                       "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n {}\">{}</td></tr>",
                       escaped(name), result.checks, result.violations > 0 ? "bad" : "good",
                       result.violations);
    }
    rows += "</table>";
    const auto idle = idle_of(report);
    if (idle.empty()) return rows;
    return rows + fmt::format("<p>Nothing to look at in this run: {}.</p>",
                              escaped(fmt::to_string(fmt::join(idle, ", "))));
}

}  // namespace

std::string page_of(const ToldRun& run, const std::string& again) {
    Page page;
    const Plan& plan = run.report.plan;
    page.add(
        fmt::format("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                    "<meta name=\"viewport\" content=\"width=device-width\">"
                    "<title>starling sim: {} nodes, seed {}</title><style>{}</style></head>"
                    "<body><main>\n",
                    plan.nodes, plan.seed, style));
    add_head(page, run.report, again);
    add_broken(page, run.report);
    add_tiles(page, run);
    page.section(
        "Faults",
        "A lane for each node. The green line: from here on nothing is broken, and the mesh "
        "must come together.",
        ribbon_chart(run.story));
    page.section(
        "Wrong beliefs",
        "How many members each node was wrong about, second by second: the paler, the fewer.",
        accuracy_chart(run.story));
    add_curves(page, run);
    if (!run.story.tasks.empty())
        page.section(
            "Tasks",
            "Yellow: waiting. Blue: awarded, red: more than once. Green: running, until its "
            "result was accepted.",
            task_chart(run.story));
    if (plan.nodes <= message_lanes_max && !run.story.messages.empty()) {
        page.section("Messages",
                     "From shortly before the first fault: a line from sender to receiver. Rest "
                     "the pointer on one to read what it says.",
                     message_chart(run.story));
    }
    page.section("Traffic", "What each node sent and others received.", traffic_chart(run.story));
    page.section("Invariants", "How often each was looked at.", invariant_table(run.report));
    page.section("Plan", "Save it as a file to run, change or shrink it.",
                 "<pre>" + escaped(text_of(plan)) + "</pre>");
    page.add("</main></body></html>\n");
    return page.take();
}

}  // namespace starling::sim
