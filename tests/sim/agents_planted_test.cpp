// A program whose one case must fail: agents_planted.cmake runs it.
#include <starling/sim_catch2.hpp>

#include <catch2/catch.hpp>

namespace {

struct Spender : starling::Agent {
    void on_start(starling::Ctx& c) override { c.note("spent", 1); }
};

STARLING_SIM_TEST("each process spends once more than it may", seeds(3)) {
    world.spawn<Spender>(2);
    world.always("one is spent", [](const auto& view) { return view.sum("spent") <= 1; });
}

}  // namespace
