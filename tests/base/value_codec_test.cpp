#include "base/value_codec.hpp"

#include "base/limits.hpp"

#include <catch2/catch.hpp>

namespace starling::value_codec_test {
namespace {

TEST_CASE("every kind of value survives its bytes", "[base][value]") {
    const Value value(Value::List{Value(), Value(true), Value(std::int64_t{-7}), Value(2.5),
                                  Value("ann"), Value(Value::Bytes{0, 255}),
                                  Value(Value::Map{{"a", Value(1)}, {"b", Value(Value::List{})}})});
    CHECK(value_from(value_bytes(value)) == value);
}

TEST_CASE("equal maps have equal bytes however they were made", "[base][value]") {
    Value::Map forward;
    forward.emplace("a", 1);
    forward.emplace("b", 2);
    Value::Map backward;
    backward.emplace("b", 2);
    backward.emplace("a", 1);
    CHECK(value_bytes(forward) == value_bytes(backward));
}

TEST_CASE("a value nested past the depth limit is refused", "[base][value][limits]") {
    const auto nested = [](std::size_t depth) {
        Value value;
        for (std::size_t i = 0; i < depth; ++i) value = Value(Value::List{value});
        return value_bytes(value);
    };
    CHECK(value_from(nested(limits::codec_depth - 1)).has_value());
    CHECK_FALSE(value_from(nested(limits::codec_depth)).has_value());
}

}  // namespace
}  // namespace starling::value_codec_test
