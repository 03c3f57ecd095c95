#include "base/limits.hpp"
#include "base/rng.hpp"
#include "tests/gossip/mesh_test_world.hpp"

namespace starling::gossip::heartbeats_test {
namespace {

const NodeId bob_id = test_key(bob).id();
const NodeId eve_id = test_key(eve).id();
const NodeId dan_id = test_key(dan).id();
const NodeId fay_id = test_key(fay).id();
constexpr Duration period = limits::heartbeat_period;
constexpr Duration trip = 1ms;
constexpr Duration ack = trip + limits::ack_timeout_min;

// Four subjects with links.
Heartbeats strangers(JudgeTime now) {
    Heartbeats heartbeats{now};
    const std::array subjects = {bob_id, eve_id, dan_id, fay_id};
    heartbeats.watch(subjects, now);
    for (const NodeId& each : subjects) heartbeats.on_link_up(each, now);
    return heartbeats;
}

// Each of them answered a ping before zero, and was heard at zero.
Heartbeats four() {
    Heartbeats heartbeats = strangers(-5 * period);
    for (JudgeTime now = -4 * period; now < JudgeTime{}; now += period) {
        for (const NodeId& each : heartbeats.tick(now).pings) {
            heartbeats.on_pong(each, heartbeats.sequence_of(each), now + trip);
            heartbeats.on_heard(each, now + trip);
        }
    }
    for (const NodeId& each : {bob_id, eve_id, dan_id, fay_id}) heartbeats.on_heard(each, 0ms);
    return heartbeats;
}

TEST_CASE("a subject heard within the period is not pinged", "[gossip][heartbeats]") {
    Heartbeats heartbeats = four();
    CHECK(heartbeats.tick(period - 1ms).pings.empty());
    for (const NodeId& each : {bob_id, eve_id, dan_id, fay_id}) {
        heartbeats.on_heard(each, period - 1ms);
    }
    CHECK(heartbeats.tick(period).pings.empty());
    CHECK(heartbeats.deadline(period) == 2 * period - 1ms);
}

TEST_CASE("one ping a period goes to who was touched longest ago", "[gossip][heartbeats]") {
    Heartbeats heartbeats = four();
    std::set<NodeId> pinged;
    for (int round = 1; round <= 4; ++round) {
        const auto due = heartbeats.tick(round * period);
        REQUIRE(due.pings.size() == 1);
        pinged.insert(due.pings[0]);
        heartbeats.on_heard(due.pings[0], round * period + 1ms);
        CHECK(heartbeats.tick(round * period + 1ms).pings.empty());
    }
    CHECK(pinged.size() == 4);
}

TEST_CASE("who answers no ping is silent once others proved that I hear", "[gossip][heartbeats]") {
    Heartbeats heartbeats = four();
    const NodeId silent = heartbeats.tick(period).pings.at(0);
    // Overdue: the others are asked before anybody is accused.
    const auto doubt = heartbeats.tick(period + ack);
    CHECK(doubt.silent.empty());
    CHECK(doubt.pings.size() == 3);
    for (const NodeId& each : doubt.pings) heartbeats.on_heard(each, period + ack + 2ms);
    CHECK(heartbeats.tick(period + ack + 2ms).silent == std::vector{silent});
    CHECK(heartbeats.tick(period + ack + 2ms).silent.empty());
    CHECK(heartbeats.is_accused_by_me(silent));
    CHECK(heartbeats.on_heard(silent, period + 2 * ack) == Heard::recovered);
}

TEST_CASE("while most are silent I am isolated and accuse nobody", "[gossip][heartbeats]") {
    Heartbeats heartbeats = four();
    JudgeTime now = period;
    std::size_t accused = 0;
    for (; now < limits::suspicion_max; now += 50ms) accused += heartbeats.tick(now).silent.size();
    CHECK(accused == 0);
    CHECK(heartbeats.is_isolated());
    CHECK_FALSE(heartbeats.may_publish(now));
    for (; now < 2 * limits::suspicion_max; now += 50ms) {
        accused += heartbeats.tick(now).silent.size();
    }
    CHECK(accused == 4);
}

TEST_CASE("two links are too few to call oneself isolated", "[gossip][heartbeats]") {
    Heartbeats heartbeats{JudgeTime{}};
    heartbeats.watch(std::array{bob_id, eve_id}, 0ms);
    for (const NodeId& each : {bob_id, eve_id}) heartbeats.on_link_up(each, 0ms);
    std::size_t accused = 0;
    for (JudgeTime now = period; now < 3s; now += 50ms) {
        accused += heartbeats.tick(now).silent.size();
    }
    CHECK(accused == 2);
    CHECK_FALSE(heartbeats.is_isolated());
}

TEST_CASE("refused is not silent", "[gossip][heartbeats]") {
    Heartbeats heartbeats = four();
    for (const NodeId& each : {bob_id, eve_id, dan_id}) CHECK(heartbeats.on_refused(each));
    CHECK_FALSE(heartbeats.on_refused(bob_id));
    for (JudgeTime now = period; now < 5s; now += 50ms) {
        heartbeats.on_heard(fay_id, now);
        static_cast<void>(heartbeats.tick(now));
    }
    CHECK_FALSE(heartbeats.is_isolated());
    CHECK(heartbeats.votes().size() == 4);
}

TEST_CASE("frames left in the sockets of a refused process are no life", "[gossip][heartbeats]") {
    Heartbeats heartbeats = four();
    heartbeats.on_refused(bob_id);
    heartbeats.on_heard(bob_id, 10ms);
    CHECK(heartbeats.is_accused_by_me(bob_id));
    CHECK(heartbeats.on_hello(bob_id, 20ms) == Heard::recovered);
    CHECK_FALSE(heartbeats.is_accused_by_me(bob_id));
}

TEST_CASE("an accusation is answered at once by who heard the accused just now",
          "[gossip][heartbeats]") {
    Heartbeats heartbeats = four();
    CHECK(heartbeats.on_accused(bob_id, ack));
    CHECK_FALSE(heartbeats.on_accused(eve_id, ack + 1ms));
    CHECK(heartbeats.tick(ack + 1ms).pings == std::vector{eve_id});
    CHECK(heartbeats.on_heard(eve_id, ack + 2ms) == Heard::answered);
}

TEST_CASE("who is asked is pinged once, even while the clock stands still",
          "[gossip][heartbeats]") {
    Heartbeats heartbeats = four();
    const std::uint32_t before = heartbeats.last_ping();
    heartbeats.ask(bob_id, before);
    CHECK(heartbeats.tick(5ms).pings == std::vector{bob_id});
    heartbeats.ask(bob_id, before);
    CHECK(heartbeats.tick(5ms).pings.empty());
}

TEST_CASE("only the answer to a later ping answers a question", "[gossip][heartbeats]") {
    Heartbeats heartbeats = four();
    const std::uint32_t before = heartbeats.last_ping();
    heartbeats.on_pong(bob_id, heartbeats.sequence_of(bob_id), 5ms);
    heartbeats.ask(bob_id, before);
    REQUIRE(heartbeats.tick(5ms).pings == std::vector{bob_id});
    heartbeats.on_heard(bob_id, 6ms);
    CHECK_FALSE(heartbeats.has_answered(bob_id, before));
    heartbeats.on_pong(bob_id, heartbeats.sequence_of(bob_id), 7ms);
    CHECK(heartbeats.has_answered(bob_id, before));
}

TEST_CASE("a subject never linked has the time of a dial", "[gossip][heartbeats]") {
    Heartbeats heartbeats{JudgeTime{}};
    heartbeats.watch(std::array{bob_id}, 0ms);
    const JudgeTime patience = limits::dial_timeout + period;
    for (JudgeTime now{}; now < patience; now += 50ms) {
        CHECK(heartbeats.tick(now).silent.empty());
    }
    CHECK(heartbeats.tick(patience).silent == std::vector{bob_id});
}

TEST_CASE("the ack timeout follows the round trips within its bounds", "[gossip][heartbeats]") {
    Heartbeats heartbeats{JudgeTime{}};
    heartbeats.watch(std::array{bob_id}, 0ms);
    CHECK(heartbeats.ack_timeout(bob_id) == limits::heartbeat_period);
    const auto pong_after = [&](JudgeTime now, Duration delay) {
        static_cast<void>(heartbeats.tick(now));
        heartbeats.on_pong(bob_id, heartbeats.sequence_of(bob_id), now + delay);
        heartbeats.on_heard(bob_id, now + delay);
    };
    pong_after(period, 150ms);
    CHECK(heartbeats.ack_timeout(bob_id) == 450ms);
    pong_after(3 * period, 400ms);
    CHECK(heartbeats.ack_timeout(bob_id) == limits::heartbeat_period);
    for (int i = 2; i < 100; ++i) pong_after(2 * i * period + period, 200ms);
    const Duration learned = heartbeats.ack_timeout(bob_id);
    CHECK(learned > 440ms);
    CHECK(learned <= 450ms);
    heartbeats.renew(bob_id, 300 * period);
    CHECK(heartbeats.ack_timeout(bob_id) == learned);
}

TEST_CASE("on a far and steady path a frame that is sent twice makes nobody silent",
          "[gossip][heartbeats]") {
    Heartbeats heartbeats{JudgeTime{}};
    heartbeats.watch(std::array{bob_id}, 0ms);
    heartbeats.on_link_up(bob_id, 0ms);
    const auto silent_after = [&](JudgeTime asked, Duration delay) {
        static_cast<void>(heartbeats.tick(asked));
        const bool silent = !heartbeats.tick(asked + delay).silent.empty();
        heartbeats.on_pong(bob_id, heartbeats.sequence_of(bob_id), asked + delay);
        heartbeats.on_heard(bob_id, asked + delay);
        return silent;
    };
    for (int i = 1; i < 100; ++i) REQUIRE(!silent_after(i * 2 * period, 240ms));
    CHECK(!silent_after(200 * period, 240ms + 200ms));
}

TEST_CASE("the round trip is that of the middle one of those who answered",
          "[gossip][heartbeats]") {
    Heartbeats heartbeats = strangers(0ms);
    CHECK(heartbeats.round_trip().typical == 0ms);
    Duration delay = 10ms;
    for (int round = 1; round <= 3; ++round) {
        const JudgeTime now = round * period;
        const NodeId pinged = heartbeats.tick(now).pings.at(0);
        heartbeats.on_pong(pinged, heartbeats.sequence_of(pinged), now + delay);
        heartbeats.on_heard(pinged, now + delay);
        delay += 10ms;
    }
    CHECK(heartbeats.round_trip().typical == 20ms);
    CHECK(heartbeats.round_trip().deviation == 10ms);
    CHECK(heartbeats.farthest() == 30ms);
}

// Something that comes in, or nothing.
void change(Heartbeats& heartbeats, Rng rng, JudgeTime now) {
    const std::array subjects = {bob_id, eve_id, dan_id, fay_id};
    const NodeId& subject = subjects.at(static_cast<std::size_t>(rng.below(subjects.size())));
    const std::uint32_t sequence = heartbeats.sequence_of(subject);
    switch (rng.below(60)) {
        case 0:
            return heartbeats.renew(subject, now);
        case 1:
            heartbeats.on_refused(subject);
            return;
        case 2:
            heartbeats.on_link_up(subject, now);
            return;
        case 3:
            return heartbeats.ask(subject, sequence);
        case 4:
            heartbeats.on_accused(subject, now);
            return;
        case 5:
            return heartbeats.on_pong(subject, sequence, now);
        case 6:
            heartbeats.on_heard(subject, now);
            return;
        default:
            return;
    }
}

TEST_CASE("who looks only when something is due misses nothing", "[gossip][heartbeats]") {
    std::size_t silent = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        Heartbeats idle{JudgeTime{}};  // nobody is linked yet
        Heartbeats busy = idle;
        std::vector subjects = {bob_id, eve_id, dan_id};
        idle.watch(subjects, JudgeTime{});
        busy.watch(subjects, JudgeTime{});
        for (JudgeTime now{}; now < 40s; now += 10ms) {
            const Rng rng(seed, static_cast<std::uint64_t>(now / 10ms));
            change(idle, rng, now);
            change(busy, rng, now);
            if (now == 20s) subjects = {dan_id, fay_id};
            if (now == 20s) idle.watch(subjects, now);
            busy.watch(subjects, now);  // each of these two makes it look
            busy.on_pong(dan_id, 0, now);
            const auto due = idle.tick(now);
            const auto expected = busy.tick(now);
            REQUIRE(due.pings == expected.pings);
            REQUIRE(due.silent == expected.silent);
            REQUIRE(idle.deadline(now) == busy.deadline(now));
            silent += due.silent.size();
        }
    }
    CHECK(silent > 100);
}

}  // namespace
}  // namespace starling::gossip::heartbeats_test
