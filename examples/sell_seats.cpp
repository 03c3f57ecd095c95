// Three shops sell the seats of one hall.  Careless ones look at a counter that may be old, as only
// faults show; careful ones use a register that changes only if it is still as they saw it.
#include <starling/sim.hpp>

#include <iostream>

using namespace std::chrono_literals;
using namespace starling;

constexpr std::int64_t seats = 20;

struct Shop : Agent {
    void on_start(Ctx& c) override {
        c.after(c.random().between(500ms, 3s), [this, &c] { sell(c), on_start(c); });
    }

    virtual void sell(Ctx& c) = 0;
};

// Every shop acts on the counter as its own node holds it: behind a partition, or woken from a
// pause, it does not know better.
struct CarelessShop : Shop {
    void sell(Ctx& c) override {
        c.get("sold", [&c](const Result<EntryPage>& page) {
            if (!page || (!page->entries.empty() && page->entries[0].sum >= seats)) return;
            c.add("sold", 1);
            c.note("seat sold", 1);
        });
    }
};

// Of two that saw the same count one is told so; without a majority there is no sale.
struct CarefulShop : Shop {
    void sell(Ctx& c) override {
        c.register_get("sold", [&c](const Result<RegisterState>& read) {
            const Value sold = read ? read->value.value_or(0) : seats;
            if (*sold.as<std::int64_t>() >= seats) return;
            const Value next = *sold.as<std::int64_t>() + 1;
            c.register_cas("sold", next, {.expected = read->version}, [&c](const auto& change) {
                if (change && change->outcome == RegisterOutcome::applied) c.note("seat sold", 1);
            });
        });
    }
};

template <class Kind>
void hall(sim::World& world) {
    world.spawn<Kind>(3);
    world.always("no seat is sold twice",
                 [](const sim::View& view) { return view.sum("seat sold") <= seats; });
}

int main() {
    const auto careless = sim::explore(hall<CarelessShop>, {.seeds = 50});
    const auto careful = sim::explore(hall<CarefulShop>, {.seeds = 50});
    if (!careless || !careful) return 2;
    std::cout << careless->text() << "\nthe careful shop: " << careful->text();
    return !careless->ok() && careful->ok() ? 0 : 1;
}
