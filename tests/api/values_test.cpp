#include "base/limits.hpp"
#include "node/public_values.hpp"

#include <catch2/catch.hpp>

namespace starling::detail::values_test {
namespace {

TEST_CASE("a text of exactly the limit is packed, one byte more is refused by name",
          "[api][values]") {
    const std::string exact(limits::value_bytes, 'x');
    const auto bytes = packed(Value(exact));
    REQUIRE(bytes);
    CHECK(unpacked(*bytes) == Value(exact));
    const auto refused = packed(Value(exact + 'x'));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().name == "value_too_long");
    CHECK(refused.error().message.find("65537") != std::string::npos);
}

TEST_CASE("bytes count as they are, a list as it is written", "[api][values]") {
    CHECK(packed(Value(Value::Bytes(limits::value_bytes))));
    CHECK_FALSE(packed(Value(Value::Bytes(limits::value_bytes + 1))));
    CHECK_FALSE(packed(Value(Value::List{std::string(limits::value_bytes, 'x')})));
}

TEST_CASE("bytes that are no value come as bytes", "[api][values]") {
    const Bytes odd{0xc1};
    CHECK(unpacked(odd) == Value(odd));
}

TEST_CASE("an epoch comes back from its text", "[api][values]") {
    node::EpochRecord epoch{7, {}, Boot{1700000000000}, 3};
    epoch.granter.bytes.fill(0xab);
    const auto back = epoch_of(text_of(epoch));
    REQUIRE(back);
    CHECK(*back == epoch);
}

TEST_CASE("a text that is no epoch is refused by name", "[api][values]") {
    const std::string node(64, 'a');
    for (const std::string& text :
         {std::string(), std::string("7"), "7." + node, "7." + node + ".1", "7." + node + ".1.x",
          "7." + node + ".1.2.", "-7." + node + ".1.2", "7." + node.substr(1) + ".1.2",
          "99999999999." + node + ".1.2"}) {
        INFO(text);
        const auto epoch = epoch_of(text);
        REQUIRE_FALSE(epoch);
        CHECK(epoch.error().name == "award_malformed");
    }
}

}  // namespace
}  // namespace starling::detail::values_test
