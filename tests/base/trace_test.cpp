#include "base/trace.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>
#include <string_view>

namespace starling::trace_test {
namespace {

TEST_CASE("every event has a name of its own with a folder in front", "[base][trace]") {
    std::set<std::string_view> names;
    for (const EventInfo& info : all_events()) {
        CHECK(names.insert(info.name).second);
        CHECK(info.name.find('.') != std::string_view::npos);
    }
}

TEST_CASE("no event names more than six fields", "[base][trace]") {
    for (const EventInfo& info : all_events()) {
        CHECK(std::ranges::count(info.fields, ' ') < 6);
    }
}

}  // namespace
}  // namespace starling::trace_test
