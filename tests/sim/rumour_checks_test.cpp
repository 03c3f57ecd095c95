// Each invariant about what members say of each other is broken once on purpose, beside a case that
// breaks nothing.
#include "sim/rumour_check.hpp"
#include "tests/sim/talk.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <utility>
#include <vector>

namespace starling::sim::rumour_checks_test {
namespace {

using five_nodes::ann;
using five_nodes::bob;
using five_nodes::eve;
using five_nodes::id_of;
using five_nodes::ids;
using five_nodes::mesh;
using five_nodes::Talk;

std::array<std::uint64_t, 6> member(std::uint32_t host, std::uint32_t incarnation,
                                    std::uint64_t cause = 1) {
    return {id_of(host).prefix(), 100, incarnation, cause};
}

Fault fault_of(std::uint32_t host, FaultKind kind) {
    Fault fault;
    fault.kind = kind;
    fault.host = host;
    return fault;
}

void accuse(Talk<RumourCheck>& talk, std::uint32_t by, std::uint32_t subject, Duration now) {
    talk.traces(by, Event::opinion_given, {id_of(subject).prefix(), 1, 1}, now);
}

TEST_CASE("a suspect without time to refute is found", "[sim][checks]") {
    Talk<RumourCheck> talk(ids());
    accuse(talk, ann, bob, 9s);
    talk.traces(ann, Event::member_suspect, member(bob, 0), 10s);
    talk.traces(ann, Event::member_dead, member(bob, 0), 10s + 100ms);
    CHECK(talk.broken() == Names{"suspects_get_time"});
}

TEST_CASE("a suspect that had time to refute may be called dead", "[sim][checks]") {
    Talk<RumourCheck> talk(ids());
    accuse(talk, ann, bob, 9s);
    talk.traces(ann, Event::member_suspect, member(bob, 0), 10s);
    // Whoever leaves meanwhile goes on judging.
    talk.check.on_fault(fault_of(ann, FaultKind::leave), Phase::begins, 11s);
    talk.traces(ann, Event::member_dead, member(bob, 0), 12s);
    CHECK(talk.broken().empty());
}

// Somebody else tells ann that bob, who answered her, is dead, and she believes it.
struct Mourning {
    bool others_came = false;  // between the answer and the news
    bool came_before = false;  // between the question and the answer
    bool refused = false;      // the answer
    bool leaves = false;       // she herself
    Duration silence = 100ms;  // of bob, before the news
};

Names broken_by(const Mourning& mourning, std::vector<NodeId> members) {
    Talk<RumourCheck> talk(std::move(members));
    accuse(talk, eve, bob, 9s);
    talk.traces(eve, Event::member_suspect, member(bob, 0), 10s);
    talk.traces(eve, Event::member_dead, member(bob, 0), 12s);
    talk.says(ann, bob, gossip::Ping{1, {}, 0, 0}, 12s - 60ms);
    if (mourning.came_before) talk.traces(ann, Event::member_alive, member(3, 0), 12s - 30ms);
    gossip::Pong answer;
    answer.sequence = 1;
    talk.hears(ann, bob, answer, 12s);
    if (mourning.refused) talk.traces(ann, Event::frame_refused, {id_of(bob).prefix()}, 12s);
    if (mourning.others_came) talk.traces(ann, Event::member_alive, member(3, 0), 12s + 50ms);
    if (mourning.leaves) talk.traces(ann, Event::member_left, member(ann, 1), 12s + 50ms);
    gossip::Cells cells;
    cells.deaths.push_back({id_of(bob), Boot{100}, {}, gossip::Cause::silent, 0});
    talk.hears(ann, eve, cells, 12s + mourning.silence);
    talk.traces(ann, Event::member_dead, member(bob, 0), 12s + mourning.silence);
    return talk.broken();
}

// Of whom the first five are those of the small mesh.
std::vector<NodeId> ids_of_many() {
    std::vector<NodeId> many = ids();
    std::ranges::copy(ids_of(make_identities(2, 20)), std::back_inserter(many));
    return many;
}

TEST_CASE("a member that is mourned by one who hears it is found", "[sim][checks]") {
    const Names found{"heard_are_not_mourned"};
    CHECK(broken_by({}, ids()) == found);
    CHECK(broken_by({}, ids_of_many()) == found);
    CHECK(broken_by({.silence = 2s}, ids()).empty());
    CHECK(broken_by({.refused = true}, ids()).empty());
    CHECK(broken_by({.leaves = true}, ids()).empty());
}

TEST_CASE("in a large mesh one who is no neighbour any more may be mourned", "[sim][checks]") {
    CHECK(broken_by({.others_came = true}, ids_of_many()).empty());
    CHECK(broken_by({.came_before = true}, ids_of_many()).empty());
    CHECK(broken_by({.others_came = true}, ids()) == Names{"heard_are_not_mourned"});
}

TEST_CASE("a greeting in another's name that is not refused at once is found", "[sim][checks]") {
    gossip::ClaimTerms terms;
    terms.boot = Boot{100};
    const Identity& another = mesh().nodes[eve];
    const gossip::Claim claim = gossip::make_claim(terms, another.certificate, another.key);
    for (const bool refused : {false, true}) {
        Talk<RumourCheck> talk(ids());
        talk.hears(ann, bob, gossip::Hello{mesh().genesis.mesh_id(), claim, {1, 1}}, 5s);
        const auto hello = static_cast<std::uint64_t>(Kind::hello);
        if (refused) talk.traces(ann, Event::frame_refused, {id_of(bob).prefix(), hello}, 5s);
        talk.says(ann, bob, gossip::Ping{}, 6s);
        CHECK(talk.broken() == (refused ? Names{} : Names{"greetings_are_own"}));
    }
}

TEST_CASE("a suspicion that rests on what was refuted is found", "[sim][checks]") {
    Talk<RumourCheck> talk(ids());
    accuse(talk, ann, bob, 9s);
    talk.traces(ann, Event::member_suspect, member(bob, 0), 10s);
    talk.traces(bob, Event::claim_refuted, {100, 1}, 11s);
    talk.traces(ann, Event::member_alive, member(bob, 1), 11s);
    talk.traces(ann, Event::member_suspect, member(bob, 1), 12s);
    CHECK(talk.broken() == Names{"suspects_are_accused"});
}

TEST_CASE("a slander is no excuse once its victim has refuted it", "[sim][checks]") {
    for (const bool refuted : {false, true}) {
        Talk<RumourCheck> talk(ids());
        Fault slander;
        slander.kind = FaultKind::slander;
        slander.host = eve;
        talk.check.on_fault(slander, Phase::begins, 2s);
        talk.check.on_fault(slander, Phase::ends, 3s);
        if (refuted) talk.traces(bob, Event::claim_refuted, {100, 1}, 20s);
        talk.traces(ann, Event::member_suspect, member(bob, refuted ? 1 : 0), 60s);
        CHECK(talk.broken() == (refuted ? Names{"suspects_are_accused"} : Names{}));
    }
}

TEST_CASE("tables that differ at a greeting and are not compared are found", "[sim][checks]") {
    gossip::Ping shown;
    shown.roots.table = 1;
    gossip::Hello hello;
    gossip::ClaimTerms terms;
    terms.boot = Boot{100};
    terms.addresses = {mesh().nodes[bob].address};
    hello.claim = gossip::make_claim(terms, mesh().nodes[bob].certificate, mesh().nodes[bob].key);
    hello.roots.table = 2;
    enum class Meanwhile { nothing, compares, pauses };
    const auto greeted = [&](Meanwhile meanwhile) {
        Talk<RumourCheck> talk(ids());
        talk.says(ann, bob, shown, 1s);
        talk.hears(ann, bob, hello, 2s);
        if (meanwhile == Meanwhile::compares) talk.says(ann, bob, gossip::TableDigest{}, 2s);
        if (meanwhile == Meanwhile::pauses)
            talk.check.on_fault(fault_of(ann, FaultKind::pause), Phase::ends, 8s);
        talk.says(ann, bob, shown, 8s);
        return talk.broken();
    };
    CHECK(greeted(Meanwhile::nothing) == Names{"tables_are_compared"});
    CHECK(greeted(Meanwhile::compares).empty());
    CHECK(greeted(Meanwhile::pauses).empty());
}

TEST_CASE("a node that takes most members for dead and dials none of them is found",
          "[sim][checks]") {
    const auto parted = [&](bool dials, bool linked) {
        Talk<RumourCheck> talk(ids());
        talk.traces(ann, Event::member_joined, member(3, 0), 1s);
        for (const std::uint32_t subject : {bob, eve, 4U}) {
            if (linked) talk.traces(ann, Event::link_up, {id_of(subject).prefix()}, 5s);
            talk.traces(ann, Event::member_dead, member(subject, 0, 2), 10s);
        }
        talk.says(ann, 3, gossip::Ping{}, 10s);
        if (dials) talk.traces(ann, Event::heal_dialled, {id_of(bob).prefix()}, 15s);
        talk.says(ann, 3, gossip::Ping{}, 24s);
        return talk.broken();
    };
    CHECK(parted(false, false) == Names{"dead_are_dialled"});
    CHECK(parted(true, false).empty());
    CHECK(parted(false, true).empty());  // they may be stopped
}

}  // namespace
}  // namespace starling::sim::rumour_checks_test
