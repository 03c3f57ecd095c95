#include "tests/quorum/mesh.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace starling::quorum::lease_test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t ann = 0;
constexpr std::size_t bob = 1;

struct Story : Mesh {
    Story() : Mesh(3) {}

    CallId ask(std::size_t node, Duration term, bool wait = false, Duration within = 5s,
               const std::string& agent = "") {
        at(node).acquire(caller("door", within), {agent, "", term, wait}, now, out);
        after(node);
        return latest();
    }

    const CallEnded& acquire(std::size_t node, Duration term, const std::string& agent = "") {
        return end_of(ask(node, term, false, 5s, agent));
    }

    const CallEnded& renew(std::size_t node, std::uint64_t fence,
                           std::optional<Duration> term = std::nullopt) {
        at(node).renew(caller("door"), fence, term, now, out);
        after(node);
        return end();
    }

    const CallEnded& release(std::size_t node, std::uint64_t fence) {
        at(node).release(caller("door"), fence, now, out);
        after(node);
        return end();
    }

    const CallEnded& show(std::size_t node) {
        at(node).show_lease(caller("door"), now, out);
        after(node);
        return end();
    }
};

std::uint64_t fence_of(const CallEnded& ended) {
    return std::get<Lease>(ended.snapshot.contents).fence;
}

TEST_CASE("a free lease is granted, and another node is told who holds it", "[quorum][lease]") {
    Story story;
    CHECK(story.acquire(ann, 3s).outcome == Outcome::applied);
    const CallEnded& refused = story.acquire(bob, 3s);
    CHECK(refused.reason == Reason::held);
    CHECK(std::get<Lease>(refused.snapshot.contents).holder.node == story.id(ann));
}

TEST_CASE("a holder relies on its lease from before it asked", "[quorum][lease]") {
    Story story;
    const BootTime asked = story.now.boot_time;
    const CallEnded& granted = story.acquire(ann, 3s);
    CHECK(granted.valid_until == asked + held_for(3s));
}

TEST_CASE("the fence is the version at the grant and stays over renewals", "[quorum][lease]") {
    Story story;
    const CallEnded granted = story.acquire(ann, 3s);
    const CallEnded renewed = story.renew(ann, fence_of(granted));
    CHECK(fence_of(granted) == granted.version);
    CHECK(fence_of(renewed) == granted.version);
    CHECK(renewed.version == granted.version + 1);
}

TEST_CASE("every grant raises the fence", "[quorum][lease]") {
    Story story;
    const std::uint64_t first = fence_of(story.acquire(ann, 3s));
    CHECK(story.release(ann, first).outcome == Outcome::applied);
    CHECK(fence_of(story.acquire(bob, 3s)) > first);
}

TEST_CASE("a lease that is not renewed is taken over, not before its time", "[quorum][lease]") {
    Story story;
    const CallEnded granted = story.acquire(ann, 2s);
    const CallId waiting = story.ask(bob, 2s, true, 20s);
    while (!story.has_ended(waiting)) story.run(1ms);
    const CallEnded& taken = story.end_of(waiting);
    CHECK(taken.outcome == Outcome::applied);
    CHECK(story.now.boot_time > *granted.valid_until);
    CHECK(story.now.boot_time < *granted.valid_until + 500ms);
    CHECK(fence_of(taken) > fence_of(granted));
}

TEST_CASE("a lease that is renewed in time is not taken over", "[quorum][lease]") {
    Story story;
    const std::uint64_t fence = fence_of(story.acquire(ann, 900ms));
    const CallId waiting = story.ask(bob, 900ms, true, 12s);
    for (int i = 0; i < 20; ++i) {
        story.run(250ms);
        CHECK(story.renew(ann, fence).outcome == Outcome::applied);
        CHECK_FALSE(story.has_ended(waiting));
    }
    story.run(3s);
    CHECK(story.end_of(waiting).outcome == Outcome::applied);
}

TEST_CASE("a waiting challenger that runs out of time is told who holds it", "[quorum][lease]") {
    Story story;
    story.acquire(ann, 60s);
    const CallEnded& ended = story.end_of(story.ask(bob, 3s, true, 2s));
    CHECK(ended.outcome == Outcome::not_applied);
    CHECK(ended.reason == Reason::held);
}

