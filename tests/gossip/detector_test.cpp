#include "gossip/detector.hpp"

#include "tests/gossip/mesh_test_world.hpp"

namespace starling::gossip::detector_test {
namespace {

constexpr std::uint8_t members_count = 20;

Claim claim_of(std::uint8_t number) {
    ClaimTerms terms;
    terms.boot = Boot{1};
    return make_claim(terms, test_certificate(number), test_key(number));
}

// One node's evidence about a mesh in which everybody is a member; opinions come from outside.
struct Scene {
    Scene() {
        std::vector<NodeId> ids;
        for (std::uint8_t number = 1; number <= members_count; ++number) {
            members.merge(claim_of(number), BootTime{1h});
            ids.push_back(test_key(number).id());
        }
        std::ranges::sort(ids);
        rings = Rings(ids, 7, 3);
        heartbeats.watch(rings.subjects(self), {});
    }

    [[nodiscard]] Detector::Evidence evidence() const {
        return {self, true, members, rings, heartbeats, opinions};
    }

    NodeId self = test_key(ann).id();
    Members members{1};
    Rings rings{std::vector<NodeId>{}, 7, 3};
    Heartbeats heartbeats{JudgeTime{}};
    Opinions opinions;
};

// A random change of what one observer holds of one of its subjects.
void change_opinions(Scene& scene, Rng& rng, std::uint64_t sequence) {
    const NodeId subject = scene.rings.members()[rng.below(members_count)];
    if (rng.chance(1, 20)) return scene.opinions.drop_subject(subject);
    if (rng.chance(1, 20)) return scene.opinions.drop_observer(subject);
    const auto observers = scene.rings.observers(subject);
    const NodeId& observer = observers[rng.below(observers.size())];
    const auto vote = static_cast<Vote>(rng.below(3));
    scene.opinions.take({subject, Boot{1}, {}, observer, Boot{1}, sequence, vote});
}

auto told(const Judgement& each) {
    return std::tuple(each.subject, each.finding, each.cause, each.accusers);
}

TEST_CASE("looking at what changed finds what looking at everything finds", "[gossip][detector]") {
    std::size_t findings = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Scene scene;
        Rng rng(seed);
        Detector thorough;
        Detector thrifty;
        JudgeTime now{};
        for (std::uint64_t step = 1; step <= 400; ++step) {
            CAPTURE(seed, step);
            for (std::uint64_t i = rng.below(4); i > 0; --i) {
                change_opinions(scene, rng, step * 10 + i);
            }
            now += rng.between(0ms, 300ms);
            const auto touched = scene.opinions.take_touched();
            const auto all = thorough.judge(scene.evidence(), now);
            const auto some = thrifty.judge_touched(scene.evidence(), touched, now);
            REQUIRE(std::ranges::equal(all, some, {}, told, told));
            REQUIRE(thorough.deadline() == thrifty.deadline());
            findings += all.size();
            for (const Judgement& each : all) {
                if (each.finding == Finding::dead) scene.opinions.drop_subject(each.subject);
            }
        }
    }
    CHECK(findings > 1000);
}

}  // namespace
}  // namespace starling::gossip::detector_test
