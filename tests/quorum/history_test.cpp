#include "sim/check_chain.hpp"
#include "sim/check_linearizable.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace starling::sim::history_test {
namespace {

Call call(CallKind kind, std::int64_t begin, std::int64_t end) {
    Call made;
    made.client = "ann";
    made.key = "k";
    made.kind = kind;
    made.call_ns = begin;
    made.return_ns = end;
    made.outcome = CallOutcome::applied;
    return made;
}

Call wrote(std::int64_t begin, std::int64_t end, const std::string& value, std::uint64_t version) {
    Call made = call(CallKind::write, begin, end);
    made.value = value;
    made.seen = Seen{version, value};
    return made;
}

Call swapped(std::int64_t begin, std::int64_t end, std::uint64_t expected,
             const std::string& value) {
    Call made = wrote(begin, end, value, expected + 1);
    made.kind = CallKind::cas;
    made.expected = expected;
    return made;
}

Call saw(std::int64_t begin, std::int64_t end, const std::string& value, std::uint64_t version) {
    Call made = call(CallKind::read, begin, end);
    made.seen = Seen{version, value};
    return made;
}

Call unanswered(Call made) {
    made.outcome = CallOutcome::unknown;
    made.return_ns.reset();
    made.seen.reset();
    return made;
}

bool both_accept(const CallHistory& history) {
    return !check_chain(history) &&
           check_linearizable(history).verdict == LinearVerdict::linearizable;
}

bool both_reject(const CallHistory& history) {
    return check_chain(history) && check_linearizable(history).verdict == LinearVerdict::violated;
}

TEST_CASE("a history of one client is accepted", "[quorum][history]") {
    CHECK(both_accept(
        {wrote(0, 1, "a", 1), saw(2, 3, "a", 1), swapped(4, 5, 1, "b"), saw(6, 7, "b", 2)}));
}

TEST_CASE("an empty history is accepted", "[quorum][history]") {
    CHECK(both_accept({}));
}

TEST_CASE("a stale read is rejected by both checks", "[quorum][history]") {
    CHECK(both_reject({wrote(0, 1, "a", 1), swapped(2, 3, 1, "b"), saw(4, 5, "a", 1)}));
}

TEST_CASE("both checks name the stale read", "[quorum][history]") {
    Call other = saw(1, 9, "", 0);
    other.key = "j";
    const CallHistory history{other, wrote(0, 1, "a", 1), swapped(2, 3, 1, "b"), saw(4, 5, "a", 1),
                              saw(6, 7, "b", 2)};
    const auto chain = check_chain(history);
    REQUIRE(chain);
    CHECK(chain->call == 3);
    CHECK(chain->rule == "C3");
    CHECK(check_linearizable(history).blocked == 3);
}

TEST_CASE("a read that forgets a write is rejected by both checks", "[quorum][history]") {
    CHECK(both_reject({wrote(0, 1, "a", 1), saw(2, 3, "", 0)}));
}

TEST_CASE("a lost update is rejected by both checks", "[quorum][history]") {
    CHECK(both_reject({wrote(0, 1, "a", 1), swapped(2, 6, 1, "b"), swapped(3, 7, 1, "c")}));
}

TEST_CASE("an update lost without a trace is rejected by both checks", "[quorum][history]") {
    CHECK(both_reject(
        {wrote(0, 1, "a", 1), wrote(2, 3, "b", 2), wrote(4, 5, "c", 2), saw(6, 7, "c", 2)}));
}

TEST_CASE("overlapping calls may take effect in either order", "[quorum][history]") {
    CHECK(both_accept({wrote(0, 10, "a", 2), wrote(0, 10, "b", 1), saw(11, 12, "a", 2)}));
    CHECK(both_accept({wrote(0, 10, "a", 1), wrote(0, 10, "b", 2), saw(1, 2, "a", 1)}));
}

TEST_CASE("a call that begins as another ends overlaps it", "[quorum][history]") {
    CHECK(both_accept({wrote(0, 5, "a", 1), saw(5, 6, "", 0)}));
    CHECK(both_reject({wrote(0, 4, "a", 1), saw(5, 6, "", 0)}));
}

TEST_CASE("a value seen before it was written is rejected by both checks", "[quorum][history]") {
    CHECK(both_reject({saw(0, 1, "a", 1), wrote(2, 3, "a", 1)}));
}

TEST_CASE("an unanswered change may happen late or never", "[quorum][history]") {
    const Call lost = unanswered(wrote(0, 0, "x", 0));
    CHECK(both_accept({wrote(0, 1, "a", 1), lost, saw(2, 3, "a", 1), saw(4, 5, "x", 2)}));
    CHECK(both_accept({wrote(0, 1, "a", 1), lost, saw(2, 3, "a", 1), saw(4, 5, "a", 1)}));
}

TEST_CASE("an unanswered change happens at most once", "[quorum][history]") {
    const Call lost = unanswered(wrote(0, 0, "x", 0));
    CHECK(both_reject(
        {wrote(0, 1, "a", 1), lost, saw(2, 3, "x", 2), wrote(4, 5, "b", 3), saw(6, 7, "x", 4)}));
}

TEST_CASE("an unanswered creation gives a version nobody knew before", "[quorum][history]") {
    const Call lost = unanswered(wrote(0, 0, "x", 0));
    CHECK(both_accept({lost, saw(1, 2, "x", 65), swapped(3, 4, 65, "y"), saw(5, 6, "y", 66)}));
}

TEST_CASE("a version learned by settling may be expected though nobody read it",
          "[quorum][history]") {
    const Call created = unanswered(wrote(0, 0, "x", 0));
    const Call swap = unanswered(swapped(2, 0, 1, "y"));
    CHECK(both_accept({created, swap, saw(3, 4, "y", 2)}));
}

TEST_CASE("a cas refused at the version it expected is rejected", "[quorum][history]") {
    Call refused = swapped(2, 3, 1, "b");
    refused.outcome = CallOutcome::not_applied;
    refused.seen = Seen{1, "a"};
    CHECK(check_linearizable({wrote(0, 1, "a", 1), refused}).verdict == LinearVerdict::violated);
}

TEST_CASE("a refused change that is read later is rejected by both checks", "[quorum][history]") {
    Call refused = call(CallKind::write, 2, 3);
    refused.value = "b";
    refused.outcome = CallOutcome::not_applied;
    CHECK(both_reject({wrote(0, 1, "a", 1), refused, saw(4, 5, "b", 2)}));
}

TEST_CASE("keys are judged apart from each other", "[quorum][history]") {
    Call other = saw(2, 3, "", 0);
    other.key = "other";
    CHECK(both_accept({wrote(0, 1, "a", 1), other}));
}

TEST_CASE("the search gives up after its steps and says so", "[quorum][history]") {
    CallHistory history;
    for (int i = 0; i < 100; ++i)
        history.push_back(wrote(i, i, "v", static_cast<std::uint64_t>(i + 1)));
    CHECK(check_linearizable(history, 10).verdict == LinearVerdict::gave_up);
    CHECK(check_linearizable(history).verdict == LinearVerdict::linearizable);
}

TEST_CASE("ten thousand calls with unanswered ones among them are judged quickly",
          "[quorum][history]") {
    CallHistory history;
    std::uint64_t version = 0;
    for (std::int64_t i = 0; i < 10'000; ++i) {
        const std::string value = std::to_string(i);
        if (i % 500 == 7) {
            history.push_back(unanswered(wrote(i * 10, 0, value, 0)));
            continue;
        }
        if (i % 3 == 0) {
            history.push_back(wrote(i * 10, i * 10 + 25, value, ++version));
        } else if (version > 0) {
            const std::string last = std::to_string((i / 3) * 3);
            const bool known = (i / 3) * 3 % 500 != 7;
            if (known) history.push_back(saw(i * 10 + 9, i * 10 + 12, last, version));
        }
    }
    const LinearResult result = check_linearizable(history);
    CHECK(result.verdict != LinearVerdict::gave_up);
    CHECK(result.steps < 2'000'000);
}

}  // namespace
}  // namespace starling::sim::history_test