TEST_CASE("a released lease goes to whoever waits", "[quorum][lease]") {
    Story story;
    const std::uint64_t fence = fence_of(story.acquire(ann, 60s));
    const CallId waiting = story.ask(bob, 3s, true, 30s);
    story.run(2s);
    story.release(ann, fence);
    story.run(1100ms);
    CHECK(story.has_ended(waiting));
}

TEST_CASE("a former holder can neither renew nor release", "[quorum][lease]") {
    Story story;
    const std::uint64_t old = fence_of(story.acquire(ann, 500ms));
    story.end_of(story.ask(bob, 3s, true, 20s));
    CHECK(story.renew(ann, old).reason == Reason::not_holder);
    CHECK(story.release(ann, old).reason == Reason::not_holder);
}

TEST_CASE("a restarted node takes its own old lease at once, under a new fence",
          "[quorum][lease]") {
    Story story;
    const std::uint64_t old = fence_of(story.acquire(ann, 60s));
    story.crash(ann);
    story.run(100ms);
    story.restart(ann);
    const CallEnded& again = story.acquire(ann, 60s);
    CHECK(again.outcome == Outcome::applied);
    CHECK(fence_of(again) > old);
}

TEST_CASE("two agents of one node do not share a lease", "[quorum][lease]") {
    Story story;
    const std::uint64_t fence = fence_of(story.acquire(ann, 3s, "painter"));
    CHECK(story.acquire(ann, 3s, "plumber").reason == Reason::held);
    CHECK(fence_of(story.acquire(ann, 3s, "painter")) == fence);
}

TEST_CASE("a holder that is cut off stops at its own end, and the next comes after it",
          "[quorum][lease]") {
    Story story;
    const CallEnded granted = story.acquire(ann, 1s);
    story.cut(ann);
    const CallEnded& taken = story.end_of(story.ask(bob, 1s, true, 20s));
    CHECK(taken.outcome == Outcome::applied);
    CHECK(story.now.boot_time > *granted.valid_until);
    story.heal();
    CHECK(story.renew(ann, fence_of(granted)).reason == Reason::not_holder);
}

TEST_CASE("showing a lease says for how long only to its holder", "[quorum][lease]") {
    Story story;
    const CallEnded granted = story.acquire(ann, 3s);
    CHECK(story.show(ann).valid_until == granted.valid_until);
    CHECK_FALSE(story.show(bob).valid_until.has_value());
    story.run(4s);
    CHECK_FALSE(story.show(ann).valid_until.has_value());
}

TEST_CASE("a renewal may bring a new term", "[quorum][lease]") {
    Story story;
    const std::uint64_t fence = fence_of(story.acquire(ann, 3s));
    const CallEnded renewed = story.renew(ann, fence, 10s);
    CHECK(std::get<Lease>(renewed.snapshot.contents).term == 10s);
}

TEST_CASE("terms at the bounds are granted and terms past them refused",
          "[quorum][lease][bounds]") {
    Story story;
    CHECK(story.acquire(ann, limits::lease_term_min - 1ns).reason == Reason::invalid);
    CHECK(story.acquire(ann, limits::lease_term_max + 1ns).reason == Reason::invalid);
    CHECK(story.acquire(ann, limits::lease_term_min).outcome == Outcome::applied);
    CHECK(story.acquire(ann, limits::lease_term_max).outcome == Outcome::applied);
}

TEST_CASE("a slow and a fast clock within half a percent never overlap", "[quorum][lease]") {
    for (Duration term = limits::lease_term_min; term <= limits::lease_term_max; term *= 3) {
        const Duration slow = held_for(term) + held_for(term) / 250;  // the holder's is 0.4 % slow
        const Duration fast = taken_after(term) - taken_after(term) / 250;
        CHECK(slow < fast);
    }
}

TEST_CASE("the oldest of too many observed leases is forgotten", "[quorum][lease][bounds]") {
    Observations seen;
    const BootTime start{};
    for (std::size_t i = 0; i < limits::leases_observed; ++i) {
        seen.note(std::to_string(i), 1, 3s, start + Duration{static_cast<std::int64_t>(i)});
    }
    CHECK(seen.ripe_at("0").has_value());
    seen.note("one more", 1, 3s, start + 1s);
    CHECK_FALSE(seen.ripe_at("0").has_value());
    CHECK(seen.ripe_at("1").has_value());
}

}  // namespace
}  // namespace starling::quorum::lease_test
