// What is excused when a disk is lost, and what is not.
#include "sim/lost_writes.hpp"

#include "tests/sim/talk.hpp"

#include <catch2/catch.hpp>

namespace starling::sim::lost_writes_test {
namespace {

using five_nodes::ann;
using five_nodes::bob;
using five_nodes::eve;
using five_nodes::id_of;

Fault fault_of(FaultKind kind, std::uint32_t host, std::uint32_t number) {
    Fault fault;
    fault.kind = kind;
    fault.host = host;
    fault.number = number;
    return fault;
}

const Fault& loss() {
    static const Fault fault = fault_of(FaultKind::lose_disk, ann, 1);
    return fault;
}

Plan plan_of(std::vector<Fault> faults) {
    Plan plan;
    plan.faults = std::move(faults);
    return plan;
}

// Ann commits her first write at 9 s, and loses her disk at 10 s if nobody says otherwise.
struct Story {
    Story() : Story(plan_of({loss()})) {}

    explicit Story(const Plan& plan) : lost(plan, five_nodes::ids()) { commits(ann, 9s); }

    void commits(std::uint32_t host, Duration now) {
        lost.on_traced(host, {Event::batch_committed, 4, write_of(host)}, now);
    }

    void applies(std::uint32_t host, Duration now) {
        lost.on_traced(host, {Event::batch_applied, 4, write_of(ann)}, now);
    }

    // Bob's records up to `batch` are made, those up to `durable` are on his disk.
    void bob_says(std::uint64_t batch, std::uint64_t durable, Duration now, Duration made) {
        says(bob, batch, durable, now, made);
    }

    void says(std::uint32_t host, std::uint64_t batch, std::uint64_t durable, Duration now,
              Duration made) {
        Told told;
        told.host = host;
        told.batch = batch;
        told.durable = durable;
        told.now = now;
        told.made = made;
        lost.on_said(told);
    }

    void loses(Duration now = 10s) { lost.on_fault(loss(), Phase::begins, now); }

    [[nodiscard]] bool may_be_gone(std::uint32_t writer = ann, std::uint64_t boot = 7) const {
        return lost.may_be_gone({id_of(writer), Boot{boot}, 1});
    }

    static std::array<std::uint64_t, 6> write_of(std::uint32_t host) {
        return {id_of(host).prefix(), 1, 1, 7};
    }

    LostWrites lost;
};

TEST_CASE("a write that one disk alone held may be gone with it", "[sim][lost_writes]") {
    Story story;
    CHECK_FALSE(story.may_be_gone());
    story.loses();
    CHECK(story.may_be_gone());
}

TEST_CASE("a write that another disk holds is not gone", "[sim][lost_writes]") {
    Story story;
    story.applies(bob, 9500ms);
    story.bob_says(4, 4, 9600ms, 9600ms);
    story.loses();
    CHECK_FALSE(story.may_be_gone());
}

TEST_CASE("a write that others know, but have on no disk yet, may be gone", "[sim][lost_writes]") {
    Story waits;
    waits.applies(bob, 9500ms);
    waits.bob_says(4, 3, 9600ms, 9600ms);
    waits.bob_says(3, 3, 9700ms, 9400ms);  // what he made before he knew
    waits.loses();
    CHECK(waits.may_be_gone());

    Story restarts;
    restarts.applies(bob, 9500ms);
    restarts.bob_says(4, 3, 9600ms, 9600ms);
    restarts.lost.on_started(bob, Boot{8}, 9700ms);
    restarts.bob_says(5, 5, 9800ms, 9800ms);
    restarts.loses();
    CHECK(restarts.may_be_gone());

    Story late;
    late.applies(bob, 9500ms);
    late.loses();
    late.bob_says(4, 4, 10100ms, 10100ms);
    CHECK(late.may_be_gone());
}

TEST_CASE("nobody else's write is gone with a disk, and none of another boot",
          "[sim][lost_writes]") {
    Story story;
    story.commits(bob, 9s);
    story.loses();
    CHECK_FALSE(story.may_be_gone(bob));
    CHECK_FALSE(story.may_be_gone(eve));
    CHECK_FALSE(story.may_be_gone(ann, 8));
}

TEST_CASE("a write after the loss is not gone", "[sim][lost_writes]") {
    Story story;
    story.loses();
    story.lost.on_traced(ann, {Event::batch_committed, 4, {id_of(ann).prefix(), 1, 1, 9}}, 11s);
    CHECK_FALSE(story.may_be_gone(ann, 9));
}

TEST_CASE("a write long before the loss is gone only if something kept it from spreading",
          "[sim][lost_writes]") {
    const auto may_be_gone = [](std::optional<Duration> pause_ends) {
        const Fault pause = fault_of(FaultKind::pause, bob, 2);
        Story story(plan_of({loss(), pause}));
        if (pause_ends) {
            story.lost.on_fault(pause, Phase::begins, 3s);
            story.lost.on_fault(pause, Phase::ends, *pause_ends);
        }
        story.loses(9s + LostWrites::spread_within + 1ms);
        return story.may_be_gone();
    };
    CHECK_FALSE(may_be_gone(std::nullopt));
    CHECK_FALSE(may_be_gone(8s));
    CHECK(may_be_gone(9500ms));
}

TEST_CASE("a write is gone with a disk that is put back to before it, not to after it",
          "[sim][lost_writes]") {
    const auto may_be_gone = [](Duration said, Duration back_to) {
        Fault back = fault_of(FaultKind::restore_disk, ann, 1);
        back.at = 10s;
        back.amount = (back.at - back_to).count();
        Story story(plan_of({back}));
        story.says(ann, 4, 4, said, 9s);
        story.lost.on_fault(back, Phase::begins, 10s);
        return story.may_be_gone();
    };
    CHECK_FALSE(may_be_gone(9100ms, 9500ms));
    CHECK(may_be_gone(9100ms, 9050ms));  // it was not known to be durable then
    CHECK(may_be_gone(9100ms, 8s));
}

TEST_CASE("where no disk is lost no write is gone, and no word is listened to",
          "[sim][lost_writes]") {
    Story story(plan_of({fault_of(FaultKind::crash, ann, 1)}));
    CHECK_FALSE(story.lost.wants_words());
    CHECK_FALSE(story.may_be_gone());
    CHECK(Story().lost.wants_words());
}

}  // namespace
}  // namespace starling::sim::lost_writes_test
