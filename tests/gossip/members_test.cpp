#include "base/limits.hpp"
#include "tests/gossip/mesh_test_world.hpp"

namespace starling::gossip::members_test {
namespace {

constexpr BootTime start{1h};
constexpr Moment later{start + 1h, WallTime{} + 1000h};

Claim claim_of(std::uint8_t number, std::uint64_t boot, std::uint32_t incarnation,
               Mode mode = Mode::up) {
    ClaimTerms terms;
    terms.boot = Boot{boot};
    terms.incarnation = Incarnation{incarnation};
    terms.mode = mode;
    return make_claim(terms, test_certificate(number), test_key(number));
}

Death death_of(std::uint8_t number, std::uint64_t boot, std::uint32_t incarnation) {
    return {test_key(number).id(), Boot{boot}, Incarnation{incarnation}, Cause::silent, 0};
}

NodeId id_of(std::uint8_t number) {
    return test_key(number).id();
}

TEST_CASE("tables that took the same claims in any order have equal roots", "[gossip][members]") {
    std::vector<Claim> claims;
    for (const std::uint8_t number : {ann, bob, eve, dan}) {
        claims.push_back(claim_of(number, 1, 0));
        claims.push_back(claim_of(number, 1, 2, Mode::draining));
        claims.push_back(claim_of(number, 2, number));
    }
    std::optional<std::uint64_t> root;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        CAPTURE(seed);
        Rng rng(seed);
        rng.shuffle(std::span(claims));
        Members members(seed);
        for (const Claim& each : claims) members.merge(each, start);
        if (!root) root = members.root();
        REQUIRE(members.root() == *root);
        REQUIRE(std::ranges::is_sorted(members.ids()));
    }
}

TEST_CASE("a standing never falls", "[gossip][members]") {
    Members members(1);
    CHECK(members.merge(claim_of(ann, 2, 5), start) == MergeVerdict::taken);
    CHECK(members.merge(claim_of(ann, 2, 5), start) == MergeVerdict::old);
    CHECK(members.merge(claim_of(ann, 2, 4), start) == MergeVerdict::old);
    CHECK(members.merge(claim_of(ann, 1, 9), start) == MergeVerdict::old);
    CHECK(members.merge(claim_of(ann, 2, 5, Mode::draining), start) == MergeVerdict::taken);
}

TEST_CASE("a death beats the claim it names, and a higher claim beats the death",
          "[gossip][members]") {
    Members members(1);
    members.merge(claim_of(ann, 2, 5), start);
    CHECK(members.bury(death_of(ann, 2, 5), start) == MergeVerdict::taken);
    CHECK(members.state(id_of(ann)) == MemberState::dead);
    CHECK(members.merge(claim_of(ann, 2, 5), start) == MergeVerdict::old);
    CHECK(members.merge(claim_of(ann, 2, 6), start) == MergeVerdict::taken);
    CHECK(members.state(id_of(ann)) == MemberState::alive);
    CHECK(members.bury(death_of(ann, 2, 5), start) == MergeVerdict::old);
}

TEST_CASE("a death of a stranger or ahead of every claim changes nothing", "[gossip][members]") {
    Members members(1);
    CHECK(members.bury(death_of(ann, 1, 0), start) == MergeVerdict::stranger);
    members.introduce(test_contact(ann));
    CHECK(members.bury(death_of(ann, 1, 0), start) == MergeVerdict::stranger);
    members.merge(claim_of(ann, 1, 0), start);
    const auto root = members.root();
    CHECK(members.bury(death_of(ann, 1, 1), start) == MergeVerdict::too_far);
    CHECK(members.bury(death_of(ann, ~0ULL, 0), start) == MergeVerdict::too_far);
    CHECK(members.root() == root);
}

TEST_CASE("left is the last word of a boot", "[gossip][members]") {
    Members members(1);
    members.merge(claim_of(ann, 1, 3, Mode::left), start);
    CHECK(members.bury(death_of(ann, 1, 3), start) == MergeVerdict::old);
    CHECK(members.state(id_of(ann)) == MemberState::left);
    CHECK(members.merge(claim_of(ann, 2, 0), start) == MergeVerdict::taken);
}

TEST_CASE("an incarnation out of reach is refused", "[gossip][members]") {
    Members members(1);
    members.merge(claim_of(ann, 1, 0), start);
    const std::uint32_t bound = limits::incarnation_jump;
    CHECK(members.merge(claim_of(ann, 1, bound + 1), start) == MergeVerdict::too_far);
    CHECK(members.merge(claim_of(ann, 1, bound), start) == MergeVerdict::taken);
}

TEST_CASE("the certificate issued later holds", "[gossip][members]") {
    Members members(1);
    members.merge(claim_of(ann, 1, 0), start);
    CertificateTerms terms = test_certificate(ann);
    terms.issued = 2;
    terms.curve.bytes.fill(99);
    const Introduction renewed{issue(terms, root_key()), {}};
    const auto root = members.root();
    CHECK(members.introduce(renewed) == MergeVerdict::taken);
    CHECK(members.introduce(test_contact(ann)) == MergeVerdict::old);
    CHECK(members.find(id_of(ann))->certificate() == renewed.certificate);
    CHECK(members.root() != root);
}

TEST_CASE("what a node keeps comes back as it was", "[gossip][members]") {
    Members members(1);
    members.merge(claim_of(ann, 1, 0), start);
    members.merge(claim_of(bob, 1, 0), start);
    members.bury(death_of(bob, 1, 0), start);
    members.merge(claim_of(eve, 1, 4, Mode::left), start);
    members.introduce(test_contact(dan));
    Members loaded(77);
    for (const NodeId& id : members.ids()) loaded.load(members.stored(id, later), later);
    CHECK(loaded.root() == members.root());
    CHECK(loaded.state(id_of(bob)) == MemberState::dead);
    CHECK(loaded.find(id_of(bob))->ended() == start);
    CHECK(loaded.find(id_of(dan))->addresses() == test_contact(dan).addresses);
}

TEST_CASE("a record of the journal that cannot be read is left out", "[gossip][members]") {
    Members members(1);
    members.load(bytes_of("no record"), later);
    members.load({}, later);
    CHECK(members.ids().empty());
}

TEST_CASE("a table holds the claim that it took, and no table beside it does",
          "[gossip][members]") {
    const auto commons = std::make_shared<Commons>(1, 1);
    Members members(commons);
    const Members others(commons);
    const auto first = commons->claims.take(claim_of(ann, 1, 0));
    const auto second = commons->claims.take(claim_of(ann, 1, 1));
    CHECK_FALSE(members.holds(first));
    members.merge(first, start);
    CHECK(members.holds(first));
    CHECK(members.is_all(first));
    CHECK_FALSE(members.holds(second));
    CHECK_FALSE(others.holds(first));
    members.merge(second, start);
    CHECK_FALSE(members.holds(first));
    CHECK(members.holds(second));
}

TEST_CASE("absent are, in order, those introduced, dead, left or away", "[gossip][members]") {
    for (const std::uint8_t present : {std::uint8_t{2}, std::uint8_t{100}}) {
        CAPTURE(present);
        Members members(1);
        for (std::uint8_t number = 1; number <= present; ++number) {
            members.merge(claim_of(number, 1, 0), start);
        }
        CHECK(members.absent().empty());
        members.introduce(test_contact(201));
        members.merge(claim_of(202, 1, 0), start);
        members.bury(death_of(202, 1, 0), start);
        members.merge(claim_of(203, 1, 0, Mode::left), start);
        members.merge(claim_of(204, 1, 0, Mode::away), start);
        std::vector<NodeId> expected = {id_of(201), id_of(202), id_of(203), id_of(204)};
        std::ranges::sort(expected);
        CHECK(members.absent() == expected);
        CHECK(members.any_absent([](const NodeId& id) { return id == id_of(204); }));
        CHECK_FALSE(members.any_absent([](const NodeId& id) { return id == id_of(1); }));
    }
}

TEST_CASE("an end is forgotten when its time is over, not before", "[gossip][members]") {
    Members members(1);
    members.merge(claim_of(ann, 1, 0), start);
    members.bury(death_of(ann, 1, 0), start);
    CHECK(members.forget(start + limits::tombstone_kept - 1ns).empty());
    CHECK(members.forget(start + limits::tombstone_kept) == std::vector{id_of(ann)});
    CHECK(members.state(id_of(ann)) == MemberState::introduced);
}

TEST_CASE("a death that is a day old is not learned any more", "[gossip][members]") {
    Members members(1);
    members.merge(claim_of(ann, 1, 0), start);
    Death death = death_of(ann, 1, 0);
    death.age_s = 24 * 3600;
    CHECK(members.bury(death, start) == MergeVerdict::forgotten);
    death.age_s -= 1;
    CHECK(members.bury(death, start) == MergeVerdict::taken);
}

TEST_CASE("the table takes as many nodes as its limit, not one more", "[gossip][members][limits]") {
    Members members(1);
    const auto introduction = [](std::uint64_t number) {
        CertificateTerms terms = test_certificate(ann);
        store_u64(terms.node.bytes, number);
        Introduction cell;
        static_cast<CertificateTerms&>(cell.certificate) = terms;
        cell.certificate.signed_bytes.assign(terms.node.bytes.begin(), terms.node.bytes.end());
        store_u64(std::span(cell.certificate.signature.bytes).last(8), number);
        return cell;
    };
    for (std::uint64_t i = 0; i < limits::members; ++i) {
        REQUIRE(members.introduce(introduction(i)) == MergeVerdict::taken);
    }
    CHECK(members.introduce(introduction(limits::members)) == MergeVerdict::full);
    CHECK(members.merge(claim_of(ann, 1, 0), start) == MergeVerdict::full);
    CHECK(members.ids().size() == limits::members);
}

TEST_CASE("buckets add up to the root and differ where tables differ", "[gossip][members]") {
    Members one(1);
    Members two(2);
    for (const std::uint8_t number : {ann, bob, eve}) {
        one.merge(claim_of(number, 1, 0), start);
        two.merge(claim_of(number, 1, number == eve ? 1U : 0U), start);
    }
    const auto differs = [&](std::size_t i) {
        return one.digest().buckets[i] != two.digest().buckets[i];
    };
    for (std::size_t i = 0; i < bucket_count; ++i) {
        CHECK(differs(i) == (i == Members::bucket_of(id_of(eve))));
    }
}

}  // namespace
}  // namespace starling::gossip::members_test
