#include "sim/spin_check.hpp"

#include <catch2/catch.hpp>

namespace starling::sim::spin_check_test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t busy = 1;  // of three

// What the check says of a host that does so much in each of four seconds.
bool is_found(std::uint64_t turns, std::uint64_t inputs) {
    Findings findings;
    SpinCheck check(3, findings);
    HostCounts counts;
    for (Duration now = 250ms; now <= 4s; now += 250ms) {
        counts.turns += turns / 4;
        counts.inputs += inputs / 4;
        check.look(busy, counts, now);
    }
    REQUIRE(findings.results().at("nobody_spins").checks == 4);
    REQUIRE(check.found() != findings.clean());
    return check.found();
}

TEST_CASE("a process that takes turns without end is found", "[sim][checks]") {
    CHECK(is_found(3 * SpinCheck::turns_per_second_max, 0));
}

TEST_CASE("a process whose turns take more and more inputs is found", "[sim][checks]") {
    CHECK(is_found(100, 3 * SpinCheck::inputs_per_second_max));
}

TEST_CASE("a busy process is none that spins", "[sim][checks]") {
    CHECK_FALSE(is_found(SpinCheck::turns_per_second_max, SpinCheck::inputs_per_second_max));
}

TEST_CASE("a process spins as soon as it does, however quiet it was before", "[sim][checks]") {
    Findings findings;
    SpinCheck check(3, findings);
    for (Duration now = 1s; now < 100s; now += 1s) check.look(busy, {}, now);
    HostCounts counts;
    counts.turns = 3 * SpinCheck::turns_per_second_max;
    check.look(busy, counts, 100s);
    REQUIRE(check.found());
    CHECK(findings.results().at("nobody_spins").first->at == 100s);
    CHECK(findings.results().at("nobody_spins").first->host == busy);
}

TEST_CASE("what waited for long may come at once", "[sim][checks]") {
    Findings findings;
    SpinCheck check(3, findings);
    HostCounts counts;
    counts.inputs = SpinCheck::inputs_per_second_max;
    check.look(busy, counts, 250ms);
    check.look(busy, counts, 1s);
    CHECK(findings.clean());
}

}  // namespace
}  // namespace starling::sim::spin_check_test
