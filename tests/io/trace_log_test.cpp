#include "node/io/trace_log.hpp"

#include "tests/journal/scratch.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>

namespace starling::io::trace_log_test {
namespace {

using tests::Scratch;

TraceRecord dead() {
    return {Event::member_dead, 4, {0x9c01, 7, 2, 1}};
}

std::string written(const LogOptions& options, const TraceRecord& record) {
    {
        const auto log = TraceLog::open(options);
        REQUIRE(log);
        (*log)->write(std::array{record});
    }
    std::ifstream file(options.file);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace

TEST_CASE("a line names the event and its fields", "[io][trace_log]") {
    CHECK(line_of(dead()) ==
          "gossip.member_dead node=0000000000009c01 boot=7 incarnation=2 cause=1");
}

TEST_CASE("an address is shown with dots", "[io][trace_log]") {
    CHECK(line_of({Event::key_refused, 2, {0xabcd, 0x7f000001}}) ==
          "node.key_refused curve=000000000000abcd address=127.0.0.1");
}

TEST_CASE("every event's line begins with its name", "[io][trace_log]") {
    std::size_t other = 0;
    for (std::size_t i = 0; i < all_events().size(); ++i) {
        const TraceRecord record{static_cast<Event>(i), 6, {1, 2, 3, 4, 5, 6}};
        if (!line_of(record).starts_with(all_events()[i].name)) ++other;
    }
    CHECK(other == 0);
}

TEST_CASE("a written line has the time in UTC, the level and the event", "[io][trace_log]") {
    const Scratch scratch;
    const std::string text = written({true, Level::info, scratch.file("log")}, dead());
    const std::regex form(
        R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z warn gossip\.member_dead .*\n)");
    INFO(text);
    CHECK(std::regex_match(text, form));
}

TEST_CASE("an event below the level is counted but not written", "[io][trace_log]") {
    const Scratch scratch;
    LogOptions options{true, Level::error, scratch.file("log")};
    CHECK(written(options, dead()).empty());
}

TEST_CASE("every event is counted", "[io][trace_log]") {
    const auto log = TraceLog::open({false, Level::info, {}});
    REQUIRE(log);
    (*log)->write(std::array{dead(), dead()});
    CHECK((*log)->counts()[static_cast<std::size_t>(Event::member_dead)] == 2);
}

TEST_CASE("a log that cannot be opened names its file", "[io][trace_log]") {
    const Scratch scratch;
    const auto blocked = TraceLog::open({true, Level::info, "/proc/absent/log"});
    REQUIRE_FALSE(blocked);
    CHECK_THAT(blocked.error().message, Catch::Contains("/proc/absent/log"));
}

}  // namespace starling::io::trace_log_test
