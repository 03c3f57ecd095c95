#include "tests/sim/agents_fixture.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace starling::tests::agents_rules_test {
namespace {

constexpr auto note_in_3s = [](Ctx& c) { c.after(3s, [&c] { c.note("spent", 5); }); };

TEST_CASE("a rule that breaks is told once, with its time and node", "[sim][agents][rules]") {
    sim::World world(calm());
    world.spawn_on<Actor>(1, note_in_3s);
    world.always("nothing is spent", [](const sim::View& v) { return v.sum("spent") == 0; });
    const auto report = world.run();
    REQUIRE(report->broken.size() == 1);
    CHECK(report->broken[0].rule == "nothing is spent");
    CHECK(report->broken[0].at >= 3s);
    CHECK(report->broken[0].at < 4s);
    CHECK(report->broken[0].what == "seen on node 2");
    CHECK(report->text().find("nothing is spent") != std::string::npos);
}

TEST_CASE("a rule about the end may break on the way", "[sim][agents][rules]") {
    sim::World world(calm());
    world.spawn_on<Actor>(1, note_in_3s);
    world.eventually("five are spent", 5s, [](const sim::View& v) { return v.sum("spent") == 5; });
    CHECK(world.run()->ok());
}

TEST_CASE("a rule about the end breaks when its time is over", "[sim][agents][rules]") {
    sim::World world(calm());
    world.spawn_on<Actor>(1, note_in_3s);
    world.eventually("five are spent", 2s, [](const sim::View& v) { return v.sum("spent") == 5; });
    const auto report = world.run();
    REQUIRE(report->broken.size() == 1);
    CHECK(report->broken[0].at >= 2s);
    CHECK(report->broken[0].at < 2100ms);
}

TEST_CASE("a rule that would come after the run is refused by name", "[sim][agents][rules]") {
    sim::World world(calm(3, 10s));
    world.eventually("all is well", 11s, [](const sim::View&) { return true; });
    const auto report = world.run();
    REQUIRE_FALSE(report);
    CHECK(report.error().name == "rule_too_late");
    CHECK(report.error().message.find("all is well") != std::string::npos);
}

TEST_CASE("notes outlive the process, the picture of its store does not", "[sim][agents][rules]") {
    sim::World world(faulty("[at 5s] crash node 1 for 4s\n"));
    world.spawn_on<Actor>(0, [](Ctx& c) {
        c.note("begun", 1);
        c.put("k", 7);
    });
    bool gone = false;
    bool kept = false;
    world.spawn_on<Actor>(1, [](Ctx& c) { c.after(6s, [&c] { c.put("other", 1); }); });
    world.always("look", [&](const sim::View& v) {
        if (v.time() < 6s || v.time() > 8s) return true;
        gone = !v.is_up(0) && !v.value(0, "k");
        kept = v.last(0, "begun") == Value(1) && v.value(1, "k") == Value(7);
        return true;
    });
    CHECK(world.run()->ok());
    CHECK(gone);
    CHECK(kept);
}

TEST_CASE("a counter is seen on every node", "[sim][agents][rules]") {
    sim::World world(calm());
    world.spawn<Actor>(3, [](Ctx& c) { c.add("hits", 2); });
    world.eventually("all hits", 3s, [](const sim::View& v) {
        return v.counter(0, "hits") == 6 && v.counter(2, "hits") == 6;
    });
    CHECK(world.run()->ok());
}

TEST_CASE("a world runs once", "[sim][agents][rules]") {
    sim::World world(calm());
    CHECK(world.run());
    CHECK(world.run().error().name == "ran_before");
}

TEST_CASE("a plan that cannot be is refused with its place", "[sim][agents][rules]") {
    sim::World world(faulty("[at 3s] brake node 1 for 1s\n"));
    world.spawn<Actor>(2, [](Ctx&) {});
    const auto report = world.run();
    REQUIRE_FALSE(report);
    CHECK(report.error().name == "plan_invalid");
    CHECK(report.error().message.find(":2:") != std::string::npos);
}

TEST_CASE("fault lines without a run section take the scenario's nodes", "[sim][agents][rules]") {
    sim::Scenario scenario = calm(4, 30s);
    scenario.plan = "[at 3s] crash node 4 for 1s\n";
    sim::World world(scenario);
    CHECK(world.nodes() == 4);
    CHECK(world.run()->faults == 1);
}

TEST_CASE("nodes out of range are an error of the run", "[sim][agents][rules]") {
    sim::World world(calm(1));
    CHECK(world.nodes() == 0);
    CHECK(world.run().error().name == "nodes_out_of_range");
}

}  // namespace
}  // namespace starling::tests::agents_rules_test
