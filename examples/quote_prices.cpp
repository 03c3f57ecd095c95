// Agents that ask a language model for prices: slow at times, failing at times, asked again.
//
//     quote_prices      100 seeds with a model of the model: p50 1.8 s, p99 20 s, 10 % errors
#include <starling/sim.hpp>

#include <iostream>

using namespace std::chrono_literals;
using namespace starling;

namespace {

constexpr int orders = 10;

// Takes tasks, asks the model, and asks again until it answers in time.
struct Pricer : Agent {
    void on_start(Ctx& c) override { c.serve({.skills = {"price"}, .slots = 4}); }

    void on_task(Ctx& c, const Assignment& task) override { ask(c, task, 1s); }

    void ask(Ctx& c, const Assignment& task, std::chrono::nanoseconds wait) {
        c.call("llm.price", task.payload, 10s, [=, this, &c](const Result<Value>& price) {
            if (price) return c.finish(task.award, *price);
            c.after(wait, [=, this, &c] { ask(c, task, std::min<Ctx::Time>(wait * 2, 8s)); });
        });
    }
};

// Offers each order under a key of its own until it is done: again when this process starts anew.
struct Shop : Agent {
    void on_start(Ctx& c) override {
        for (int order = 0; order < orders; ++order) offer(c, order);
    }

    void offer(Ctx& c, int order) {
        c.offer({.skill = "price", .payload = order, .key = "order-" + std::to_string(order)}, {},
                [=, this, &c](const Result<TaskInfo>& end) {
                    if (!end) return void(c.after(1s, [=, this, &c] { offer(c, order); }));
                    if (end->result) c.put("price/" + std::to_string(order), *end->result);
                });
    }
};

void market(sim::World& world) {
    world.spawn_on<Shop>(0);
    world.spawn<Pricer>(4);
    world.external("llm.price", sim::Lognormal{1800ms, 20s}, sim::percent(10),
                   [](const Value& order) { return Value(*order.as<std::int64_t>() * 7); });
    world.eventually("every order has its price", 30s,
                     [](const sim::View& view) { return view.keys(0, "price/").size() == orders; });
}

}  // namespace

int main() {
    const auto found = sim::explore(market, {.scenario = {.duration = 120s}, .seeds = 100});
    std::cout << (found ? found->text() : found.error().message) << '\n';
    return found && found->ok() ? 0 : 1;
}
