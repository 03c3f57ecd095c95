#include "tests/journal/scratch.hpp"
#include "tests/sim/agents_fixture.hpp"
#include <starling/sim_catch2.hpp>
#include <starling/text_file.hpp>

#include <catch2/catch.hpp>

#include <cstddef>
#include <string>

namespace starling::tests::agents_explore_test {
namespace {

// Each tick it sells as long as its own node's counter is below the limit.
struct Seller : Agent {
    void on_start(Ctx& c) override {
        c.after(c.random().between(500ms, 2s), [this, &c] {
            c.get("sold", [&c](const Result<EntryPage>& page) {
                if (!page || (!page->entries.empty() && page->entries[0].sum >= 8)) return;
                c.add("sold", 1);
                c.note("sold", 1);
            });
            on_start(c);
        });
    }
};

void hall(sim::World& world) {
    world.spawn<Seller>(3);
    world.always("eight seats", [](const sim::View& v) { return v.sum("sold") <= 8; });
}

sim::Exploration short_runs() {
    sim::Exploration exploration = sim::seeds(40);
    exploration.scenario.nodes = 4;
    exploration.scenario.duration = 30s;
    return exploration;
}

std::size_t faults_in(const std::string& plan) {
    std::size_t count = 0;
    for (auto at = plan.find("[at "); at != std::string::npos; at = plan.find("[at ", at + 1)) {
        ++count;
    }
    return count;
}

TEST_CASE("a stale read is found, and of many faults those that it needs are left",
          "[sim][agents][explore]") {
    const auto found = sim::explore(hall, short_runs());
    REQUIRE(found);
    REQUIRE_FALSE(found->ok());
    CHECK(found->repeatable);
    CHECK(found->report.broken.front().rule == "eight seats");
    CHECK(found->report.plan.size() < found->plan.size());
    CHECK(faults_in(found->plan) >= 3);
    CHECK(faults_in(found->report.plan) <= 2);
    CHECK(found->text().find("eight seats") != std::string::npos);
}

TEST_CASE("the plan that was found fails the same way when it is read again",
          "[sim][agents][explore]") {
    const Scratch scratch;
    const auto found = sim::explore(hall, short_runs());
    REQUIRE(found->write(scratch.path() + "/seats.plan"));
    const auto plan = read_text_file(scratch.path() + "/seats.plan");
    const auto again = sim::replay(hall, *plan);
    REQUIRE(again);
    CHECK(again->trace_hash == found->report.trace_hash);
    CHECK(again->broken.front().rule == "eight seats");
}

TEST_CASE("a search ends when it is told to", "[sim][agents][explore]") {
    sim::Exploration exploration = short_runs();
    exploration.scenario.faults = sim::Faults::none;
    exploration.go_on = [runs = 0]() mutable { return ++runs <= 3; };
    const auto found = sim::explore([](sim::World&) {}, exploration);
    CHECK(found->runs == 3);
    CHECK(found->ok());
}

TEST_CASE("agents that keep something between runs are found out", "[sim][agents][explore]") {
    const auto setup = [](sim::World& world) {
        static std::int64_t runs = 0;
        world.spawn<Actor>(1, [](Ctx& c) { c.note("run", ++runs); });
        world.always("never", [](const sim::View& v) { return v.notes().empty(); });
    };
    sim::Exploration exploration = short_runs();
    exploration.scenario.faults = sim::Faults::none;
    const auto found = sim::explore(setup, exploration);
    REQUIRE_FALSE(found->ok());
    CHECK_FALSE(found->repeatable);
    CHECK(found->trials == 0);
}

TEST_CASE("an exploration of scenarios that cannot be is an error", "[sim][agents][explore]") {
    sim::Exploration exploration = sim::seeds(3);
    exploration.scenario.nodes = 1;
    CHECK(sim::explore(hall, exploration).error().name == "nodes_out_of_range");
}

STARLING_SIM_TEST("a counter that everybody adds to loses nothing", seeds(5)) {
    world.spawn<Actor>(3, [](Ctx& c) {
        c.add("hits", 1, [&c](const Result<Written>& written) {
            if (written) c.note("hit", 1);
        });
    });
    world.eventually("every hit counts", 20s,
                     [](const sim::View& v) { return v.counter(0, "hits") >= v.sum("hit"); });
}

}  // namespace
}  // namespace starling::tests::agents_explore_test
