#include "node/cli/bench_history.hpp"

#include "node/cli/json.hpp"
#include "tests/cli/test_place.hpp"

#include <fstream>

namespace starling::cli::bench_history_test {
namespace {

using sim::Call;
using sim::CallKind;
using sim::CallOutcome;
using sim::Seen;

Call call(CallKind kind, std::int64_t begin, std::int64_t end, const Seen& seen) {
    Call made;
    made.client = "c1";
    made.key = "k";
    made.kind = kind;
    made.call_ns = begin;
    made.return_ns = end;
    made.outcome = CallOutcome::applied;
    made.seen = seen;
    if (kind != CallKind::read) made.value = seen.value;
    if (kind == CallKind::cas) made.expected = seen.version - 1;
    return made;
}

// Reads, writes, swaps, a refusal and one without an answer.
sim::CallHistory good_history() {
    Call refused = call(CallKind::cas, 6, 7, {3, "c"});
    refused.expected = 1;
    refused.value = "d";
    refused.outcome = CallOutcome::not_applied;
    Call lost = call(CallKind::write, 8, 9, {0, "e"});
    lost.return_ns.reset();
    lost.outcome = CallOutcome::unknown;
    lost.seen.reset();
    return {call(CallKind::write, 0, 1, {1, "a"}), call(CallKind::cas, 2, 3, {2, "b"}),
            call(CallKind::cas, 4, 5, {3, "c"}),   refused,
            call(CallKind::read, 8, 9, {3, "c"}),  lost,
            call(CallKind::read, 10, 11, {4, "e"})};
}

// Written to a file and read again, as the command does.
Result<sim::CallHistory> through_file(const sim::CallHistory& history, const std::string& path) {
    auto keeper = HistoryKeeper::open(path);
    REQUIRE(keeper);
    for (const Call& each : history) keeper->add(each);
    return keeper->finish();
}

TEST_CASE("a history comes back from its file as it was", "[cli][bench]") {
    const TestPlace place;
    const auto history = good_history();
    const auto read = through_file(history, place / "H.jsonl");
    REQUIRE(read);
    REQUIRE(read->size() == history.size());
    for (std::size_t i = 0; i < history.size(); ++i) {
        CHECK(document_of(read->at(i)) == document_of(history[i]));
    }
    CHECK(judge(*read).both_accept());
}

TEST_CASE("a planted stale read is rejected by both checks, which name its line", "[cli][bench]") {
    const TestPlace place;
    auto history = good_history();
    history[4].seen = Seen{2, "b"};  // overtaken by the answered swap before it
    const auto read = through_file(history, place / "H.jsonl");
    REQUIRE(read);
    const Verdicts verdicts = judge(*read);
    CHECK(verdicts.chain == Judgement::rejected);
    CHECK(verdicts.search == Judgement::rejected);
    CHECK(number_at(at(Value(verdicts.document), "chain"), "line") == 5);
    CHECK(number_at(at(Value(verdicts.document), "search"), "line") == 5);
    CHECK(verdicts_text(Value(verdicts.document)).find("line 5: C3") != std::string::npos);
}

TEST_CASE("a line that is no call is named with what is wrong", "[cli][bench]") {
    const TestPlace place;
    const auto good = json_text(Value(document_of(good_history().front())));
    for (const std::string bad :
         {"", "{", "[]", "{}", R"({"client":"c","key":"k","kind":"jump","outcome":"applied"})",
          R"({"client":"c","key":"k","kind":"read","outcome":"applied","call_ns":1})",
          R"({"client":"c","key":"k","kind":"read","outcome":"applied","call_ns":1,"return_ns":2})",
          R"({"client":"c","key":"k","kind":"read","outcome":"fine","call_ns":1,"return_ns":2})"}) {
        std::ofstream(place / "H.jsonl") << good << '\n' << bad << '\n';
        const auto read = read_history(place / "H.jsonl");
        INFO(bad);
        REQUIRE_FALSE(read);
        CHECK(read.error().name == "history_malformed");
        CHECK(read.error().message.find("line 2: ") != std::string::npos);
    }
}

TEST_CASE("a history that is not there is named", "[cli][bench]") {
    const TestPlace place;
    const auto read = read_history(place / "missing.jsonl");
    REQUIRE_FALSE(read);
    CHECK(read.error().name == "file_unreadable");
    CHECK(read.error().message.find("missing.jsonl") != std::string::npos);
    CHECK(HistoryKeeper::open(place / "no/H.jsonl").error().name == "file_unwritable");
}

}  // namespace
}  // namespace starling::cli::bench_history_test
