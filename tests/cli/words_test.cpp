#include "node/cli/words.hpp"

#include "node/cli/base64.hpp"
#include "node/cli/json.hpp"

#include <catch2/catch.hpp>

namespace starling::cli::words_test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a swap of neighbours is one edit", "[cli][words]") {
    CHECK(edit_distance("members", "memebrs") == 1);
    CHECK(edit_distance("members", "membres") == 1);
    CHECK(edit_distance("", "abc") == 3);
}

TEST_CASE("a word two edits away is suggested, three edits away is not", "[cli][words]") {
    const std::vector<std::string> names{"members", "status"};
    CHECK(nearest("membr", names) == "members");
    CHECK_FALSE(nearest("mmb", names));
}

TEST_CASE("durations are whole numbers with a unit", "[cli][words]") {
    CHECK(parse_duration("150ms") == 150ms);
    CHECK(parse_duration("5s") == 5s);
    CHECK(parse_duration("2m") == 2min);
    for (const char* bad :
         {"", "5", "s", "-1s", "1.5s", "5 s", "99999999999999999999s", "400000000h"}) {
        CHECK_FALSE(parse_duration(bad));
    }
}

TEST_CASE("times are RFC 3339 in UTC", "[cli][words]") {
    CHECK(time_text(0) == "1970-01-01T00:00:00.000Z");
    CHECK(time_text(1'736'936'625'123) == "2025-01-15T10:23:45.123Z");
    CHECK(time_text(UINT64_MAX) == "9999-12-31T23:59:59.999Z");
}

TEST_CASE("a name cannot steer the terminal", "[cli][words]") {
    CHECK(printable("ann\x1b[2J") == "ann\\x1b[2J");
    CHECK(printable("\xff\xc3") == "\\xff\\xc3");
    CHECK(printable("zoë · 世界") == "zoë · 世界");
}

TEST_CASE("base64 gives back every length of bytes", "[cli][json]") {
    CHECK(base64_text(std::vector<std::uint8_t>{'M', 'a'}) == "TWE=");
    for (std::size_t size = 0; size < 40; ++size) {
        const std::vector<std::uint8_t> bytes(size, 0xfb);
        CHECK(base64_bytes(base64_text(bytes)) == bytes);
    }
}

TEST_CASE("base64 that no encoder writes is refused", "[cli][json]") {
    for (const char* bad : {"TWE", "TW=E", "T===", "TWF=", "TW!=", "===="})
        CHECK_FALSE(base64_bytes(bad));
}

TEST_CASE("every kind of value survives JSON", "[cli][json]") {
    const Value value = Value::Map{{"null", Value()},
                                   {"flag", true},
                                   {"number", std::int64_t{-7}},
                                   {"largest", INT64_MAX},
                                   {"real", 2.0},
                                   {"text", "quote \" and ë"},
                                   {"bytes", Value::Bytes{0, 255}},
                                   {"list", Value::List{1, "two", Value::List{}}},
                                   {"map", Value::Map{}}};
    CHECK(json_value(json_text(value)) == value);
    CHECK(json_value(json_pages(value)) == value);
}

TEST_CASE("JSON nested 16 deep is read, one deeper is refused", "[cli][json]") {
    CHECK(json_value(std::string(16, '[') + std::string(16, ']')));
    const auto deeper = json_value(std::string(17, '[') + std::string(17, ']'));
    REQUIRE_FALSE(deeper);
    CHECK(deeper.error().message.find("deeper than 16") != std::string::npos);
}

TEST_CASE("a million open brackets are refused without being built", "[cli][json]") {
    CHECK_FALSE(json_value(std::string(1'000'000, '[')));
}

TEST_CASE("bad JSON names the byte", "[cli][json]") {
    const auto bad = json_value("{\"a\": }");
    REQUIRE_FALSE(bad);
    CHECK(bad.error().name == "json_malformed");
    CHECK(bad.error().message.find("byte 7") != std::string::npos);
}

TEST_CASE("a whole number that no int64 holds is refused", "[cli][json]") {
    CHECK_FALSE(json_value("9223372036854775808"));
    CHECK(json_value("9223372036854775807"));
}

TEST_CASE("text that is no UTF-8 becomes JSON all the same", "[cli][json]") {
    CHECK(json_value(json_text(Value("\xff"))));
}

TEST_CASE("a word for a shell is quoted unless it is plain", "[cli][words]") {
    CHECK(shell_word("tests/plans/crash-7.plan") == "tests/plans/crash-7.plan");
    CHECK(shell_word("") == "''");
    CHECK(shell_word("a b") == "'a b'");
    CHECK(shell_word("it's; rm *") == "'it'\\''s; rm *'");
}

}  // namespace
}  // namespace starling::cli::words_test
