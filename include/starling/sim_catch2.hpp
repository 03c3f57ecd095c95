// A test that explores a simulated mesh: Catch2's TEST_CASE with a world to fill.
//
//     STARLING_SIM_TEST("no seat is sold twice", seeds(200)) {
//         world.spawn<Seller>(3);
//         world.always("seats", [](const auto& view) { return view.sum("sold") <= 100; });
//     }
//
// The body fills `world`, once for each run.  The second argument is an Exploration (sim.hpp).  A
// seed that breaks a rule fails the test, which shows the least plan that breaks it.
//
// Include Catch2 too: <catch2/catch.hpp> (version 2) or <catch2/catch_test_macros.hpp> (version 3).
#pragma once

#include <starling/sim.hpp>

#define STARLING_SIM_JOIN_(a, b) a##b
#define STARLING_SIM_NAME_(line) STARLING_SIM_JOIN_(starling_sim_world_, line)

#define STARLING_SIM_TEST_(setup, name, exploration)                        \
    static void setup(::starling::sim::World& world);                       \
    TEST_CASE(name, "[sim]") {                                              \
        using ::starling::sim::seeds;                                       \
        const auto explored = ::starling::sim::explore(setup, exploration); \
        if (!explored) FAIL(explored.error().message);                      \
        if (!explored->ok()) FAIL(explored->text());                        \
        SUCCEED(explored->text());                                          \
    }                                                                       \
    static void setup([[maybe_unused]] ::starling::sim::World& world)

#define STARLING_SIM_TEST(name, exploration) \
    STARLING_SIM_TEST_(STARLING_SIM_NAME_(__LINE__), name, exploration)
