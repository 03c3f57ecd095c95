#include "base/hash.hpp"
#include "base/limits.hpp"
#include "gossip/suspicion.hpp"
#include "tests/gossip/mesh_test_world.hpp"

namespace starling::gossip::parts_test {
namespace {

constexpr SuspicionBounds bounds{limits::pause_tolerance, limits::suspicion_max};
constexpr BootTime start{1h};

std::vector<NodeId> ids_of(std::size_t count) {
    std::vector<NodeId> ids;
    for (std::size_t i = 0; i < count; ++i) {
        ids.push_back({Hasher("test").add(std::uint64_t{i}).finish().bytes});
    }
    std::ranges::sort(ids);
    return ids;
}

// ---------------------------------------------------------------- suspicion

TEST_CASE("suspicion is shortest when all accuse and longest when just enough do",
          "[gossip][suspicion]") {
    for (std::uint32_t most = 1; most <= 8; ++most) {
        CHECK(suspicion_time(0, most, bounds) == bounds.max);
        CHECK(suspicion_time(most, most, bounds) == bounds.min);
        for (std::uint32_t beyond = 1; beyond <= most; ++beyond) {
            CHECK(suspicion_time(beyond, most, bounds) <= suspicion_time(beyond - 1, most, bounds));
        }
    }
    CHECK(suspicion_time(0, 0, bounds) == bounds.min);
}

// ---------------------------------------------------------------- judge clock

TEST_CASE("a stall moves the judge by the sleep asked for and the tolerance", "[gossip][judge]") {
    JudgeClock clock(start);
    clock.asked_until(start + 500ms);
    clock.advance(start + 30s, Input::drained);
    CHECK(clock.now() == 500ms + limits::lateness_tolerated);
}

TEST_CASE("the judge stands still while input is left", "[gossip][judge]") {
    JudgeClock clock(start);
    clock.advance(start + 200ms, Input::left);
    CHECK(clock.now() == 0ms);
    clock.advance(start + 300ms, Input::drained);
    CHECK(clock.now() == 100ms);
}

TEST_CASE("the judge never runs backwards", "[gossip][judge]") {
    JudgeClock clock(start);
    clock.advance(start + 50ms, Input::drained);
    clock.advance(start, Input::drained);
    CHECK(clock.now() == 50ms);
}

// ---------------------------------------------------------------- rings

TEST_CASE("the number of rings grows with the members and hesitates at a step", "[gossip][rings]") {
    CHECK(ring_count(1, 3) == 3);
    CHECK(ring_count(64, 3) == 3);
    CHECK(ring_count(80, 3) == 3);
    CHECK(ring_count(82, 3) == 4);
    CHECK(ring_count(60, 4) == 4);
    CHECK(ring_count(51, 4) == 3);
    CHECK(ring_count(1024, 3) == 5);
    CHECK(ring_count(1'000'000, 3) == 8);
}

TEST_CASE("a member has min(K, N - 1) observers, and never itself", "[gossip][rings]") {
    for (const std::size_t n : {1U, 2U, 5U, 7U, 8U, 20U, 100U}) {
        CAPTURE(n);
        const auto ids = ids_of(n);
        const Rings rings(ids, 42, 3);
        const std::size_t expected = n - 1 <= 6 ? n - 1 : 3;
        for (const NodeId& id : ids) {
            const auto observers = rings.observers(id);
            CHECK(observers.size() == expected);
            CHECK(std::ranges::count(observers, id) == 0);
            CHECK(std::ranges::adjacent_find(observers) == observers.end());
        }
    }
}

TEST_CASE("subjects are those one observes, and neighbours are symmetric", "[gossip][rings]") {
    for (const std::size_t n : {5U, 8U, 30U, 100U}) {
        CAPTURE(n);
        const auto ids = ids_of(n);
        const Rings rings(ids, 42, 4);
        for (const NodeId& a : ids) {
            const auto subjects = rings.subjects(a);
            for (const NodeId& b : ids) {
                const auto of_a = rings.neighbours(a);
                const auto of_b = rings.neighbours(b);
                REQUIRE(std::ranges::binary_search(subjects, b) == rings.observes(a, b));
                REQUIRE(std::ranges::binary_search(of_a, b) == std::ranges::binary_search(of_b, a));
            }
        }
    }
}

TEST_CASE("on the first rings everybody has one observer each", "[gossip][rings]") {
    const auto members = ids_of(40);
    const Rings rings(members, 7, 4);
    for (const std::uint32_t first : {1U, 2U, 3U}) {
        std::map<NodeId, std::uint32_t> observers;
        for (const NodeId& each : members) {
            const auto all = rings.subjects(each);
            for (const NodeId& subject : rings.subjects(each, first)) {
                CHECK(std::ranges::binary_search(all, subject));
                ++observers[subject];
            }
        }
        for (const NodeId& each : members) CHECK(observers[each] == first);
    }
}

TEST_CASE("the overlay of any size is connected", "[gossip][rings]") {
    for (const std::size_t n : {8U, 50U, 200U}) {
        const auto ids = ids_of(n);
        const Rings rings(ids, 7, ring_count(n, 3));
        std::set<NodeId> reached{ids[0]};
        std::vector<NodeId> open{ids[0]};
        while (!open.empty()) {
            const NodeId next = open.back();
            open.pop_back();
            for (const NodeId& each : rings.neighbours(next)) {
                if (reached.insert(each).second) open.push_back(each);
            }
        }
        CHECK(reached.size() == n);
    }
}

TEST_CASE("rings that grew and shrank one by one are those made at once", "[gossip][rings]") {
    const auto ids = ids_of(40);
    Rng rng(3);
    std::set<NodeId> there{ids[0]};
    Rings grown(std::vector<NodeId>{ids[0]}, 42, 3);
    for (int step = 0; step < 200; ++step) {
        const NodeId& id = ids[rng.below(ids.size())];
        const bool comes = there.insert(id).second;
        comes ? grown.add(id) : grown.remove(id);
        if (!comes) there.erase(id);
        if (step % 50 == 0) grown.recount(static_cast<std::uint32_t>(3 + step / 50 % 2));
        const Rings made(std::vector<NodeId>(there.begin(), there.end()), 42, grown.count());
        REQUIRE(grown.members() == made.members());
        for (const NodeId& each : ids) {
            REQUIRE(grown.observers(each) == made.observers(each));
            REQUIRE(grown.subjects(each) == made.subjects(each));
        }
    }
}

TEST_CASE("a stranger has no observers and no subjects", "[gossip][rings]") {
    for (const std::size_t n : {5U, 30U}) {
        const Rings rings(ids_of(n), 42, 3);
        CHECK(rings.observers(NodeId{}).empty());
        CHECK(rings.neighbours(NodeId{}).empty());
    }
}

// ---------------------------------------------------------------- opinions

Opinion opinion_of(std::uint8_t observer, std::uint64_t sequence, Vote vote) {
    return {test_key(ann).id(), Boot{1}, Incarnation{0}, test_key(observer).id(), Boot{1},
            sequence,           vote};
}

TEST_CASE("of two opinions of one observer the later stamp holds", "[gossip][opinions]") {
    Opinions opinions;
    CHECK(opinions.take(opinion_of(bob, 2, Vote::down_silent)) == OpinionVerdict::taken);
    CHECK(opinions.take(opinion_of(bob, 1, Vote::up)) == OpinionVerdict::old);
    CHECK(opinions.take(opinion_of(bob, 2, Vote::up)) == OpinionVerdict::old);
    CHECK(opinions.accusers(test_key(ann).id()) == std::vector{test_key(bob).id()});
    CHECK(opinions.take(opinion_of(bob, 3, Vote::up)) == OpinionVerdict::taken);
    CHECK(opinions.accusers(test_key(ann).id()).empty());
}

TEST_CASE("opinions about an earlier incarnation make room", "[gossip][opinions]") {
    Opinions opinions;
    opinions.take(opinion_of(bob, 2, Vote::down_silent));
    Opinion next = opinion_of(eve, 1, Vote::down_silent);
    next.incarnation = Incarnation{1};
    opinions.take(next);
    CHECK(opinions.accusers(test_key(ann).id()) == std::vector{test_key(eve).id()});
}

TEST_CASE("an observer that ended holds no opinions", "[gossip][opinions]") {
    Opinions opinions;
    opinions.take(opinion_of(bob, 2, Vote::down_silent));
    opinions.drop_observer(test_key(bob).id());
    CHECK(opinions.empty());
}

TEST_CASE("a subject has as many opinions as the limit, not one more",
          "[gossip][opinions][limits]") {
    Opinions opinions;
    const auto from = [](std::uint64_t number) {
        Opinion opinion = opinion_of(bob, 1, Vote::down_silent);
        store_u64(opinion.observer.bytes, number);
        return opinion;
    };
    for (std::uint64_t i = 0; i < Opinions::per_subject; ++i) {
        REQUIRE(opinions.take(from(i)) == OpinionVerdict::taken);
    }
    CHECK(opinions.take(from(Opinions::per_subject)) == OpinionVerdict::full);
}

// ---------------------------------------------------------------- roots

TEST_CASE("a difference of roots counts at once in HELLO, later when it lasts", "[gossip][peers]") {
    Difference difference;
    CHECK(difference.observe(false, true, start));
    Difference slow;
    CHECK_FALSE(slow.observe(false, false, start));
    CHECK_FALSE(slow.observe(false, false, start + Difference::settle - 1ns));
    CHECK(slow.observe(false, false, start + Difference::settle));
    CHECK_FALSE(slow.observe(true, false, start + 2s));
    CHECK_FALSE(slow.observe(false, false, start + 9s));
}

// ---------------------------------------------------------------- frames

TEST_CASE("more cells than a frame holds go in several", "[gossip][outbox][limits]") {
    Cells cells;
    cells.opinions.assign(limits::list_entries, opinion_of(bob, 1, Vote::up));
    CHECK(in_frames(cells).size() == 1);
    cells.opinions.push_back(opinion_of(bob, 1, Vote::up));
    CHECK(in_frames(cells).size() == 2);
    CHECK(in_frames({}).empty());
}

TEST_CASE("no frame of cells is larger than its aim", "[gossip][outbox][limits]") {
    ClaimTerms terms;
    terms.addresses.assign(limits::addresses_per_member, std::string(limits::address_bytes, 'a'));
    terms.attributes.assign(Claim::attributes_bytes, 7);
    Cells cells;
    cells.claims.assign(200, make_claim(terms, test_certificate(ann), test_key(ann)));
    std::size_t claims = 0;
    for (const Cells& frame : in_frames(cells)) {
        claims += frame.claims.size();
        CHECK(encoded(frame).size() <= frame_bytes_aim);
    }
    CHECK(claims == 200);
}

TEST_CASE("news after a calm leave at once, those of a storm together", "[gossip][outbox]") {
    const std::vector<NodeId> links{test_key(bob).id()};
    const Members members(1);
    Outbox outbox{members.commons().directory};
    Effects out;
    const auto flush = [&](BootTime now) {
        out.clear();
        if (outbox.is_near_due(now)) outbox.flush_near(members, links, {}, now, out);
        return out.outgoing().size();
    };
    outbox.put(opinion_of(eve, 1, Vote::up), test_key(ann).id(), start);
    CHECK(flush(start) == 1);
    for (std::uint8_t observer = 1; observer <= 5; ++observer) {
        outbox.put(opinion_of(observer, 2, Vote::up), test_key(ann).id(), start);
        CHECK(flush(start + Outbox::pause - 1ns) == 0);
    }
    CHECK(outbox.next_deadline() == start + Outbox::pause);
    CHECK(flush(start + Outbox::pause) == 1);
    CHECK_FALSE(outbox.next_deadline().has_value());
}

TEST_CASE("opinions of others wait for those that follow, and go with what goes before",
          "[gossip][outbox]") {
    const std::vector<NodeId> links{test_key(bob).id()};
    const Members members(1);
    Outbox outbox{members.commons().directory};
    Effects out;
    const BootTime due = start + 4ms;
    outbox.put(opinion_of(ann, 1, Vote::up), test_key(ann).id(), due);
    outbox.put(opinion_of(eve, 1, Vote::up), test_key(eve).id(), due + 1ms);
    CHECK_FALSE(outbox.is_near_due(due - 1ns));
    CHECK(outbox.next_deadline() == due);
    CHECK(outbox.is_near_due(due));
    outbox.put(opinion_of(bob, 1, Vote::up), test_key(bob).id(), start);  // an own one
    REQUIRE(outbox.is_near_due(start));
    outbox.flush_near(members, links, {}, start, out);
    CHECK(out.outgoing().size() == 1);
    CHECK(outbox.empty());
}

TEST_CASE("opinions of who has died go nowhere", "[gossip][outbox]") {
    const Members members(1);
    Outbox outbox{members.commons().directory};
    const Opinion opinion = opinion_of(bob, 1, Vote::down_refused);
    outbox.put(opinion, test_key(bob).id(), start);
    outbox.drop_opinions(opinion.observer);
    CHECK(outbox.is_near_due(start));
    outbox.drop_opinions(opinion.subject);
    CHECK(outbox.empty());
    CHECK_FALSE(outbox.next_deadline().has_value());
}

// A table that knows one member, and links that hear of it.
struct Flooding {
    Flooding() { table.introduce(test_contact(eve)); }

