#include "sim/report_text.hpp"

#include "sim/plan_text.hpp"
#include "sim/quantity.hpp"

#include <catch2/catch.hpp>

namespace starling::sim::report_text_test {
namespace {

using namespace std::chrono_literals;

Options small_run() {
    Options options;
    options.nodes = 3;
    options.seed = 4;
    options.duration = 20s;
    return options;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST_CASE("the JSON report is one object on one line with counts, invariants and hash",
          "[sim][report_text]") {
    const std::string text = json_of(*run(small_run()), 0s);
    CHECK(text.front() == '{');
    CHECK(text.find('\n') == text.size() - 1);
    for (const char* field :
         {"apiVersion", "crashes", "restarts", "partitions", "puts", "cas", "tasks", "invariants",
          "trace_hash", "virtual_seconds", "cpu_seconds"}) {
        INFO(field);
        CHECK(contains(text, '"' + std::string(field) + "\":"));
    }
}

TEST_CASE("the text report names every invariant", "[sim][report_text]") {
    const std::string text = text_of(*run(small_run()), 0s);
    CHECK(contains(text, "no_false_death"));
    CHECK(contains(text, "trace hash "));
}

TEST_CASE("a broken invariant is shown with its first violation", "[sim][report_text]") {
    Report report;
    report.invariants["members_agree"] = {1, 1, Violation{1s, 0, "planted"}};
    const std::string text = text_of(report, 1s);
    CHECK(contains(text, "BROKEN"));
    CHECK(contains(text, "1 times, first at 1.000 s on node 1: planted"));
}

TEST_CASE("an invariant that was never looked at is not called ok", "[sim][report_text]") {
    Report report;
    report.invariants["members_agree"] = {};
    CHECK(contains(text_of(report, 1s), "0 checks  nothing to look at"));
    report.invariants["members_agree"].checks = 2;
    CHECK(contains(text_of(report, 1s), "2 checks  ok"));
}

TEST_CASE("the command to run again names the load and the faults that were asked for",
          "[sim][report_text]") {
    CHECK(command_line(small_run()) ==
          "starling sim run --nodes 3 --seed 4 --duration 20000ms --puts 2 --tasks 1 "
          "--cas 1 --leases 2 --decisions 0.2 --edits 1");
    Report report;
    report.plan.load = {10'000, 500, 5250, 1000, 0, 250, {}};
    report.options = Options{};
    report.options->load = report.plan.load;
    report.options->asked = {1U, 2U};
    const std::string line =
        "--puts 10 --tasks 5.25 --cas 0.5 --leases 1 --decisions 0 --edits 0.25 "
        "--crashes 1 --partitions 2";
    CHECK(contains(json_of(report, 1s), line));
    CHECK(contains(json_of(report, 1s),
                   R"("asked":{"puts_per_s":10,"tasks_per_s":5.25,"cas_per_s":0.5,)"
                   R"("leases_per_s":1,"decisions_per_s":0,"edits_per_s":0.25,)"
                   R"("crashes":1,"partitions":2})"));
}

TEST_CASE("the usual rates are those of a load that nobody chose", "[sim][report_text]") {
    for (const LoadRow& row : load_rows) CHECK(rate_from(row.usual) == Load{}.*row.rate);
}

TEST_CASE("a plan read from its own text runs as it did", "[sim][plan_text]") {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
        Options options = small_run();
        options.seed = seed;
        const Plan plan = *default_plan(options);
        INFO("seed " << seed);
        REQUIRE(run(*plan_from(text_of(plan))).trace_hash == run(plan).trace_hash);
    }
}

TEST_CASE("options out of range are refused before anything runs", "[sim][run]") {
    Options options = small_run();
    options.nodes = 1;
    const auto report = run(options);
    REQUIRE_FALSE(report);
    CHECK(report.error().code == ErrorCode::invalid);
}

}  // namespace
}  // namespace starling::sim::report_text_test
