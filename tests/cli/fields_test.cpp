#include "node/cli/fields.hpp"

#include "node/cli/documents.hpp"

#include <catch2/catch.hpp>

namespace starling::cli::fields_test {
namespace {

HttpRequest with_body(const std::string& body) {
    HttpRequest request;
    request.body = body;
    return request;
}

std::string message_of(const Fields& fields) {
    const auto error = fields.error();
    return error ? error->message : "";
}

TEST_CASE("an empty body has no fields, and that is no fault", "[cli][fields]") {
    Fields in = Fields::of_body(with_body(""));
    CHECK(in.text("agent").empty());
    CHECK_FALSE(in.error());
}

TEST_CASE("a body that is no JSON map is refused", "[cli][fields]") {
    CHECK(Fields::of_body(with_body("{")).error()->name == "json_malformed");
    CHECK(Fields::of_body(with_body("[1]")).error()->name == "query_malformed");
}

TEST_CASE("a field that nobody takes is refused by name", "[cli][fields]") {
    Fields in = Fields::of_body(with_body(R"({"agent": "ann", "raeson": "x"})"));
    CHECK(in.text("agent") == "ann");
    CHECK(message_of(in).find("raeson") != std::string::npos);
}

TEST_CASE("a field of another type is refused", "[cli][fields]") {
    Fields text = Fields::of_body(with_body(R"({"agent": 1})"));
    CHECK(text.text("agent").empty());
    CHECK(message_of(text) == "agent must be a text");
    Fields number = Fields::of_body(with_body(R"({"max": "many"})"));
    CHECK(number.number("max", 7) == 7);
    CHECK(message_of(number) == "max must be a whole number");
}

TEST_CASE("a number at the bound passes, one past it is refused", "[cli][fields]") {
    Fields at = Fields::of_body(with_body(R"({"max": 10})"));
    CHECK(at.number("max", 1, {1, 10}) == 10);
    CHECK_FALSE(at.error());
    Fields past = Fields::of_body(with_body(R"({"max": 11})"));
    CHECK(past.number("max", 1, {1, 10}) == 1);
    CHECK(message_of(past) == "max must be from 1 to 10");
}

TEST_CASE("a query's texts are numbers, flags and lists", "[cli][fields]") {
    HttpRequest request;
    request.query = {{"max", "3"}, {"wait", "true"}, {"skill", "a,b"}};
    Fields in = Fields::of_query(request);
    CHECK(in.number("max", 1) == 3);
    CHECK(in.flag("wait"));
    CHECK(in.texts("skill") == std::vector<std::string>{"a", "b"});
    CHECK_FALSE(in.error());
}

TEST_CASE("null is as good as missing", "[cli][fields]") {
    Fields in = Fields::of_body(with_body(R"({"term_ms": null})"));
    CHECK(in.duration("term_ms", std::chrono::milliseconds(5)).count() == 5);
    CHECK_FALSE(in.error());
}

TEST_CASE("the name of an operation comes back from its text", "[cli][show]") {
    const std::vector<std::string> names{"op-1", std::string("\0\x01z", 3), "with blank", "hex:00"};
    for (const std::string& name : names) CHECK(operation_from(operation_text(name)) == name);
    CHECK(operation_text("op-1") == "op-1");
}

}  // namespace
}  // namespace starling::cli::fields_test
