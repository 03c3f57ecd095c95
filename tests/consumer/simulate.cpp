// Simulates an agent of its own with the installed headers and libraries alone.
#include <starling/sim.hpp>

#include <iostream>

namespace {

struct Greeter : starling::Agent {
    void on_start(starling::Ctx& c) override { c.put("greeting", "hello"); }
};

}  // namespace

int main() {
    starling::sim::World world;
    world.spawn<Greeter>(1);
    world.eventually("greeted", std::chrono::seconds(10), [](const starling::sim::View& view) {
        return view.value(1, "greeting") == starling::Value("hello");
    });
    const auto report = world.run();
    std::cout << (report ? report->text() : report.error().message);
    return report && report->ok() ? 0 : 1;
}
