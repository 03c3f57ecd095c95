#include "node/cli/commands.hpp"

#include "node/cli/json.hpp"
#include "node/cli/show.hpp"
#include "node/cli/terminal.hpp"
#include "node/cli/words.hpp"
#include "tests/cli/command_run.hpp"
#include "tests/cli/test_place.hpp"

#include <sstream>

namespace starling::cli::commands_test {
namespace {

// These talk to no node and end by themselves.
const std::vector<std::vector<std::string>> local_commands{
    {"help"},    {"help", "mesh", "init"}, {"version"},
    {"explain"}, {"explain", "E202"},      {"sim", "run", "--nodes", "5", "--duration", "20s"}};

TEST_CASE("every command explains itself", "[cli][commands]") {
    for (const Command& command : commands()) {
        const std::string text = help_text(command);
        INFO(command.name);
        CHECK(text.find("usage: starling " + std::string(command.name)) != std::string::npos);
        CHECK(text.find("--json") != std::string::npos);
        CHECK(text.find("examples") != std::string::npos);
        CHECK(help_text().find("  " + std::string(command.name) + " ") != std::string::npos);
    }
}

TEST_CASE("what a command prints with --json is one JSON object of this API", "[cli][commands]") {
    for (auto words : local_commands) {
        words.emplace_back("--json");
        INFO(words.front());
        const auto document = json_value(run(words).out);
        REQUIRE(document);
        CHECK(text_at(*document, "apiVersion") == "starling/v1");
    }
}

TEST_CASE("every item of a result is one line of jsonl", "[cli][commands]") {
    std::istringstream lines(run({"explain", "-o", "jsonl"}).out);
    std::string line;
    std::size_t count = 0;
    while (std::getline(lines, line)) {
        REQUIRE(json_value(line));
        ++count;
    }
    CHECK(count == catalogue().size());
}

TEST_CASE("-o name prints names only", "[cli][commands]") {
    CHECK(run({"version", "-o", "name"}).out == "starling\n");
}

TEST_CASE("an error with --json is one JSON object on the other stream", "[cli][commands]") {
    const Run failed = run({"explain", "E99", "--json"});
    CHECK(failed.out.empty());
    const auto document = json_value(failed.err);
    REQUIRE(document);
    CHECK(text_at(*document, "name") == "unknown_code");
    CHECK(text_at(*document, "changed") == "no");
    CHECK(failed.exit == Exit::usage);
}

TEST_CASE("an error for people names code, next step and where to read on", "[cli][commands]") {
    CHECK(run({"explain", "E99"}).err ==
          "error E106: no error is called E99\n  try: starling explain\n  see: starling explain "
          "E106\n");
}

TEST_CASE("a node that is not there is exit code 3 for every command that asks one",
          "[cli][commands]") {
    const TestPlace place;
    const std::string node = "unix:" + place / "none";
    const std::vector<std::vector<std::string>> asking{
        {"members"},
        {"status"},
        {"mesh", "show"},
        {"mesh", "admit", "T", "--root-key", "f"},
        {"get", "k"},
        {"set", "k", "1"},
        {"del", "k"},
        {"add", "k", "1"},
        {"insert", "k", "1"},
        {"remove", "k", "1"},
        {"ls"},
        {"watch"},
        {"register", "get", "r"},
        {"register", "cas", "r", "1"},
        {"register", "settle", "r", "op"},
        {"lease", "acquire", "l"},
        {"lease", "renew", "l", "1"},
        {"lease", "release", "l", "1"},
        {"lease", "show", "l"},
        {"decide", "propose", "d", "q", "--options", "a,b", "--status-quo", "a"},
        {"decide", "vote", "d", "a"},
        {"decide", "show", "d"},
        {"task", "offer", "s", "1"},
        {"task", "ls"},
        {"task", "show", "t"},
        {"task", "cancel", "t"},
        {"dlq", "ls"},
        {"dlq", "show", "t"}};
    for (auto words : asking) {
        words.insert(words.end(), {"--node", node});
        INFO(words.front());
        const Run failed = run(words);
        CHECK(failed.exit == Exit::unreachable);
        CHECK(failed.err.find(place / "none") != std::string::npos);
        CHECK(failed.err.find("try: starling dev") != std::string::npos);
    }
}

TEST_CASE("a version for an ordinary key is a usage error that points to registers",
          "[cli][commands]") {
    const Run failed = run({"set", "stock/sku-42", "6", "--if-version", "17"});
    CHECK(failed.exit == Exit::usage);
    CHECK(failed.err.find("starling register cas stock/sku-42 VALUE --if-version 17") !=
          std::string::npos);
}

TEST_CASE("words that cannot be right are usage errors before any node is asked",
          "[cli][commands]") {
    const std::vector<std::vector<std::string>> wrong{
        {"set", "k", "1", "--type", "heap"},
        {"add", "k", "much"},
        {"register", "cas", "r"},
        {"register", "cas", "r", "1", "--remove"},
        {"decide", "propose", "d", "q"},
    };
    for (auto words : wrong) {
        words.insert(words.end(), {"--node", "unix:/none"});
        INFO(words.front() + " " + words[1]);
        CHECK(run(words).exit == Exit::usage);
    }
}

TEST_CASE("a node named by host and port is a usage error with the next step", "[cli][commands]") {
    const Run failed = run({"members", "--node", "10.0.0.7:7848"});
    CHECK(failed.exit == Exit::usage);
    CHECK(failed.err.find("unix:PATH") != std::string::npos);
}

TEST_CASE("a table is as wide as its widest cells", "[cli][terminal]") {
    CHECK(table_text({{"A", "B"}, {"ë·", "x"}, {"1234", "y"}}) == "A     B\në·    x\n1234  y\n");
}

Metrics some_metrics() {
    Metrics metrics;
    metrics.counters = {{"gossip.member_dead", 2}, {"frames_sent", 7}};
    metrics.gauges = {{"members_alive", 5}};
    metrics.histograms = {
        {"award", {std::chrono::milliseconds(5)}, {1, 2}, std::chrono::milliseconds(1500)}};
    return metrics;
}

TEST_CASE("a simulated run refuses a load or faults that it cannot have", "[cli][sim]") {
    for (const char* option : {"--puts", "--tasks", "--cas", "--leases", "--decisions", "--edits",
                               "--crashes", "--partitions"}) {
        for (const char* value : {"-1", "many", "1000001"}) {
            INFO(option << ' ' << value);
            const Run refused = run({"sim", "run", std::string(option) + '=' + value});
            CHECK(refused.exit == Exit::usage);
            CHECK(refused.err.find(std::string(option).substr(2)) != std::string::npos);
        }
    }
}

TEST_CASE("metrics are Prometheus text", "[cli][show]") {
    CHECK(metrics_text(some_metrics()) ==
          "# TYPE starling_events_total counter\n"
          "starling_events_total{event=\"gossip.member_dead\"} 2\n"
          "# TYPE starling_frames_sent_total counter\n"
          "starling_frames_sent_total 7\n"
          "# TYPE starling_members_alive gauge\n"
          "starling_members_alive 5\n"
          "# TYPE starling_award_seconds histogram\n"
          "starling_award_seconds_bucket{le=\"0.005000000\"} 1\n"
          "starling_award_seconds_bucket{le=\"+Inf\"} 3\n"
          "starling_award_seconds_sum 1.500000000\n"
          "starling_award_seconds_count 3\n");
}

TEST_CASE("members are a table that ends with the mesh in a sentence", "[cli][show]") {
    Member ann;
    ann.id = std::string(64, 'a');
    ann.name = "ann";
    ann.addresses = {"10.0.0.5:7847"};
    ann.self = true;
    Member bob = ann;
    bob.name = "bob\x1b";
    bob.self = false;
    bob.state = MemberState::suspect;
    bob.last_heard = std::chrono::milliseconds(4100);
    const Value::List members{document_of(ann), document_of(bob)};
    Status status;
    status.mesh = std::string(64, 'b');
    status.mesh_name = "shop";
    status.suspect = 1;
    CHECK(members_text(members, Value(document_of(status))) ==
          "NODE     STATE    ADDR           ID        INC  VOTES  SEEN\n"
          "ann      alive    10.0.0.5:7847  aaaaaaaa  0    -      this node\n"
          "bob\\x1b  suspect  10.0.0.5:7847  aaaaaaaa  0    -      4.1s\n"
          "2 nodes · mesh shop (bbbbbbbb) · 1 suspect\n");
}

}  // namespace
}  // namespace starling::cli::commands_test
