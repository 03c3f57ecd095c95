#include "sim/report_page.hpp"

#include "sim/charts.hpp"
#include "sim/svg.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace starling::sim::report_page_test {
namespace {

using namespace std::chrono_literals;

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

Plan small_plan() {
    Options options;
    options.nodes = 3;
    options.seed = 5;
    options.duration = 20s;
    return *default_plan(options);
}

TEST_CASE("a run whose story is told is the run that is not told", "[sim][report]") {
    const Plan plan = small_plan();
    CHECK(run_and_tell(plan).report.trace_hash == run(plan).trace_hash);
}

TEST_CASE("a story knows every fault that struck, and its end", "[sim][report]") {
    const ToldRun told = run_and_tell(small_plan());
    REQUIRE_FALSE(told.story.strikes.empty());
    for (const Strike& strike : told.story.strikes) {
        CHECK(strike.from >= strike.fault.at);
        CHECK(strike.to <= told.story.ends);
    }
    CHECK(told.story.staleness.size() > 10);
    CHECK(told.story.wrong.size() == 3);
    CHECK(told.story.wrong[0].size() == 20);
}

TEST_CASE("a page has the verdict, the plan and the command, and loads nothing", "[sim][report]") {
    const std::string page = page_of(run_and_tell(small_plan()), "starling sim run a<b.plan");
    CHECK(contains(page, "every invariant held"));
    CHECK(contains(page, "starling sim run a&lt;b.plan"));
    CHECK(contains(page, "[run]"));
    for (const char* outside : {"http:", "https:", "src=", "url(", "@import"}) {
        CHECK_FALSE(contains(page, outside));
    }
}

TEST_CASE("what broke stands on the page", "[sim][report]") {
    ToldRun told = run_and_tell(small_plan());
    told.report.invariants["members_agree"] = {1, 1, Violation{1s, 0, "planted <here>"}};
    const std::string page = page_of(told, "again");
    CHECK(contains(page, "an invariant broke"));
    CHECK(contains(page, "planted &lt;here&gt;"));
}

TEST_CASE("what had nothing to look at is named apart from what held", "[sim][report]") {
    ToldRun told = run_and_tell(small_plan());
    told.report.invariants = {{"members_agree", {3, 0, {}}}, {"replicas_agree", {}}};
    const std::string page = page_of(told, "again");
    CHECK(contains(page, "3 checks of 1 invariants, 0 violated; 1 had nothing to look at."));
    CHECK(contains(page, "<td>members_agree</td>"));
    CHECK(contains(page, "Nothing to look at in this run: replicas_agree."));
}

TEST_CASE("a time is told in three digits", "[sim][report]") {
    CHECK(brief(0s) == "0");
    CHECK(brief(1500us) == "1.5 ms");
    CHECK(brief(40s) == "40 s");
    CHECK(brief(250us) == "250 us");
}

TEST_CASE("a percentile is the smallest sample that so many are not above", "[sim][report]") {
    const std::vector<Duration> samples = {1ms, 2ms, 3ms, 4ms};
    CHECK(percentile(samples, 50) == 2ms);
    CHECK(percentile(samples, 51) == 3ms);
    CHECK(percentile(samples, 100) == 4ms);
    CHECK_FALSE(percentile({}, 50));
}

TEST_CASE("text in a picture is no markup", "[sim][report]") {
    CHECK(escaped("<a href=\"x\">&") == "&lt;a href=&quot;x&quot;&gt;&amp;");
}

}  // namespace
}  // namespace starling::sim::report_page_test
