// Each invariant is broken once on purpose: a check that never fires proves nothing.
#include "sim/membership_check.hpp"
#include "sim/overlay_check.hpp"
#include "sim/task_check.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <string>
#include <vector>

namespace starling::sim::checks_test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t ann = 0;
constexpr std::uint32_t bob = 1;
constexpr std::uint32_t eve = 2;
constexpr std::uint32_t dan = 3;
constexpr Boot boot{100};

NodeId id_of(std::uint32_t host) {
    NodeId id;
    id.bytes[0] = static_cast<std::uint8_t>(host + 1);
    return id;
}

// Four nodes that run since 0, and what they trace.
class Story {
public:
    Story() : check({id_of(ann), id_of(bob), id_of(eve), id_of(dan)}, findings) {
        for (const std::uint32_t host : {ann, bob, eve, dan}) check.on_started(host, boot, 0s);
    }

    void traces(std::uint32_t observer, Event event, std::uint32_t subject, Duration now,
                std::uint32_t incarnation = 0) {
        check.on_traced(observer, {event, 3, {id_of(subject).prefix(), boot.value, incarnation}},
                        now);
    }

    void accuses(std::uint32_t observer, std::uint32_t subject, Duration now) {
        check.on_traced(observer, {Event::opinion_given, 3, {id_of(subject).prefix(), 1, 1}}, now);
    }

    void withdraws(std::uint32_t observer, std::uint32_t subject, Duration now) {
        check.on_traced(observer, {Event::opinion_given, 3, {id_of(subject).prefix(), 0, 2}}, now);
    }

    void hears_withdrawn(std::uint32_t host, std::uint32_t observer, std::uint32_t subject,
                         Duration now) {
        const auto of = id_of(subject).prefix();
        check.on_traced(host, {Event::opinion_heard, 3, {of, id_of(observer).prefix(), 0}}, now);
    }

    void fault(FaultKind kind, std::uint32_t host, Duration now, Phase phase = Phase::begins) {
        Fault fault;
        fault.kind = kind;
        fault.host = host;
        check.on_fault(fault, phase, now);
    }

    void looks(Duration now) {
        if (check.next_time() && *check.next_time() <= now) check.on_time(now);
    }

    [[nodiscard]] std::vector<std::string> broken() const {
        std::vector<std::string> names;
        for (const auto& [name, result] : findings.results()) {
            if (result.violations > 0) names.push_back(name);
        }
        return names;
    }

    Findings findings;
    MembershipCheck check;
};

using Names = std::vector<std::string>;

TEST_CASE("a crash that everybody notices breaks nothing", "[sim][checks]") {
    Story story;
    story.fault(FaultKind::crash, bob, 10s);
    for (const std::uint32_t observer : {ann, eve, dan}) {
        story.accuses(observer, bob, 11s);
        story.traces(observer, Event::member_dead, bob, 12s);
    }
    story.looks(30s);
    CHECK(story.broken().empty());
    CHECK(story.check.notice_ms() == std::map<std::int64_t, std::uint64_t>{{2000, 3}});
}

TEST_CASE("who crashes before it met anybody is missed by nobody", "[sim][checks]") {
    Story story;
    story.fault(FaultKind::crash, bob, 10s);
    story.looks(30s);
    CHECK(story.broken().empty());
}

TEST_CASE("a crash that one observer does not notice is found", "[sim][checks]") {
    Story story;
    story.fault(FaultKind::crash, bob, 10s);
    story.traces(ann, Event::member_dead, bob, 12s);
    story.traces(eve, Event::member_dead, bob, 12s);
    story.looks(30s);
    CHECK(story.broken() == Names{"crash_is_noticed"});
}

TEST_CASE("the death of a node that runs is found", "[sim][checks]") {
    Story story;
    story.accuses(ann, bob, 40s);
    story.accuses(eve, bob, 40s);
    story.traces(ann, Event::member_dead, bob, 40s);
    CHECK(story.broken() == Names{"no_false_death"});
}

TEST_CASE("who hears late of a death that was outbid since tells no false one", "[sim][checks]") {
    for (const bool outbid : {false, true}) {
        Story story;
        story.fault(FaultKind::pause, bob, 30s);
        story.accuses(ann, bob, 33s);
        story.accuses(eve, bob, 33s);
        story.traces(ann, Event::member_dead, bob, 33s);
        story.fault(FaultKind::pause, bob, 34s, Phase::ends);
        if (outbid) story.check.on_traced(bob, {Event::claim_refuted, 2, {boot.value, 1}}, 34s);
        story.traces(eve, Event::member_dead, bob, 300s);
        CHECK(story.broken() == (outbid ? Names{} : Names{"no_false_death"}));
    }
}

