#include "tests/quorum/mesh.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace starling::quorum::calls_test {
namespace {

using namespace std::chrono_literals;

struct Story : Mesh {
    explicit Story(std::size_t nodes = 3) : Mesh(nodes) {}

    const CallEnded& cas(std::size_t node, CasRequest request, const std::string& name = "x") {
        at(node).cas(caller(name), std::move(request), now, out);
        after(node);
        return end();
    }

    const CallEnded& put(std::size_t node, const std::string& value) {
        return cas(node, {std::nullopt, bytes_of(value), {}, false});
    }

    const CallEnded& named(std::size_t node, const std::string& operation, const std::string& value,
                           bool retried = false) {
        return cas(node, {std::nullopt, bytes_of(value), receipt_of(view_of(operation)), retried});
    }

    const CallEnded& read(std::size_t node, const std::string& name = "x") {
        at(node).read(caller(name), now, out);
        after(node);
        return end();
    }

    const CallEnded& settle(std::size_t node, const Receipt& receipt) {
        at(node).settle(caller("x"), receipt, now, out);
        after(node);
        return end();
    }
};

std::string value_of(const CallEnded& ended) {
    const auto* value = std::get_if<Bytes>(&ended.snapshot.contents);
    return value == nullptr ? "" : std::string(text_of(*value));
}

TEST_CASE("a register nobody wrote is absent at version zero", "[quorum][calls]") {
    Story story;
    const CallEnded& ended = story.read(0);
    CHECK(ended.outcome == Outcome::applied);
    CHECK(ended.version == 0);
    CHECK(std::holds_alternative<std::monostate>(ended.snapshot.contents));
}

TEST_CASE("a cas at the expected version makes the next one", "[quorum][calls]") {
    Story story;
    const CallEnded made = story.cas(0, {0, bytes_of("a"), {}, false});
    CHECK(made.outcome == Outcome::applied);
    const CallEnded next = story.cas(1, {made.version, bytes_of("b"), {}, false});
    CHECK(next.version == made.version + 1);
    CHECK(value_of(story.read(2)) == "b");
}

TEST_CASE("a cas at another version shows what stands there", "[quorum][calls]") {
    Story story;
    const CallEnded made = story.put(0, "a");
    const CallEnded refused = story.cas(1, {made.version + 1, bytes_of("b"), {}, false});
    CHECK(refused.reason == Reason::version_mismatch);
    CHECK(refused.version == made.version);
    CHECK(value_of(refused) == "a");
}

TEST_CASE("a removed value leaves its version behind", "[quorum][calls]") {
    Story story;
    const CallEnded made = story.put(0, "a");
    const CallEnded removed = story.cas(1, {made.version, std::nullopt, {}, false});
    CHECK(removed.version == made.version + 1);
    CHECK(story.read(2).version == removed.version);
    CHECK(value_of(story.read(2)).empty());
    CHECK(story.cas(0, {0, bytes_of("b"), {}, false}).reason == Reason::version_mismatch);
}

TEST_CASE("an operation asked for again elsewhere is applied once", "[quorum][calls]") {
    Story story;
    const CallEnded first = story.named(0, "client#1", "a");
    const CallEnded again = story.named(1, "client#1", "a", true);
    CHECK(again.outcome == Outcome::applied);
    CHECK(again.version == first.version);
    CHECK(story.read(2).version == first.version);
}

TEST_CASE("an operation below what its stream has finished is refused as expired",
          "[quorum][calls]") {
    Story story;
    story.named(0, "client#1", "a");
    story.named(0, "client#2", "b");
    const CallEnded& late = story.named(1, "client#1", "a", true);
    CHECK(late.outcome == Outcome::unknown);
    CHECK(late.reason == Reason::expired);
    CHECK(value_of(story.read(2)) == "b");
}

TEST_CASE("a settled operation that did not happen never will", "[quorum][calls]") {
    Story story;
    const Receipt receipt{{"client", 1}, 0};
    CHECK(story.settle(0, receipt).outcome == Outcome::not_applied);
    const CallEnded& late = story.named(1, "client#1", "a");
    CHECK(late.outcome == Outcome::not_applied);
    CHECK(late.reason == Reason::cancelled);
}

TEST_CASE("a remembered refusal shows the version and the value that stand now",
          "[quorum][calls]") {
    Story story;
    const CallEnded made = story.put(0, "a");
    const CasRequest late{made.version + 1, bytes_of("b"), receipt_of(view_of("client#1")), true};
    CHECK(story.cas(1, late).reason == Reason::version_mismatch);
    const CallEnded now = story.put(2, "c");
    const CallEnded& again = story.cas(0, late);
    CHECK(again.outcome == Outcome::not_applied);
    CHECK(again.version == now.version);
    CHECK(value_of(again) == "c");
}

TEST_CASE("a settled operation that happened tells its version", "[quorum][calls]") {
    Story story;
    const CallEnded made = story.named(0, "client#1", "a");
    const CallEnded settled = story.settle(1, made.receipt);
    CHECK(settled.outcome == Outcome::applied);
    CHECK(settled.version == made.version);
}

TEST_CASE("the name of an operation brings its receipt back", "[quorum][calls]") {
    const NodeId node = Story().id(0);
    for (const Receipt& receipt : {Receipt{{"client", 7}, 0}, Receipt{{"once", 0}, 0},
                                   Receipt{{stream_of(node, {9}), 12}, 640}}) {
        const Bytes name = operation_name(receipt);
        CHECK(name.size() <= limits::operation_stream_bytes);
        CHECK(receipt_of(name) == receipt);
    }
    CHECK(receipt_of(view_of("x#007"))->id == OpId{"x#007", 0});
    CHECK(receipt_of(view_of("x#0"))->id == OpId{"x#0", 0});
}

TEST_CASE("names of no operation are told from names", "[quorum][calls][bounds]") {
    CHECK_FALSE(receipt_of({}).has_value());
    CHECK(receipt_of(bytes_of(std::string(64, 'x'))).has_value());
    CHECK_FALSE(receipt_of(bytes_of(std::string(65, 'x'))).has_value());
    CHECK_FALSE(receipt_of(bytes_of(std::string(1, '\0') + "short")).has_value());
}

TEST_CASE("a value of exactly the limit is kept, and one byte more refused",
          "[quorum][calls][bounds]") {
    Story story;
    const std::string largest(limits::encoded_value_bytes, 'v');
    CHECK(story.put(0, largest).outcome == Outcome::applied);
    CHECK(value_of(story.read(1)) == largest);
    CHECK(story.put(0, largest + 'v').reason == Reason::too_large);
}

TEST_CASE("a name of exactly the limit is a name, and one byte more is none",
          "[quorum][calls][bounds]") {
    Story story;
    const std::string longest(limits::key_bytes, 'n');
    CHECK(story.cas(0, {0, bytes_of("v"), {}, false}, longest).outcome == Outcome::applied);
    CHECK(story.cas(0, {0, bytes_of("v"), {}, false}, longest + 'n').reason == Reason::bad_name);
    CHECK(story.read(0, "").reason == Reason::bad_name);
}

TEST_CASE("the window takes so many streams and then refuses, until they are old enough",
          "[quorum][calls][bounds]") {
    Story story;
    for (std::size_t i = 0; i < limits::register_window; ++i) {
        CHECK(story.named(0, "once" + std::to_string(i), "v").outcome == Outcome::applied);
    }
    CHECK(story.named(0, "one more", "v").reason == Reason::overloaded);
    story.run(2 * limits::operation_lifetime + 2s);
    CHECK(story.named(0, "later", "v").outcome == Outcome::applied);
    const CallEnded& old = story.settle(1, {{"once0", 0}, 0});
    CHECK(old.reason == Reason::expired);
}

TEST_CASE("a numbered stream never fills the window", "[quorum][calls][bounds]") {
    Story story;
    for (int i = 1; i <= 300; ++i) {
        const std::string name = "client#" + std::to_string(i);
        REQUIRE(story.named(static_cast<std::size_t>(i % 3), name, "v").outcome ==
                Outcome::applied);
    }
}

TEST_CASE("calls on one register beyond the waiting room are told at once",
          "[quorum][calls][bounds]") {
    Story story;
    for (std::size_t i = 0; i <= limits::register_waiting; ++i) {
        story.at(0).cas(story.caller("x"), {std::nullopt, bytes_of("v"), {}, false}, story.now,
                        story.out);
        story.after(0);
    }
    CHECK(story.end().reason == Reason::overloaded);
    story.run(2s);
    CHECK(story.ended.size() == limits::register_waiting + 1);
    CHECK(story.ended.at(limits::register_waiting).outcome == Outcome::applied);
}

TEST_CASE("operations beyond what one node keeps waiting are told at once",
          "[quorum][calls][bounds]") {
    Story story;
    for (std::size_t i = 0; i <= limits::operations_waiting; ++i) {
        story.at(0).cas(story.caller("x" + std::to_string(i)),
                        {std::nullopt, bytes_of("v"), {}, false}, story.now, story.out);
        story.out.clear();  // nobody hears
    }
    story.after(0);
    CHECK(story.end().reason == Reason::overloaded);
    CHECK(story.ended.size() == 1);
}

TEST_CASE("operations waiting together share rounds", "[quorum][calls]") {
    Story story;
    for (int i = 0; i < 60; ++i) {
        story.at(0).cas(story.caller("x"), {std::nullopt, bytes_of("v"), {}, false}, story.now,
                        story.out);
        story.after(0);
    }
    story.run(20ms);  // ten round trips at most
    CHECK(story.ended.size() == 60);
}

TEST_CASE("a caller that goes away gets no answer, and its operation still happens",
          "[quorum][calls]") {
    Story story;
    story.at(0).cas(story.caller("x"), {0, bytes_of("v"), {}, false}, story.now, story.out);
    story.after(0);
    story.at(0).on_call_ended(story.latest());
    story.run(1s);
    CHECK(story.ended.empty());
    CHECK(value_of(story.read(1)) == "v");
}

TEST_CASE("a minority gets no_quorum by its deadline and the majority goes on", "[quorum][calls]") {
    Story story(5);
    story.put(0, "before");
    story.cut(0);
    story.cut(1);
    const BootTime asked = story.now.boot_time;
    CHECK(story.put(0, "cut off").reason == Reason::no_quorum);
    CHECK(story.now.boot_time <= asked + 5s + 10ms);
    CHECK(story.read(1).reason == Reason::no_quorum);
    CHECK(story.put(2, "after").outcome == Outcome::applied);
    story.heal();
    CHECK(value_of(story.read(0)) == "after");
}

TEST_CASE("killing a voter delays the next operation by no timer", "[quorum][calls]") {
    Story story(5);
    story.put(1, "before");
    story.crash(0);
    const BootTime asked = story.now.boot_time;
    story.put(2, "after");
    CHECK(story.now.boot_time - asked <= 8ms);  // at most four hops each way
}

TEST_CASE("ticks that come early or twice change nothing", "[quorum][calls]") {
    Story story;
    story.at(0).cas(story.caller("x"), {0, bytes_of("v"), {}, false}, story.now, story.out);
    story.after(0);
    for (int i = 0; i < 3; ++i) story.at(0).on_tick(story.now, story.out);
    CHECK(story.out.outgoing().empty());
    CHECK(story.end().outcome == Outcome::applied);
    CHECK_FALSE(story.at(0).next_deadline().has_value());
}

}  // namespace
}  // namespace starling::quorum::calls_test
