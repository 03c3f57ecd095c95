#include "node/cli/json.hpp"
#include "node/cli/places.hpp"
#include "sim/plan_fields.hpp"
#include "sim/plan_text.hpp"
#include "tests/cli/command_run.hpp"
#include "tests/cli/test_place.hpp"

#include <filesystem>
#include <fstream>

namespace starling::cli::simulate_test {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> small_run{"sim",  "run",    "--nodes", "3",          "-o",
                                         "json", "--seed", "4",       "--duration", "10s"};

// A host is down until the last moment: nobody can know the truth by then.
constexpr const char* hopeless_plan =
    "[run] seed=4 nodes=3 duration=10s healed_at=10s\n"
    "[at 5s] crash node 1 for 5s\n";

std::vector<std::string> with(std::vector<std::string> words, std::vector<std::string> more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

std::string file_with(const std::string& path, std::string_view text) {
    std::ofstream(path) << text;
    return path;
}

Value document_of(const std::string& text) {
    const auto document = json_value(text);
    REQUIRE(document);
    return *document;
}

TEST_CASE("a run of options and of the plan that they make have the same trace hash",
          "[cli][simulate]") {
    const TestPlace place;
    const std::string file = place / "kept.plan";
    const Value of_options = document_of(run(with(small_run, {"--plan-out", file})).out);
    CHECK(text_at(of_options, "command") == "starling sim run " + file);
    const Value of_file = document_of(run({"sim", "run", file, "--json"}).out);
    CHECK(text_at(of_file, "trace_hash") == text_at(of_options, "trace_hash"));
    CHECK(text_at(of_file, "trace_hash").size() > 16);
    CHECK(text_at(of_file, "command") == "starling sim run " + file);
    CHECK(text_at(document_of(run(small_run).out), "command") ==
          "starling sim run --nodes 3 --seed 4 --duration 10000ms --puts 2 --tasks 1 "
          "--cas 1 --leases 2 --decisions 0.2 --edits 1");
}

TEST_CASE("a plan that is printed is a plan that can be run", "[cli][simulate]") {
    const TestPlace place;
    const Run printed = run({"sim", "run", "--nodes", "1024", "--duration", "24h", "--cas", "0",
                             "--crashes", "0", "--partitions", "0", "--print-plan"});
    CHECK(printed.exit == Exit::ok);
    const std::string file = file_with(place / "printed.plan", printed.out);
    CHECK(run({"sim", "run", file, "--print-plan"}).out == printed.out);
    CHECK(text_at(document_of(run({"sim", "run", file, "--print-plan", "--json"}).out), "plan") ==
          printed.out);
}

TEST_CASE("a plan that would be too long for a file is refused before it is written",
          "[cli][simulate]") {
    const TestPlace place;
    const Run refused = run(
        {"sim", "run", "--nodes", "1024", "--duration", "24h", "--plan-out", place / "long.plan"});
    CHECK(refused.exit == Exit::usage);
    CHECK_THAT(refused.err, Catch::Contains("this plan has") && Catch::Contains("at most 1048576"));
    CHECK(fs::is_empty(place.path()));
}

TEST_CASE("a broken run of a file is told with the command that runs it again", "[cli][simulate]") {
    const TestPlace place;
    const std::string file = file_with(place / "it's hopeless.plan", hopeless_plan);
    const Run broken = run({"sim", "run", file});
    CHECK(broken.exit == Exit::invariant_broken);
    CHECK_THAT(broken.out, Catch::Contains("BROKEN"));
    CHECK_THAT(broken.out, Catch::EndsWith("again with: starling sim run '" +
                                           (place / "it'\\''s hopeless.plan") + "'\n"));
    const Value document = document_of(run({"sim", "run", file, "--json"}).out);
    CHECK_THAT(text_at(document, "plan"), Catch::Contains("crash node 1 for 5s"));
    CHECK(text_at(document, "plan_file") == file);
}

TEST_CASE("a broken run of options is told with its plan, or where it stands", "[cli][simulate]") {
    const TestPlace place;
    // A put in a thousand seconds: this run has none, and says that it proves too little.
    const std::vector<std::string> words{"sim", "run",        "--nodes", "3",      "--seed",
                                         "8",   "--duration", "10s",     "--puts", "0.001"};
    const std::string again =
        "seed 8; again with: starling sim run --nodes 3 --seed 8 --duration 10000ms --puts 0.001 "
        "--tasks 1 --cas 1 --leases 2 --decisions 0.2 --edits 1\n";
    const Run untold = run(words);
    CHECK(untold.exit == Exit::invariant_broken);
    CHECK_THAT(untold.out, Catch::Contains("[run]") && Catch::EndsWith(again));

    const std::string file = place / "kept.plan";
    const Run kept = run(with(words, {"--plan-out", file}));
    CHECK_THAT(kept.out,
               !Catch::Contains("[run]") &&
                   Catch::EndsWith(again + "again with: starling sim run " + file + '\n'));
    CHECK(untold.out.find(*read_text(file)) != std::string::npos);
}

TEST_CASE("an option that shapes a plan does not go with a file", "[cli][simulate]") {
    const TestPlace place;
    const std::string file = file_with(place / "some.plan", "[run] duration=10s\n");
    for (const char* option :
         {"--nodes", "--seed", "--duration", "--puts", "--tasks", "--cas", "--leases",
          "--decisions", "--edits", "--crashes", "--partitions", "--plan-out"}) {
        const Run refused = run({"sim", "run", file, option, "10"});
        INFO(option);
        CHECK(refused.exit == Exit::usage);
        CHECK_THAT(refused.err, Catch::Contains(std::string(option) + " goes without a PLAN"));
    }
}

TEST_CASE("a path that cannot be written is an error before the run, and nothing is left",
          "[cli][simulate]") {
    const TestPlace place;
    for (const std::string& path :
         {place / "none/kept.plan", place.path(), std::string("/proc/kept.plan")}) {
        const Run refused = run(with(small_run, {"--plan-out", path}));
        INFO(path);
        CHECK(refused.exit == Exit::failed);
        CHECK(refused.out.empty());
        CHECK_THAT(refused.err, Catch::Contains("file_unwritable") && Catch::Contains(path));
    }
    CHECK(fs::is_empty(place.path()));
    CHECK_FALSE(fs::exists(place.path() + ".new"));
}

TEST_CASE("a plan that is fine is told with its size", "[cli][simulate]") {
    const TestPlace place;
    const std::string file = file_with(place / "fine.plan",
                                       "[run] nodes=7 duration=60.5s healed_at=40s\n"
                                       "[at 1s] break node 7\n");
    CHECK(run({"sim", "check", file}).out == "fine: 7 nodes, 60.5 s, 1 fault\n");
    const Value document = document_of(run({"sim", "check", file, "--json"}).out);
    CHECK(number_at(document, "nodes") == 7);
    CHECK(number_at(document, "duration_ms") == 60'500);
    CHECK(number_at(document, "healed_at_ms") == 40'000);
    CHECK(number_at(document, "faults") == 1);
}

TEST_CASE("a plan with a mistake is named by file, line and column", "[cli][simulate]") {
    const TestPlace place;
    const std::string file =
        file_with(place / "wrong\x1b.plan", "[run] nodes=3\n\n[at 1s] crush node 1 for 2s\n");
    for (const char* command : {"check", "run"}) {
        const Run refused = run({"sim", command, file});
        CHECK(refused.exit == Exit::usage);
        CHECK(refused.out.empty());
        CHECK_THAT(refused.err,
                   Catch::StartsWith("error E906: " + (place / "wrong\\x1b.plan:3:9: ") +
                                     "found \"crush\", expected a fault: crash, pause"));
    }
}

TEST_CASE("a plan that cannot be read is an error with the file and the cause", "[cli][simulate]") {
    const TestPlace place;
    file_with(place / "long.plan", std::string(1024 * 1024 + 1, '\n'));
    file_with(place / "huge.plan", std::string(17 * 1024 * 1024, '\n'));
    const std::pair<std::string, std::string> files[] = {
        {place / "none.plan", "No such file or directory"},
        {place.path(), "Is a directory"},
        {place / "long.plan", "has 1048577 bytes, a plan at most 1048576"},
        {place / "huge.plan", "File too large"},
    };
    for (const auto& [file, cause] : files) {
        for (const char* command : {"check", "run"}) {
            const Run refused = run({"sim", command, file});
            INFO(file);
            CHECK(refused.exit == Exit::usage);
            CHECK_THAT(refused.err, Catch::Contains(file) && Catch::Contains(cause));
        }
    }
}

// A plan whose hosts stand in a matrix, beside it.
std::string plan_of_places(const TestPlace& place, std::string_view cells,
                           const std::string& more = "") {
    const std::string matrix = file_with(place / "far.tsv", cells);
    return file_with(place / "far.plan", "[run] nodes=2 duration=10s\n[network] latency=file:" +
                                             matrix + ' ' + more + '\n');
}

TEST_CASE("a plan with a matrix of latencies runs, and says which matrix it was",
          "[cli][simulate]") {
    const TestPlace place;
    const std::string file = plan_of_places(place, "0\t30\n40\t0\n");
    const Run shown = run({"sim", "run", file, "--print-plan"});
    CHECK_THAT(shown.out, Catch::Contains("far.tsv latency_unit=1ms latency_hash="));
    const Run ran = run({"sim", "run", file, "--json"});
    REQUIRE(ran.exit == Exit::ok);
    const std::string hash = text_at(document_of(ran.out), "latency_hash");
    CHECK_THAT(shown.out, Catch::Contains("latency_hash=" + hash));
}

TEST_CASE("a printed plan does not run with another matrix", "[cli][simulate]") {
    const TestPlace place;
    const std::string file = plan_of_places(place, "0\t30\n40\t0\n");
    file_with(place / "printed.plan", run({"sim", "run", file, "--print-plan"}).out);
    CHECK(run({"sim", "check", place / "printed.plan"}).exit == Exit::ok);
    file_with(place / "far.tsv", "0\t31\n40\t0\n");
    const Run refused = run({"sim", "run", place / "printed.plan"});
    CHECK(refused.exit == Exit::usage);
    CHECK_THAT(refused.err, Catch::StartsWith("error E909: " + (place / "far.tsv: has the hash")));
}

TEST_CASE("a matrix that does not do is an error with file, line and cause, and nothing runs",
          "[cli][simulate]") {
    const TestPlace place;
    const std::pair<std::string, std::string> files[] = {
        {"0\t30\n40\n", "far.tsv:2:3: 1 cells, line 1 has 2"},
        {"0\tfar\n40\t0\n", "far.tsv:1:3: found \"far\""},
        {"0\n", "far.tsv: has 1 rows, the plan has 2 nodes"},
        {"0\t\n\t0\n", "far.tsv: line 1, cell 2: not measured"},
    };
    for (const auto& [cells, cause] : files) {
        for (const char* command : {"check", "run"}) {
            const Run refused = run({"sim", command, plan_of_places(place, cells)});
            CHECK(refused.exit == Exit::usage);
            CHECK(refused.out.empty());
            CHECK_THAT(refused.err, Catch::Contains(cause));
        }
    }
    const std::string file = plan_of_places(place, "0\t30\n40\t0\n");
    fs::remove(place / "far.tsv");
    const Run missing = run({"sim", "run", file});
    CHECK(missing.exit == Exit::usage);
    CHECK_THAT(missing.err,
               Catch::Contains("far.tsv") && Catch::Contains("No such file or directory"));
}

TEST_CASE("the page about plans shows one that runs and names all that a plan can say",
          "[cli][simulate]") {
    const auto root = environment_value("STARLING_SOURCE_DIR");
    REQUIRE(root);
    const auto page = read_text(*root + "/docs/SIMULATION.md");
    REQUIRE(page);
    const std::size_t begin = page->find("```\n") + 4;
    const auto plan = sim::plan_from(page->substr(begin, page->find("```", begin) - begin));
    REQUIRE(plan);
    CHECK(plan->faults.size() == 3);
    const sim::Plan defaults = *sim::plan_from("");
    for (const sim::PlanField& field : sim::plan_fields()) {
        const std::string name = "| `" + std::string(field.name) + "` | ";
        INFO(name);
        CHECK_THAT(*page, Catch::Contains(name));
        if (field.name == "healed_at") continue;
        CHECK_THAT(*page,
                   Catch::Contains(name + sim::text_of(field.quantity, field.read(defaults))));
    }
    for (const sim::FaultRow& row : sim::fault_rows) {
        INFO(row.word);
        CHECK_THAT(*page, Catch::Contains("| `" + std::string(row.word) + "` | "));
    }
}

}  // namespace
}  // namespace starling::cli::simulate_test
