#include "node/cli/load_source.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace starling::cli;
using namespace std::chrono_literals;

namespace {

constexpr const char* head = "TIMESTAMP,ContextTokens,GeneratedTokens\n";

std::string error_of(const std::string& lines) {
    const auto read = azure_requests(head + lines, "trace.csv");
    return read ? std::string() : read.error().name + " " + read.error().message;
}

}  // namespace

TEST_CASE("a recorded trace begins at zero and keeps its gaps to the nanosecond", "[cli][load]") {
    const auto read = azure_requests(std::string(head) +
                                         "2023-11-30 23:59:59.9799600,4808,10\r\n"
                                         "2023-12-01 00:00:00.0319600,3180,8",
                                     "trace.csv");
    REQUIRE(read);
    CHECK(*read == std::vector<LoadRequest>{{0ns, 4808, 10}, {52ms, 3180, 8}});
}

TEST_CASE("a line of a trace that cannot be read is named with file, line and cause",
          "[cli][load]") {
    const std::string good = "2023-11-16 18:17:03.97,1,1\n";
    CHECK(error_of(good + "2023-11-16 18:17:03.97,1\n") ==
          "trace_malformed trace.csv:3: 2 fields instead of 3");
    CHECK(error_of(good + "2023-11-16 18:17:03.97,x,1\n") ==
          "trace_malformed trace.csv:3: no number of tokens: x");
    CHECK(error_of("2023-13-16 18:17:03.97,1,1\n").find("trace.csv:2: no time") !=
          std::string::npos);
    CHECK(error_of("") == "trace_malformed trace.csv:1: there are no requests");
}

TEST_CASE("a file that is no such trace is refused at its first line", "[cli][load]") {
    const auto read = azure_requests("a,b\n", "other.csv");
    REQUIRE_FALSE(read);
    CHECK(read.error().message.starts_with("other.csv:1: the first line must be"));
}

TEST_CASE("equal seeds generate equal requests, other seeds others", "[cli][load]") {
    const auto once = synthetic_requests(7, 60s);
    CHECK(once == synthetic_requests(7, 60s));
    CHECK(once != synthetic_requests(8, 60s));
    CHECK(std::ranges::is_sorted(once, {}, &LoadRequest::at));
    CHECK(once.size() > 60);
}

TEST_CASE("a worker takes 0.2 ms for a token read and 25 ms for one written", "[cli][load]") {
    CHECK(service_time({0ns, 1000, 4}) == 300ms);
}

TEST_CASE("a source that nobody knows is refused", "[cli][load]") {
    CHECK(load_requests("kafka", 1, 1s).error().name == "source_unknown");
    CHECK(load_requests("synthetic:x", 1, 1s).error().name == "source_unknown");
    CHECK(load_requests("azure:/no/such/file", 1, 1s).error().name == "file_unreadable");
}
