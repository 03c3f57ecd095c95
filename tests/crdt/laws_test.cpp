// The laws of replicated types, for every type, over random histories (Shapiro et al.,
// "Conflict-Free Replicated Data Types", SSS'11; Enes et al., "Efficient Synchronization of
// State-Based CRDTs", ICDE'19).
#include "base/rng.hpp"
#include "tests/crdt/play.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include <iostream>
#include <numeric>

namespace starling::crdt {
namespace {

constexpr std::uint64_t seed = 20'240'611;
constexpr int histories = 60;  // per type and law
constexpr Type types[] = {Type::lww, Type::mv, Type::counter, Type::set};

Play drawn_play(Type type) {
    const auto nodes = *rc::gen::inRange<std::size_t>(2, 6);
    auto choices = *rc::gen::container<std::vector<std::uint32_t>>(
        rc::gen::inRange<std::uint32_t>(0, 1U << 30U));
    return {nodes, type, std::move(choices)};
}

// A law is a function of a type; it draws what it needs and asserts with RC_ASSERT.
template <class Law>
void holds(Law law) {
    std::cerr << "seed " << seed << '\n';
    for (const Type type : types) {
        rc::detail::TestParams params;
        params.seed = seed;
        params.maxSuccess = histories;
        params.maxSize = 80;
        const auto result =
            rc::detail::checkTestable([&] { law(type); }, rc::detail::TestMetadata{}, params);
        INFO("seed " << seed << ", type " << name_of(type));
        if (!result.template is<rc::detail::SuccessResult>()) {
            rc::detail::printResultMessage(result, std::cerr);
        }
        CHECK(result.template is<rc::detail::SuccessResult>());
    }
}

// The log of a settled world, in an order of its own.
struct History {
    std::vector<Bytes> log;
    Model::Shown shown;
    std::uint64_t root = 0;
};

History drawn_history(Type type) {
    Play play = drawn_play(type);
    play.run();
    play.world.heal();
    RC_ASSERT(play.world.settle());
    History history{log_of(play.world, 0), shown_by(play.world.store(0)),
                    play.world.store(0).root()};
    Rng rng(*rc::gen::arbitrary<std::uint64_t>());
    rng.shuffle(std::span(history.log));
    return history;
}

void check_same(const Store& store, const History& history) {
    RC_ASSERT(store.root() == history.root);
    RC_ASSERT(shown_by(store) == history.shown);
    RC_ASSERT(store.waiting() == 0U);
}

TEST_CASE("L1: the order in which batches arrive does not matter", "[crdt][laws]") {
    holds([](Type type) {
        const History history = drawn_history(type);
        Listener listener;
        for (const Bytes& batch : history.log) listener.hear({batch});
        check_same(listener.store(), history);
    });
}

TEST_CASE("L2: how batches are grouped into frames does not matter", "[crdt][laws]") {
    holds([](Type type) {
        const History history = drawn_history(type);
        const auto size = *rc::gen::inRange<std::size_t>(1, 9);
        Listener listener;
        for (std::size_t i = 0; i < history.log.size(); i += size) {
            const auto begin = history.log.begin() + static_cast<std::ptrdiff_t>(i);
            const auto count = std::min(size, history.log.size() - i);
            listener.hear({begin, begin + static_cast<std::ptrdiff_t>(count)});
        }
        check_same(listener.store(), history);
    });
}

TEST_CASE("L3: a batch that arrives again changes nothing", "[crdt][laws]") {
    holds([](Type type) {
        const History history = drawn_history(type);
        Listener listener;
        for (const Bytes& batch : history.log) {
            const auto once = listener.hear({batch});
            const auto root = listener.store().root();
            const auto again = listener.hear({batch});
            RC_ASSERT(again == (once == BatchVerdict::waiting ? once : BatchVerdict::duplicate));
            RC_ASSERT(listener.store().root() == root);
        }
        for (const Bytes& batch : history.log) {
            RC_ASSERT(listener.hear({batch}) == BatchVerdict::duplicate);
        }
        check_same(listener.store(), history);
    });
}

TEST_CASE("L4: what a node has delivered only grows, over restarts too", "[crdt][laws]") {
    holds([](Type type) {
        Play play = drawn_play(type);
        std::map<std::size_t, Vector> before;
        play.run([&](Play& it, std::size_t node) {
            const Vector now = vector_of(it.world.store(node));
            for (const auto& [origin, counter] : before[node]) {
                RC_ASSERT(now.contains(origin) && now.at(origin) >= counter);
            }
            before[node] = now;
        });
    });
}

TEST_CASE("L5: a node that follows and one that catches up from a log agree", "[crdt][laws]") {
    holds([](Type type) {
        Play play = drawn_play(type);
        play.run();
        play.world.lose_disk(1);
        play.world.restart(1);  // catches up from nothing
        play.world.heal();
        RC_ASSERT(play.world.settle());
        RC_ASSERT(shown_by(play.world.store(1)) == shown_by(play.world.store(0)));
    });
}

TEST_CASE("L6: a batch before its time waits and is not seen", "[crdt][laws]") {
    holds([](Type type) {
        const History history = drawn_history(type);
        Listener listener;
        for (const Bytes& batch : history.log) {
            const auto shown = shown_by(listener.store());
            const auto verdict = listener.hear({batch});
            if (verdict == BatchVerdict::waiting) RC_ASSERT(shown_by(listener.store()) == shown);
        }
        check_same(listener.store(), history);
    });
}

TEST_CASE("L7: what is missing, and nothing else, makes two nodes equal", "[crdt][laws]") {
    holds([](Type type) {
        const History history = drawn_history(type);
        Listener listener;
        const std::size_t half = history.log.size() / 2;
        for (std::size_t i = 0; i < half; ++i) listener.hear({history.log[i]});
        const auto known = listener.disk.tables[Table::batches];
        for (const Bytes& batch : history.log) {
            const bool has = std::ranges::any_of(
                known, [&](const auto& record) { return record.second == batch; });
            if (!has) RC_ASSERT(listener.hear({batch}) < BatchVerdict::no_room);
        }
        check_same(listener.store(), history);
    });
}

TEST_CASE("L8: every live dot is covered, and live once", "[crdt][laws]") {
    holds([](Type type) {
        Play play = drawn_play(type);
        play.run([](Play& it, std::size_t node) {
            const Store& store = it.world.store(node);
            const Vector vector = vector_of(store);
            for (const Dot& dot : live_dots(store)) {
                RC_ASSERT(vector.contains(dot.origin) && vector.at(dot.origin) >= dot.counter);
            }
        });
    });
}

TEST_CASE("L9: a dot that died never lives again", "[crdt][laws]") {
    holds([](Type type) {
        Play play = drawn_play(type);
        std::map<std::size_t, std::set<Dot>> lived;
        std::map<std::size_t, std::set<Dot>> died;
        play.run([&](Play& it, std::size_t node) {
            const std::set<Dot> live = live_dots(it.world.store(node));
            for (const Dot& dot : live) RC_ASSERT_FALSE(died[node].contains(dot));
            for (const Dot& dot : lived[node]) {
                if (!live.contains(dot)) died[node].insert(dot);
            }
            lived[node].insert(live.begin(), live.end());
        });
    });
}

TEST_CASE("L10: an operation ends exactly what its writer had seen, at every step",
          "[crdt][laws]") {
    holds([](Type type) {
        Play play = drawn_play(type);
        play.run([](Play& it, std::size_t node) {
            const Store& store = it.world.store(node);
            RC_ASSERT(shown_by(store) == it.model.shown(vector_of(store)));
        });
    });
}

TEST_CASE("a store read back from its records is the same store", "[crdt][laws]") {
    holds([](Type type) {
        Play play = drawn_play(type);
        play.run();
        for (std::size_t node = 0; node < play.world.size(); ++node) {
            const auto views = play.world.store(node).list("", "", ~std::size_t{0});
            const auto heads = play.world.store(node).heads();
            const auto root = play.world.store(node).root();
            play.world.restart(node);
            RC_ASSERT(play.world.store(node).list("", "", ~std::size_t{0}) == views);
            RC_ASSERT(play.world.store(node).heads() == heads);
            RC_ASSERT(play.world.store(node).root() == root);
        }
    });
}

TEST_CASE("equal roots go with equal states, at every step", "[crdt][laws]") {
    holds([](Type type) {
        Play play = drawn_play(type);
        play.run([](Play& it, std::size_t node) {
            const Store& a = it.world.store(node);
            for (std::size_t other = 0; other < it.world.size(); ++other) {
                const Store& b = it.world.store(other);
                RC_ASSERT((a.root() == b.root()) == (vector_of(a) == vector_of(b)));
                if (a.root() == b.root()) RC_ASSERT(shown_by(a) == shown_by(b));
            }
        });
    });
}

TEST_CASE("all nodes agree once everything is delivered", "[crdt][laws]") {
    holds([](Type type) {
        Play play = drawn_play(type);
        play.run();
        play.world.heal();
        RC_ASSERT(play.world.settle());
        for (std::size_t node = 0; node < play.world.size(); ++node) {
            Store& store = play.world.store(node);
            RC_ASSERT(shown_by(store) == play.model.shown(vector_of(store)));
            RC_ASSERT(store.waiting() == 0U);
        }
    });
}

// Causal delivery over all keys: an effect is never seen without its cause.
TEST_CASE("nothing is delivered before what its writer had delivered", "[crdt][laws]") {
    holds([](Type type) {
        Play play = drawn_play(type);
        play.run([](Play& it, std::size_t node) {
            RC_ASSERT(it.model.is_causal(vector_of(it.world.store(node))));
        });
    });
}

// What watchers are told, applied one after another, is what a reader sees.
TEST_CASE("changes in order lead to the values that are read", "[crdt][laws]") {
    holds([](Type type) {
        Play play = drawn_play(type);
        std::map<std::size_t, std::map<std::pair<std::string, std::string>, Bytes>> told;
        play.run([&](Play& it, std::size_t node) {
            for (std::size_t i = 0; i < it.world.size(); ++i) {
                for (const Change& change : it.world.store(i).take_changes()) {
                    auto& entry = told[i][{change.key, std::string(text_of(change.element))}];
                    RC_ASSERT(entry == change.before.value_or(Bytes{}));
                    entry = change.after.value_or(Bytes{});
                }
            }
            for (const View& view : it.world.store(node).list("", "", ~std::size_t{0})) {
                if (view.type == Type::set) continue;
                RC_ASSERT((told[node][{view.key, {}}]) == view.value);
            }
        });
    });
}

}  // namespace
}  // namespace starling::crdt
