#include "node/cli/json.hpp"
#include "node/cli/places.hpp"
#include "node/cli/plan_judge.hpp"
#include "node/cli/sim_bench.hpp"
#include "node/cli/sim_trace.hpp"
#include "sim/plan_text.hpp"
#include "tests/cli/command_run.hpp"
#include "tests/cli/test_place.hpp"

#include <algorithm>
#include <csignal>

namespace starling::cli::sim_commands_test {
namespace {

using namespace std::chrono_literals;

// Cut off to the very end: the members cannot agree.
constexpr std::string_view broken_plan = R"([run]      seed=3 nodes=5 duration=20s healed_at=20s
[load]     puts=2/s cas=1/s tasks=1/s
[at 3s]    pause node 4 for 500ms
[at 4s]    partition {1} | {2,3,4,5} for 16s
[at 6s]    break node 3
[at 7s]    stall node 2 for 1s
)";

Value json_of(std::vector<std::string> words, Exit expected) {
    words.emplace_back("--json");
    const Run result = run(words);
    INFO(result.err);
    CHECK(result.exit == expected);
    const auto document = json_value(result.out);
    REQUIRE(document);
    return *document;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::string broken_plan_in(const TestPlace& place) {
    const std::string path = place / "broken.plan";
    REQUIRE(write_text(path, broken_plan));
    return path;
}

TEST_CASE("a sweep says in one object how many seeds failed and what they did",
          "[cli][sim_commands]") {
    const Value swept =
        json_of({"sim", "sweep", "--seeds", "1..3", "--nodes", "3", "--double", "100%"}, Exit::ok);
    CHECK(number_at(swept, "seeds") == 3);
    CHECK(number_at(swept, "failed") == 0);
    CHECK(number_at(swept, "doubled") == 3);
    CHECK(number_at(swept, "checks") > 100);
    CHECK(list_at(swept, "failures").empty());
    CHECK(at(swept, "virtual_seconds") == Value(60.0));
    CHECK(text_at(swept, "hash").size() == 32);
    CHECK(at(swept, "probes_never_hit").as<Value::List>() != nullptr);
}

TEST_CASE("seeds that make no sense are refused", "[cli][sim_commands]") {
    for (const char* seeds : {"", "9..1", "a..b", "1..", "..4", "-1..3", "1..18446744073709551616",
                              "0..18446744073709551615", "1...3"}) {
        INFO(seeds);
        const Run result = run({"sim", "sweep", "--seeds", seeds});
        CHECK(result.exit == Exit::usage);
        CHECK(contains(result.err, "--seeds"));
    }
}

TEST_CASE("a share of seeds to run twice is a percentage", "[cli][sim_commands]") {
    for (const char* share : {"5", "101%", "-1%", "x%"}) {
        INFO(share);
        const Run result = run({"sim", "sweep", "--seeds", "1", "--double", share});
        CHECK(result.exit == Exit::usage);
        CHECK(contains(result.err, "--double"));
    }
}

TEST_CASE("a directory for plans that cannot be made ends a sweep before it begins",
          "[cli][sim_commands]") {
    const TestPlace place;
    REQUIRE(write_text(place / "file", "x"));
    const Run result = run({"sim", "sweep", "--seeds", "1", "--plans-out", place / "file/plans"});
    CHECK(result.exit == Exit::failed);
    CHECK(contains(result.err, "file/plans"));
}

TEST_CASE("shrinking leaves the fault that the failure needs, in a plan that fails the same",
          "[cli][sim_commands]") {
    const TestPlace place;
    const std::string path = broken_plan_in(place);
    const Value shrunk = json_of({"sim", "shrink", path, "--budget", "20s"}, Exit::ok);
    const std::string small = place / "broken.small.plan";
    CHECK(text_at(shrunk, "plan") == small);
    const auto plan = read_plan(small);
    REQUIRE(plan);
    REQUIRE(plan->faults.size() == 1);
    CHECK(plan->faults.front().kind == sim::FaultKind::cut);
    CHECK(plan->nodes < 5);
    const auto verdict = run_guarded(*plan);
    REQUIRE(verdict);
    REQUIRE_FALSE(verdict->broken.empty());
    CHECK(verdict->broken.front() == text_at(shrunk, "invariant"));
}

TEST_CASE("a plan that breaks nothing cannot be shrunk", "[cli][sim_commands]") {
    const TestPlace place;
    REQUIRE(write_text(place / "fine.plan", "[run] seed=1 nodes=3 duration=20s healed_at=10s\n"));
    const Run result = run({"sim", "shrink", place / "fine.plan"});
    CHECK(result.exit == Exit::usage);
    CHECK(contains(result.err, "breaks no invariant"));
}

TEST_CASE("a device is written to and stays what it is", "[cli][places]") {
    REQUIRE(is_special("/dev/null"));
    CHECK(write_text("/dev/null", "x"));
    CHECK(is_special("/dev/null"));
    const auto full = write_text("/dev/full", "x");
    REQUIRE_FALSE(full);
    CHECK(contains(full.error().message, "/dev/full"));
    CHECK(is_special("/dev/full"));
}

TEST_CASE("every command that takes a plan says which line of which file is wrong",
          "[cli][sim_commands]") {
    const TestPlace place;
    const std::string wrong = place / "wrong.plan";
    const std::string lone = place / "lone.plan";
    REQUIRE(write_text(wrong, "[run] seed=1\n[at 3s] brake node 1\n"));
    REQUIRE(write_text(lone, "# latency=file:none\n[run] nodes=3\n[network] latency=file:none\n"));
    for (const char* command : {"run", "check", "shrink", "report", "replay", "diff"}) {
        INFO(command);
        const auto tried = [&](const std::string& path) {
            std::vector<std::string> words{"sim", command, path};
            if (command == std::string("diff")) words.push_back(path);
            return run(words);
        };
        const Run first = tried(wrong);
        CHECK(first.exit == Exit::usage);
        CHECK(contains(first.err, "wrong.plan:2:9: found \"brake\""));
        const Run second = tried(lone);
        CHECK(second.exit == Exit::usage);
        CHECK(contains(second.err, "lone.plan:3: none: No such file"));
        CHECK(first.out + second.out == "");
    }
}

TEST_CASE("a report that cannot be written leaves nothing behind", "[cli][sim_commands]") {
    const TestPlace place;
    const std::string path = broken_plan_in(place);
    for (const std::string& out : {place / "nowhere/page.html", std::string("/dev/full")}) {
        INFO(out);
        const Run result = run({"sim", "report", path, "--out", out});
        CHECK(result.exit == Exit::failed);
        CHECK(contains(result.err, out));
        CHECK(result.out.empty());
    }
    CHECK_FALSE(read_text("/dev/full.new"));
}

TEST_CASE("a seed of the swarm can be run alone, and its plan printed", "[cli][sim_commands]") {
    const Value printed =
        json_of({"sim", "run", "--swarm", "--seed", "7", "--print-plan"}, Exit::ok);
    const auto plan = sim::plan_from(text_at(printed, "plan"));
    REQUIRE(plan);
    CHECK(plan->seed == 7);
    CHECK(plan->nodes == 7);
    const Run refused = run({"sim", "run", "--swarm", "--puts", "3"});
    CHECK(refused.exit == Exit::usage);
    CHECK(contains(refused.err, "--puts"));
}

TEST_CASE("a place where the small plan cannot be written is told before the search",
          "[cli][sim_commands]") {
    const TestPlace place;
    const std::string path = broken_plan_in(place);
    const Run result = run({"sim", "shrink", path, "--out", place / "nowhere/small.plan"});
    CHECK(result.exit == Exit::failed);
    CHECK(contains(result.err, "nowhere/small.plan"));
}

TEST_CASE("how many candidates run at once changes no verdict", "[cli][plan_judge]") {
    const auto signals = Signals::block({SIGUSR2});
    REQUIRE(signals);
    const auto broken = sim::plan_from(broken_plan);
    REQUIRE(broken);
    const std::string wanted = run_guarded(*broken)->broken.front();
    sim::Plan fine = *broken;
    fine.faults.clear();
    // Those behind it are done long before it breaks.
    sim::Plan slow = *broken;
    slow.load.puts = 300'000;
    const std::vector<sim::Candidate> candidates{
        {fine, 20s}, {slow, 20s}, {fine, 20s}, {slow, 20s}};
    for (const std::size_t jobs : {1U, 4U}) {
        // Times that a sanitizer on a busy machine does not use up.
        PlanJudge judge({wanted, jobs, 1000s, 300s}, *signals, [](const sim::Plan&) {});
        const auto verdicts = judge.judge(candidates);
        INFO(jobs);
        REQUIRE(verdicts.size() == 2);
        CHECK_FALSE(verdicts[0]);
        CHECK(verdicts[1]);
    }
}

TEST_CASE("a budget that is used up ends the verdicts", "[cli][plan_judge]") {
    const auto signals = Signals::block({SIGUSR2});
    REQUIRE(signals);
    const auto plan = sim::plan_from(broken_plan);
    REQUIRE(plan);
    PlanJudge judge({"nothing of this name", 1, 1ns, 10s}, *signals, [](const sim::Plan&) {});
    const std::vector<sim::Candidate> candidates(5, {*plan, plan->duration});
    CHECK(judge.judge(candidates).size() == 1);
    CHECK(judge.judge(candidates).empty());
}

TEST_CASE("a replay writes every line to a file and tells what the run said",
          "[cli][sim_commands]") {
    const TestPlace place;
    const std::string path = broken_plan_in(place);
    const Value replayed =
        json_of({"sim", "replay", path, "--trace", place / "lines"}, Exit::invariant_broken);
    const auto lines = read_text(place / "lines");
    REQUIRE(lines);
    CHECK(std::ranges::count(*lines, '\n') == number_at(replayed, "lines"));
    CHECK(contains(*lines, "4.000000000 -- fault 2 partition begins\n"));
    CHECK(text_at(replayed, "trace_hash") == run_guarded(*read_plan(path))->trace_hash);
}

TEST_CASE("a plan does not part from itself", "[cli][sim_commands]") {
    const TestPlace place;
    const std::string path = broken_plan_in(place);
    const Value compared = json_of({"sim", "diff", path, path}, Exit::ok);
    CHECK(at(compared, "equal") == Value(true));
    CHECK(number_at(compared, "equal_lines") > 100);
}

TEST_CASE("two plans part where the first fault differs", "[cli][sim_commands]") {
    const TestPlace place;
    const std::string path = broken_plan_in(place);
    auto other = *sim::plan_from(broken_plan);
    other.faults[0].host = 2;
    REQUIRE(write_text(place / "other.plan", sim::text_of(other)));
    const Value compared =
        json_of({"sim", "diff", path, place / "other.plan", "--context", "2"}, Exit::failed);
    CHECK(at(compared, "equal") == Value(false));
    CHECK(list_at(compared, "before").size() == 2);
    CHECK(list_at(compared, "a").size() == 3);
    CHECK(list_at(compared, "b").size() == 3);
    CHECK(list_at(compared, "a").front() != list_at(compared, "b").front());
}

TEST_CASE("another seed parts at once", "[cli][sim_commands]") {
    const TestPlace place;
    const Value compared =
        json_of({"sim", "diff", broken_plan_in(place), "--seed", "4"}, Exit::failed);
    CHECK(number_at(compared, "equal_lines") == 0);
}

TEST_CASE("a spread is the middle of some values and their ends", "[cli][sim_bench]") {
    const Spread odd = spread_of({3, 1, 2});
    CHECK(odd.median == 2);
    CHECK(odd.min == 1);
    CHECK(odd.max == 3);
    CHECK(spread_of({4, 1, 3, 2}).median == 2.5);
    CHECK(spread_of({}).max == 0);
}

TEST_CASE("a speed is measured over five portions at least", "[cli][sim_commands]") {
    for (const char* seeds : {"0", "4", "-1", "x", "1000001"}) {
        INFO(seeds);
        const Run result = run({"sim", "bench", "--seeds", seeds});
        CHECK(result.exit == Exit::usage);
        CHECK(contains(result.err, "--seeds"));
    }
}

TEST_CASE("a mesh of many nodes meets and lives while some come and go", "[cli][sim_commands]") {
    const TestPlace place;
    const std::string kept = place / "scale.plan";
    const Value told = json_of(
        {"sim", "scale", "--nodes", "10", "--duration", "1m", "--churn", "10%", "--plan-out", kept},
        Exit::ok);
    CHECK(number_at(told, "crashes") == 1);
    CHECK(number_at(told, "all_met_us") > 0);
    CHECK(number_at(told, "memory_bytes") > 0);
    const Value again = json_of({"sim", "run", kept}, Exit::ok);
    CHECK(text_at(again, "trace_hash") == text_at(told, "trace_hash"));
}

TEST_CASE("a scale that is out of range is refused, with the range", "[cli][sim_commands]") {
    const std::vector<std::pair<const char*, const char*>> wrong = {
        {"--nodes", "1"}, {"--nodes", "10001"}, {"--churn", "11%"},
        {"--churn", "x"}, {"--duration", "1s"}, {"--duration", "25h"},
    };
    for (const auto& [option, value] : wrong) {
        INFO(option << ' ' << value);
        const Run result = run({"sim", "scale", option, value});
        CHECK(result.exit == Exit::usage);
        CHECK(!result.err.empty());
    }
}

TEST_CASE("a transcript that nobody reads ends with its reader", "[cli][sim_trace]") {
    auto trace = SimTrace::start(*sim::plan_from(broken_plan));
    REQUIRE(trace);
    REQUIRE(trace->next());
}

}  // namespace
}  // namespace starling::cli::sim_commands_test
