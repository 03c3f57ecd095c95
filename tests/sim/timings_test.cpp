#include "sim/timings.hpp"

#include <catch2/catch.hpp>

#include <vector>

namespace starling::sim::timings_test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t ann = 0;
constexpr std::uint32_t bob = 1;
constexpr std::uint32_t eve = 2;
constexpr Boot boot{100};

NodeId id_of(std::uint32_t host) {
    NodeId id;
    id.bytes[0] = static_cast<std::uint8_t>(host + 1);
    return id;
}

// Three nodes that run since 0.
struct Story {
    Story() : timings({id_of(ann), id_of(bob), id_of(eve)}) {
        for (const std::uint32_t host : {ann, bob, eve}) timings.on_started(host, boot, 0s);
    }

    void traces(std::uint32_t host, Event event, std::uint64_t what, Duration now) {
        timings.on_traced(host, {event, 2, {what, 7}}, now);
    }

    void dies(std::uint32_t observer, std::uint32_t subject, Duration now) {
        traces(observer, Event::member_dead, id_of(subject).prefix(), now);
    }

    void fault(FaultKind kind, std::uint32_t host, Phase phase, Duration now) {
        Fault fault;
        fault.kind = kind;
        fault.host = host;
        timings.on_fault(fault, phase, now);
    }

    Timings timings;
};

TEST_CASE("percentiles are samples that so many of all are not above", "[sim][timings]") {
    std::vector<Duration> samples;
    for (int i = 20; i >= 1; --i) samples.emplace_back(i * 1ms);
    const Percentiles times = percentiles_of(samples);
    CHECK(times.count == 20);
    CHECK(times.p50 == 10ms);
    CHECK(times.p95 == 19ms);
    CHECK(times.max == 20ms);
    CHECK(percentiles_of({3ms}).p95 == 3ms);
    CHECK(percentiles_of({}).count == 0);
}

TEST_CASE("a batch converges at each node for itself", "[sim][timings]") {
    Story story;
    story.traces(ann, Event::batch_committed, 1, 1s);
    story.traces(bob, Event::batch_applied, 1, 1s + 2ms);
    story.traces(eve, Event::batch_applied, 1, 1s + 4ms);
    story.traces(eve, Event::batch_applied, 2, 2s);  // whose writer nobody saw
    const Percentiles times = story.timings.times().convergence;
    CHECK(times.count == 2);
    CHECK(times.p50 == 2ms);
    CHECK(times.max == 4ms);
}

TEST_CASE("only the first award of a task counts", "[sim][timings]") {
    Story story;
    story.traces(ann, Event::task_recorded, 1, 1s);
    story.traces(ann, Event::task_awarded, 1, 1s + 80ms);
    story.traces(ann, Event::task_awarded, 1, 9s);
    CHECK(story.timings.times().award.count == 1);
    CHECK(story.timings.times().award.p50 == 80ms);
}

TEST_CASE("a death is known when the last one that runs tells it", "[sim][timings]") {
    Story story;
    story.fault(FaultKind::crash, bob, Phase::begins, 10s);
    story.dies(ann, bob, 11s);
    CHECK(story.timings.times().kill_to_dead.count == 0);
    story.dies(eve, bob, 12s);
    CHECK(story.timings.times().kill_to_dead.max == 2s);
    story.timings.on_started(bob, boot, 13s);
    story.fault(FaultKind::pause, bob, Phase::begins, 20s);
    story.fault(FaultKind::crash, eve, Phase::begins, 21s);
    story.dies(ann, bob, 25s);
    CHECK(story.timings.times().stop_to_dead.max == 5s);
}

TEST_CASE("a death that some did not tell in time is no sample", "[sim][timings]") {
    Story story;
    story.fault(FaultKind::pause, bob, Phase::begins, 10s);
    story.dies(ann, bob, 11s);
    story.fault(FaultKind::pause, bob, Phase::ends, 12s);
    story.dies(eve, bob, 12s + 1ms);
    CHECK(story.timings.times().stop_to_dead.count == 0);
}

}  // namespace
}  // namespace starling::sim::timings_test