    // How many frames each link is sent, neighbours first.
    std::vector<std::size_t> flush(BootTime now) {
        out.clear();
        if (outbox.is_near_due(now)) outbox.flush_near(table, neighbours, {}, now, out);
        if (outbox.is_far_due(now)) outbox.flush_far(table, links, now, out);
        std::vector<std::size_t> frames;
        for (const NodeId& link : {near, far}) {
            frames.push_back(
                static_cast<std::size_t>(std::ranges::count(out.outgoing(), link, &Outgoing::to)));
        }
        return frames;
    }

    using Frames = std::vector<std::size_t>;

    NodeId member = test_key(eve).id();
    NodeId near = test_key(ann).id();
    NodeId far = test_key(bob).id();
    std::vector<NodeId> neighbours{near};
    std::vector<NodeId> links = [this] {
        std::vector<NodeId> both{near, far};
        std::ranges::sort(both);
        return both;
    }();
    Members table{1};
    Outbox outbox{table.commons().directory};
    Effects out;
};

TEST_CASE("news of members reach every link once", "[gossip][outbox]") {
    Flooding world;
    world.outbox.put(world.member, world.member, start);
    CHECK(world.flush(start) == Flooding::Frames{1, 0});
    CHECK(world.outbox.next_deadline() == start + Outbox::far_after);
    CHECK(world.flush(start + Outbox::far_after) == Flooding::Frames{0, 1});
    CHECK(world.outbox.empty());
    CHECK_FALSE(world.outbox.next_deadline().has_value());
}

TEST_CASE("a link that showed a cell is not sent it", "[gossip][outbox]") {
    Flooding world;
    world.outbox.put(world.member, world.near, start);
    world.outbox.on_shown(world.member, world.far);
    CHECK(world.flush(start + Outbox::far_after) == Flooding::Frames{0, 0});
    const Opinion opinion = opinion_of(eve, 1, Vote::up);
    world.outbox.put(opinion, world.member, start);
    world.outbox.on_shown(opinion, world.near);
    CHECK(world.flush(start + 1h) == Flooding::Frames{0, 0});
    CHECK(world.outbox.empty());
}

TEST_CASE("of those who show a cell 64 are remembered, and the others told twice",
          "[gossip][outbox][limits]") {
    Flooding world;
    world.outbox.put(world.member, world.member, start);  // the first
    std::vector<NodeId> links;
    for (std::uint8_t each = 100; each < 100 + 64; ++each) links.push_back(test_key(each).id());
    for (const NodeId& link : links) world.outbox.on_shown(world.member, link);
    std::ranges::sort(links);
    world.outbox.flush_near(world.table, links, {}, start, world.out);
    REQUIRE(world.out.outgoing().size() == 1);
    CHECK(world.out.outgoing().front().to == test_key(163).id());
}

TEST_CASE("in a storm near links hear at once, far ones from time to time", "[gossip][outbox]") {
    Flooding world;
    std::size_t near = 0;
    std::size_t far = 0;
    for (BootTime now = start; now < start + 10s; now += 16ms) {
        world.outbox.put(world.member, world.member, now);
        const auto frames = world.flush(now);
        near += frames[0];
        far += frames[1];
    }
    const auto in_storm = [](Lane::Pace pace) {
        return static_cast<std::size_t>(10s / pace.period + pace.burst);
    };
    CHECK(near >= in_storm(Outbox::near_pace) - 1);
    CHECK(near <= in_storm(Outbox::near_pace) + 1 + far);
    CHECK(far == static_cast<std::size_t>(10s / Outbox::far_after));
    REQUIRE_FALSE(world.outbox.empty());
    const BootTime end = start + 10s + Outbox::far_after;
    CHECK(world.outbox.next_deadline() <= end);
    CHECK(world.flush(end)[1] == 1);
    CHECK(world.outbox.empty());
}

TEST_CASE("a link that is near no more between the floods misses nothing", "[gossip][outbox]") {
    Flooding world;
    world.outbox.put(world.member, world.member, start);
    world.neighbours.clear();
    CHECK(world.flush(start) == Flooding::Frames{0, 0});
    CHECK(world.flush(start + Outbox::far_after) == Flooding::Frames{1, 1});
    CHECK(world.outbox.empty());
}

TEST_CASE("in a storm claims take few ways, deaths and opinions all", "[gossip][outbox]") {
    Flooding world;
    for (std::uint8_t each = 30; each < 30 + Outbox::storm_news; ++each) {
        world.table.introduce(test_contact(each));
        world.outbox.put(test_key(each).id(), test_key(each).id(), start);
    }
    CHECK_FALSE(world.outbox.is_storm());
    ClaimTerms terms;
    world.table.merge(make_claim(terms, test_certificate(dan), test_key(dan)), start);
    const Claim& claim = *world.table.find(test_key(dan).id())->claim();
    world.table.bury({claim.node, claim.boot, claim.incarnation, Cause::silent, 0}, start);
    world.outbox.put(claim.node, claim.node, start);
    CHECK(world.outbox.is_storm());
    world.outbox.put(opinion_of(eve, 1, Vote::up), test_key(eve).id(), start);

    world.outbox.flush_near(world.table, world.links, world.neighbours, start, world.out);
    CHECK_FALSE(world.outbox.is_storm());
    std::map<NodeId, Cells> told;
    Decoder decoder;
    for (const Outgoing& each : world.out.outgoing()) {
        auto cells = decoded<Cells>(decoder, world.out.view(each.body));
        REQUIRE(cells);
        Cells& all = told[each.to];
        std::ranges::move(cells->introductions, std::back_inserter(all.introductions));
        std::ranges::move(cells->deaths, std::back_inserter(all.deaths));
        std::ranges::move(cells->opinions, std::back_inserter(all.opinions));
    }
    for (const NodeId& link : world.links) {
        const std::size_t claims = link == world.near ? Outbox::storm_news : 0;
        CHECK(told[link].introductions.size() == claims);
        CHECK(told[link].deaths.size() == 1);
        CHECK(told[link].opinions.size() == 1);
    }
    // Who was passed by is told with the far links, if its table still differs.
    world.out.clear();
    world.outbox.flush_far(world.table, world.links, start + Outbox::far_after, world.out);
    CHECK(world.out.outgoing().size() == 1);
    CHECK(world.out.outgoing().front().to == world.far);
}

TEST_CASE("news that near links were not told wait for them behind a far flood",
          "[gossip][outbox]") {
    Flooding world;
    world.outbox.put(world.member, world.member, start);
    const std::vector<NodeId> told{world.far};
    world.outbox.flush_far(world.table, told, start, world.out);
    CHECK(world.out.outgoing().size() == 1);
    CHECK(world.outbox.waits(world.member));
    world.out.clear();
    world.outbox.flush_near(world.table, world.links, {}, start, world.out);
    REQUIRE(world.out.outgoing().size() == 1);  // nobody is told twice
    CHECK(world.out.outgoing().front().to == world.near);
    CHECK(world.outbox.next_deadline() == start + Outbox::far_after);
    world.outbox.flush_far(world.table, {}, start + Outbox::far_after, world.out);
    CHECK(world.outbox.empty());
}

}  // namespace
}  // namespace starling::gossip::parts_test