TEST_CASE("the death of a stopped node is no false one", "[sim][checks]") {
    Story story;
    story.fault(FaultKind::pause, bob, 30s);
    story.accuses(ann, bob, 33s);
    story.accuses(eve, bob, 33s);
    story.traces(ann, Event::member_dead, bob, 36s);
    CHECK(story.broken().empty());
}

TEST_CASE("a death on the word of one accuser is found", "[sim][checks]") {
    Story story;
    story.fault(FaultKind::pause, bob, 30s);
    story.accuses(ann, bob, 33s);
    story.traces(ann, Event::member_dead, bob, 36s);
    CHECK(story.broken() == Names{"one_accuser_never_kills"});
}

TEST_CASE("an accusation stands with a judge until he hears that it was withdrawn",
          "[sim][checks]") {
    for (const bool heard : {false, true}) {
        Story story;
        story.fault(FaultKind::pause, bob, 30s);
        story.accuses(ann, bob, 33s);
        story.accuses(eve, bob, 33s);
        story.withdraws(eve, bob, 35s);
        if (heard) story.hears_withdrawn(ann, eve, bob, 35s);
        story.traces(ann, Event::member_dead, bob, 36s);
        CHECK(story.broken() == (heard ? Names{"one_accuser_never_kills"} : Names{}));
    }
}

TEST_CASE("a dead member that comes back without outbidding is found", "[sim][checks]") {
    Story story;
    story.fault(FaultKind::crash, bob, 10s);
    story.traces(ann, Event::member_dead, bob, 12s);
    story.traces(ann, Event::member_alive, bob, 13s);
    CHECK(story.broken() == Names{"death_is_outbid_only"});
}

TEST_CASE("an incarnation that falls at an observer is found", "[sim][checks]") {
    Story story;
    story.check.on_traced(bob, {Event::claim_refuted, 2, {boot.value, 2}}, 5s);
    story.traces(ann, Event::member_alive, bob, 6s, 2);
    story.traces(ann, Event::member_suspect, bob, 7s, 1);
    CHECK(story.broken() == Names{"standing_never_falls"});
}

TEST_CASE("an incarnation that its subject never claimed is found", "[sim][checks]") {
    Story story;
    story.traces(ann, Event::member_alive, bob, 6s, 1);
    CHECK(story.broken() == Names{"only_subject_raises"});
}

TEST_CASE("an observer that starts again may hold less than before", "[sim][checks]") {
    Story story;
    story.check.on_traced(bob, {Event::claim_refuted, 2, {boot.value, 2}}, 5s);
    story.traces(ann, Event::member_alive, bob, 6s, 2);
    story.fault(FaultKind::crash, ann, 7s);
    story.check.on_started(ann, Boot{200}, 8s);
    story.traces(ann, Event::member_alive, bob, 9s, 1);
    CHECK(story.broken().empty());
}

TEST_CASE("an island in the overlay is found", "[sim][checks]") {
    Findings findings;
    const std::vector<std::pair<std::uint32_t, std::uint32_t>> links = {{0, 1}, {2, 3}};
    check_overlay(links, {true, true, true, true}, 1s, findings);
    CHECK_FALSE(findings.clean());
}

TEST_CASE("a stopped node is no island", "[sim][checks]") {
    Findings findings;
    const std::vector<std::pair<std::uint32_t, std::uint32_t>> links = {{0, 1}, {1, 2}};
    check_overlay(links, {true, true, true, false}, 1s, findings);
    CHECK(findings.clean());
}

TEST_CASE("two accepted awards of a task that never moved are found", "[sim][checks]") {
    const std::uint64_t moves = GENERATE(0U, 1U);
    Findings findings;
    TaskCheck check(findings);
    check.on_traced(0, {Event::task_accepted, 3, {17, 1, 5}}, Duration{1});
    check.on_traced(1, {Event::task_accepted, 3, {17, 1, 5}}, Duration{2});
    check.on_traced(1, {Event::task_accepted, 3, {18, 2, 6}}, Duration{2});
    CHECK(findings.clean());
    if (moves == 1) check.on_traced(2, {Event::task_rehomed, 3, {17, 2, 3}}, Duration{3});
    check.on_traced(2, {Event::task_accepted, 3, {17, 2, 6}}, Duration{4});
    CHECK(findings.clean() == (moves == 1));
    CHECK(findings.results().at("one_award_accepted").checks == 4);
}

}  // namespace
}  // namespace starling::sim::checks_test
