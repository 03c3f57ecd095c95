#include "node/cli/commands.hpp"
#include "node/cli/places.hpp"
#include "node/cli/sim_verdict.hpp"
#include "node/cli/terminal.hpp"
#include "node/cli/words.hpp"
#include "sim/report_page.hpp"
#include "sim/report_text.hpp"

#include <fmt/format.h>

#include <utility>

namespace starling::cli {
namespace {

struct Page {
    Verdict verdict;
    std::string html;  // none when the simulated program crashed
};

// The report as one line of JSON, the page behind it.
Result<Page> make_page(const sim::Plan& plan, const std::string& again) {
    auto child = SimChild::start([&](Outlet& outlet) {
        const sim::ToldRun run = sim::run_and_tell(plan);
        outlet.write(sim::json_of(run.report, Duration{0}));
        outlet.write(sim::page_of(run, again));
    });
    if (!child) return tl::unexpected(child.error());
    SimCrew::Done done;
    while (child->read(done.bytes)) {
    }
    done.ended = child->end();
    done.guarded = child->was_guarded();
    Page page{verdict_of(plan, done), {}};
    if (done.ended.ending == Ending::finished) {
        page.html = done.bytes.substr(done.bytes.find('\n') + 1);
    }
    return page;
}

Result<Exit> sim_report(const Invocation& call, Terminal& terminal) {
    const std::string& path = call.words.front();
    const std::string out = call.text("out");
    const auto plan = read_plan(path);
    if (!plan) return tl::unexpected(plan.error());
    // Told before the run, not after: an empty page is a page.
    if (auto fine = check_writable(out); !fine) return tl::unexpected(fine.error());
    const auto page = make_page(*plan, "starling sim run " + path);
    if (!page) return tl::unexpected(page.error());
    const Verdict& verdict = page->verdict;
    if (page->html.empty()) {
        return failure(ErrorCode::failed, "no_page",
                       "the simulated program ended before its report: " + verdict.broken.front(),
                       "starling sim run " + printable(path));
    }
    if (auto written = write_text(out, page->html); !written) {
        return tl::unexpected(written.error());
    }
    Value::Map document = verdict.document;
    document["page"] = out;
    terminal.result(std::move(document), [&] {
        return fmt::format("{}\nwritten to {}; open it in a browser\n",
                           verdict.broken.empty()
                               ? std::string("every invariant held")
                               : verdict.broken.front() + ": " + printable(verdict.what),
                           printable(out));
    });
    return verdict.broken.empty() ? Exit::ok : Exit::invariant_broken;
}

}  // namespace

Command sim_report_command() {
    Command command{"sim report", "simulate", "run a plan and draw what happened", "PLAN", 1, 1};
    command.options = {{"out", "FILE", "where the page goes", "report.html"}};
    command.examples = {"starling sim report failed/seed-17.plan --out seed-17.html"};
    command.notes =
        "One HTML file that opens offline: faults, convergence, staleness, decisions, tasks, "
        "invariants, the plan and the command that runs it again. Exit code 9: an invariant broke; "
        "the page is written all the same.";
    command.run = sim_report;
    return command;
}

}  // namespace starling::cli
