#include "base/limits.hpp"
#include "tests/gossip/hear.hpp"
#include "tests/gossip/mesh_test_world.hpp"

namespace starling::gossip::wire_test {
namespace {

constexpr Moment start{BootTime{1h}, WallTime{} + 1000h};

Claim claim_of(std::uint8_t number, std::uint64_t boot, std::uint32_t incarnation) {
    ClaimTerms terms;
    terms.boot = Boot{boot};
    terms.incarnation = Incarnation{incarnation};
    terms.addresses = {"host:1"};
    return make_claim(terms, test_certificate(number), test_key(number));
}

Hello hello_of(std::uint8_t number, std::uint64_t boot) {
    return {test_genesis().mesh_id(), claim_of(number, boot, 0), {1, 2}};
}

Cells some_cells() {
    Cells cells;
    cells.introductions = {test_contact(ann)};
    cells.claims = {claim_of(bob, 1, 0)};
    cells.deaths = {{test_key(eve).id(), Boot{1}, Incarnation{2}, Cause::refused, 3}};
    cells.opinions = {{test_key(ann).id(), Boot{1}, Incarnation{0}, test_key(bob).id(), Boot{1}, 9,
                       Vote::down_silent}};
    return cells;
}

// One node with a table of its own, driven by hand.
struct Lone {
    explicit Lone(std::uint64_t boot = 10) {
        Setup setup{
            test_key(ann), test_genesis(), test_certificate(ann), {}, {}, {}, {}, {}, 0, {}};
        setup.boot = Boot{boot};
        setup.addresses = {"ann:1"};
        core.emplace(std::move(setup), verifier, records, start, out);
        core->on_tick(start, Input::drained, out);
        out.clear();
    }

    MemoryRecords records;
    Verifier verifier;
    Effects out;
    std::optional<Gossip> core;
};

template <class Message>
void survives_hostile_bytes(const Message& message, std::uint64_t seed) {
    const Bytes good = encoded(message);
    Decoder decoder;
    REQUIRE(decoded<Message>(decoder, good));
    for (std::size_t size = 0; size < good.size(); ++size) {
        CHECK_FALSE(decoded<Message>(decoder, ByteView(good).first(size)));
    }
    Rng rng(seed);
    for (int i = 0; i < 2000; ++i) {
        Bytes bad = good;
        const auto flips = rng.between(1, 4);
        for (std::uint64_t flip = 0; flip < flips; ++flip) {
            bad[rng.below(bad.size())] = static_cast<std::uint8_t>(rng.next());
        }
        const auto parsed = decoded<Message>(decoder, bad);
        if (parsed) CHECK(decoded<Message>(decoder, encoded(*parsed)));
    }
}

TEST_CASE("no bytes make a decoder of gossip fail otherwise than by saying so", "[gossip][wire]") {
    const std::uint64_t seed = 20240601;
    CAPTURE(seed);
    survives_hostile_bytes(hello_of(ann, 1), seed);
    survives_hostile_bytes(Ping{1, {2, 3}, 4, 5}, seed);
    survives_hostile_bytes(some_cells(), seed);
    survives_hostile_bytes(TableDigest{}, seed);
    survives_hostile_bytes(TableEntries{{}, true, some_cells()}, seed);
    survives_hostile_bytes(test_genesis(), seed);
    survives_hostile_bytes(test_certificate(ann), seed);
    survives_hostile_bytes(test_contact(ann), seed);
}

TEST_CASE("one bad cell spoils no other", "[gossip][wire]") {
    Bytes bytes;
    Writer out(bytes);
    out.list(4);
    out.list(0);
    out.list(2);
    out.bytes(bytes_of("no claim"));
    out.bytes(encoded(claim_of(bob, 1, 0)));
    out.list(0);
    out.list(0);
    Decoder decoder;
    const auto cells = decoded<Cells>(decoder, bytes);
    REQUIRE(cells);
    CHECK(cells->malformed == 1);
    CHECK(cells->claims.size() == 1);
}

TEST_CASE("a claim that comes again is the one original, as long as somebody holds it",
          "[gossip][wire]") {
    Commons commons(1);
    Decoder decoder;
    const Bytes bytes = encoded(claim_of(bob, 1, 0));
    auto first = commons.claims.take(bytes, decoder);
    REQUIRE(first);
    const auto second = commons.claims.take(claim_of(bob, 1, 0));
    CHECK(second.number() == first->number());
    CHECK(**first == claim_of(bob, 1, 0));
    CHECK(commons.claims.take(claim_of(bob, 1, 1)).number() != second.number());
    CHECK(commons.claims.size() == 1);
}

TEST_CASE("an original that nobody holds is forgotten, trust and all", "[gossip][wire]") {
    Commons commons(1);
    {
        const auto held = commons.claims.take(claim_of(bob, 1, 0));
        commons.claims.trust(held.number());
        CHECK(commons.claims.take(claim_of(bob, 1, 0)).original().trusted);
    }
    CHECK(commons.claims.size() == 0);
    CHECK_FALSE(commons.claims.take(claim_of(bob, 1, 0)).original().trusted);
}

TEST_CASE("many originals are found again, and go one by one", "[gossip][wire]") {
    Commons commons(1);
    std::vector<Claims::Held> held;
    for (std::uint32_t i = 0; i < 300; ++i) {
        held.push_back(commons.claims.take(claim_of(bob, 1, i)));
    }
    for (std::uint32_t i = 0; i < 300; ++i) {
        CHECK(commons.claims.take(claim_of(bob, 1, i)).number() == held[i].number());
    }
    while (!held.empty()) held.pop_back();
    CHECK(commons.claims.size() == 0);
}

TEST_CASE("what a hostile encoding adds to a claim is not passed on", "[gossip][wire]") {
    const Claim claim = claim_of(bob, 1, 0);
    Bytes bytes;
    Writer out(bytes);
    out.list(4);
    claim.certificate.encode(out);
    out.bytes(claim.signed_bytes);
    out.id(claim.signature);
    out.text("and this");
    Commons commons(1);
    Decoder decoder;
    const auto held = commons.claims.take(bytes, decoder);
    REQUIRE(held);
    CHECK(held->original().encoded == encoded(claim));
}

TEST_CASE("a claim is heard though its signature came with an old one", "[gossip][wire]") {
    Lone lone;
    const NodeId from = test_key(bob).id();
    Cells cells;
    cells.claims = {claim_of(eve, 1, 0)};
    CHECK(hear(*lone.core, from, cells, start, lone.out) == Verdict::taken);
    lone.core->on_tick({start.boot_time + 1s, start.wall + 1s}, Input::drained, lone.out);
    const Claim next = claim_of(eve, 2, 0);
    cells.claims[0].signature = next.signature;
    CHECK(hear(*lone.core, from, cells, start, lone.out) == Verdict::nothing_new);
    cells.claims = {next};
    CHECK(hear(*lone.core, from, cells, start, lone.out) == Verdict::taken);
}

TEST_CASE("a list of cells at its limit decodes, one more does not", "[gossip][wire][limits]") {
    Cells cells = some_cells();
    Decoder decoder;
    cells.opinions.assign(limits::list_entries, cells.opinions[0]);
    CHECK(decoded<Cells>(decoder, encoded(cells)));
    cells.opinions.push_back(cells.opinions[0]);
    CHECK_FALSE(decoded<Cells>(decoder, encoded(cells)));
}

TEST_CASE("a HELLO is judged by mesh, sender and signatures", "[gossip][hello]") {
    Lone lone;
    const NodeId from = test_key(bob).id();
    Hello foreign = hello_of(bob, 1);
    foreign.mesh = test_genesis("else").mesh_id();
    CHECK(lone.core->on_hello(from, foreign, start, lone.out) == Verdict::foreign_mesh);
    CHECK(lone.core->on_hello(test_key(eve).id(), hello_of(bob, 1), start, lone.out) ==
          Verdict::not_the_sender);
    Hello forged = hello_of(bob, 1);
    forged.claim.signature.bytes[0] ^= 1U;
    CHECK(lone.core->on_hello(from, forged, start, lone.out) == Verdict::bad_signature);
    Hello uncertified = hello_of(bob, 1);
    uncertified.claim.certificate = issue(test_certificate(bob), test_key(eve));
    CHECK(lone.core->on_hello(from, uncertified, start, lone.out) == Verdict::bad_signature);
    CHECK(lone.core->state(from) == MemberState::introduced);
    CHECK(lone.core->on_hello(from, hello_of(bob, 1), start, lone.out) == Verdict::taken);
    CHECK(lone.core->state(from) == MemberState::alive);
}

TEST_CASE("of two processes with one key the older is told to stop", "[gossip][hello]") {
    Lone older(10);
    const NodeId self = test_key(ann).id();
    Cells cells;
    cells.claims = {claim_of(ann, 11, 0)};
    hear(*older.core, test_key(bob).id(), cells, start, older.out);
    CHECK(older.core->superseded() == Boot{11});
    CHECK(older.core->member(self)->boot() == Boot{10});

    Lone observer(10);
    const NodeId twin = test_key(bob).id();
    observer.core->on_hello(twin, hello_of(bob, 7), start, observer.out);
    observer.core->on_link_up(twin, start, observer.out);
    observer.out.clear();
    CHECK(observer.core->on_hello(twin, hello_of(bob, 6), start, observer.out) ==
          Verdict::superseded);
    REQUIRE(observer.out.outgoing().size() == 1);
    CHECK(observer.out.outgoing()[0].kind == Kind::cells);
}

TEST_CASE("a forged claim of this node's own key stops nobody", "[gossip][hello]") {
    Lone lone(10);
    Cells cells;
    cells.claims = {claim_of(ann, 11, 0)};
    cells.claims[0].signature.bytes[5] ^= 1U;
    hear(*lone.core, test_key(bob).id(), cells, start, lone.out);
    CHECK_FALSE(lone.core->superseded());
}

TEST_CASE("the accused refutes a death at most once a heartbeat", "[gossip][refute]") {
    Lone lone;
    const NodeId self = test_key(ann).id();
    const auto tell = [&](std::uint32_t incarnation, Moment now) {
        Cells cells;
        cells.deaths = {{self, Boot{10}, Incarnation{incarnation}, Cause::silent, 0}};
        hear(*lone.core, test_key(bob).id(), cells, now, lone.out);
        lone.core->on_tick(now, Input::drained, lone.out);
        return lone.core->member(self)->incarnation();
    };
    CHECK(tell(0, start) == Incarnation{1});
    CHECK(tell(0, start) == Incarnation{1});
    CHECK(tell(1, start) == Incarnation{1});
    const Moment later{start.boot_time + limits::heartbeat_period, start.wall};
    CHECK(tell(1, later) == Incarnation{2});
}

TEST_CASE("opinions about strangers, of strangers and of the past change nothing",
          "[gossip][wire]") {
    Lone lone;
    const NodeId twin = test_key(bob).id();
    lone.core->on_hello(twin, hello_of(bob, 7), start, lone.out);
    lone.out.clear();
    const auto verdict = [&](Opinion opinion) {
        Cells cells;
        cells.opinions = {opinion};
        return hear(*lone.core, twin, cells, start, lone.out);
    };
    const NodeId eve_id = test_key(eve).id();
    CHECK(verdict({eve_id, {}, {}, twin, Boot{7}, 1, Vote::down_silent}) == Verdict::refused);
    CHECK(verdict({twin, Boot{7}, {}, eve_id, {}, 1, Vote::down_silent}) == Verdict::refused);
    CHECK(verdict({twin, Boot{6}, {}, twin, Boot{7}, 1, Vote::down_silent}) ==
          Verdict::nothing_new);
    CHECK(lone.core->member(twin)->accusers.empty());
}

// Ann knows bob, eve and dan, and is linked to dan.
struct Judged : Lone {
    Judged() {
        for (const std::uint8_t each : {bob, eve, dan}) {
            core->on_hello(test_key(each).id(), hello_of(each, 7), start, out);
        }
        core->on_link_up(test_key(dan).id(), start, out);
        out.clear();
    }

    // Bob, of eve.
    void hear(std::uint64_t sequence, Vote vote, std::uint8_t from = dan) {
        Cells cells;
        cells.opinions = {
            {test_key(eve).id(), Boot{7}, {}, test_key(bob).id(), Boot{7}, sequence, vote}};
        gossip::hear(*core, test_key(from).id(), cells, start, out);
    }

    [[nodiscard]] std::vector<Opinion> told(std::uint8_t to) const {
        std::vector<Opinion> opinions;
        Decoder decoder;
        for (const Outgoing& each : out.outgoing()) {
            if (each.to != test_key(to).id() || each.kind != Kind::cells) continue;
            const auto cells = decoded<Cells>(decoder, out.view(each.body));
            opinions.insert(opinions.end(), cells->opinions.begin(), cells->opinions.end());
        }
        return opinions;
    }
};

TEST_CASE("a new link is told of accusations, not of what was withdrawn", "[gossip][opinions]") {
    Judged accused;
    accused.hear(1, Vote::down_silent);
    accused.core->on_link_up(test_key(fay).id(), start, accused.out);
    CHECK(accused.told(fay).size() == 1);

    Judged withdrawn;
    withdrawn.hear(1, Vote::down_silent);
    withdrawn.hear(2, Vote::up);
    withdrawn.core->on_link_up(test_key(fay).id(), start, withdrawn.out);
    CHECK(withdrawn.told(fay).empty());
}

TEST_CASE("who repeats an accusation that was withdrawn is told so", "[gossip][opinions]") {
    Judged judged;
    judged.hear(2, Vote::up);
    judged.out.clear();
    judged.hear(1, Vote::down_silent);
    REQUIRE(judged.told(dan).size() == 1);
    CHECK(judged.told(dan)[0].sequence == 2);

    judged.out.clear();
    judged.hear(1, Vote::down_silent, bob);  // no link to him yet
    CHECK(judged.told(bob).empty());
    judged.core->on_link_up(test_key(bob).id(), start, judged.out);
    REQUIRE(judged.told(bob).size() == 1);
    CHECK(judged.told(bob)[0].vote == Vote::up);
}

TEST_CASE("a peer that does not answer is not asked for its table again and again",
          "[gossip][roots]") {
    Judged judged;
    const auto asked = [&](Duration after) {
        judged.out.clear();
        Pong pong;
        pong.roots.table = judged.core->roots().table + 1;
        const Moment now{start.boot_time + after, start.wall + after};
        judged.core->on_pong(test_key(dan).id(), pong, now, judged.out);
        return std::ranges::count(judged.out.outgoing(), Kind::table_digest, &Outgoing::kind);
    };
    CHECK(asked(2s) == 0);  // it was when the link came up
    CHECK(asked(Peer::answered_within) == 1);
    CHECK(asked(2s + Peer::answered_within) == 0);
    hear(*judged.core, test_key(dan).id(), TableEntries{}, start, judged.out);
    CHECK(asked(4s + Peer::answered_within) == 1);
}

// How many of these go to the peer.
std::ptrdiff_t sent(const Lone& lone, std::uint8_t to, Kind kind) {
    return std::ranges::count_if(lone.out.outgoing(), [&](const Outgoing& each) {
        return each.to == test_key(to).id() && each.kind == kind;
    });
}

TEST_CASE("who is asked for a table by one with the same shows it", "[gossip][roots]") {
    Judged judged;
    Members same(0);
    for (const MemberView& view : judged.core->members()) {
        same.merge(Claim(*view.claim), start.boot_time);
    }
    judged.core->on_table_digest(test_key(dan).id(), same.digest(), start, judged.out);
    CHECK(sent(judged, dan, Kind::pong) == 1);
    CHECK(sent(judged, dan, Kind::table_entries) == 0);
}

TEST_CASE("who is asked for a table without a link back compares when there is one",
          "[gossip][roots]") {
    Judged judged;
    const NodeId asker = test_key(bob).id();
    judged.core->on_link_lost(test_key(dan).id(), start);
    judged.core->on_link_lost(asker, start);
    (void)judged.core->take_dials();
    judged.core->on_table_digest(asker, TableDigest{}, start, judged.out);
    CHECK(judged.core->take_dials() == std::vector{asker});
    const Moment later{start.boot_time + Questions::rest, start.wall + Questions::rest};
    Pong pong;
    pong.roots.table = judged.core->roots().table + 1;
    judged.core->on_pong(asker, pong, later, judged.out);
    judged.core->on_link_up(asker, later, judged.out);
    CHECK(sent(judged, bob, Kind::table_digest) == 1);
}

TEST_CASE("nobody waits for the answer of a peer whose link is lost", "[gossip][roots]") {
    Judged judged;  // dan is asked
    judged.core->on_link_up(test_key(bob).id(), start, judged.out);
    CHECK(sent(judged, bob, Kind::table_digest) == 0);
    judged.core->on_link_lost(test_key(dan).id(), start);
    const Moment later{start.boot_time + Questions::rest, start.wall + Questions::rest};
    judged.core->on_tick(later, Input::drained, judged.out);
    CHECK(sent(judged, bob, Kind::table_digest) == 1);
}

TEST_CASE("that a peer fell behind with its disk is told once, and that it caught up",
          "[gossip][lag]") {
    Lone lone;
    const NodeId twin = test_key(bob).id();
    lone.core->on_hello(twin, hello_of(bob, 7), start, lone.out);
    const auto hear = [&](Duration age) {
        Ping ping;
        ping.batch_age_ms = static_cast<std::uint32_t>(age / std::chrono::milliseconds{1});
        lone.core->on_ping(twin, ping, start, lone.out);
        return lone.core->take_lag_changes();
    };
    CHECK(hear(limits::degraded_after).empty());
    const auto behind = hear(limits::degraded_after + std::chrono::milliseconds{1});
    REQUIRE(behind.size() == 1);
    CHECK(behind[0].behind);
    CHECK(hear(2 * limits::degraded_after).empty());
    const auto caught_up = hear({});
    REQUIRE(caught_up.size() == 1);
    CHECK_FALSE(caught_up[0].behind);
}

TEST_CASE("of a peer whose link is lost nobody knows that it is behind", "[gossip][lag]") {
    Lone lone;
    const NodeId twin = test_key(bob).id();
    Ping ping;
    ping.last_turn_ms = 5000;
    lone.core->on_ping(twin, ping, start, lone.out);
    REQUIRE(lone.core->take_lag_changes().size() == 1);
    lone.core->on_link_lost(twin, start);
    const auto changes = lone.core->take_lag_changes();
    REQUIRE(changes.size() == 1);
    CHECK_FALSE(changes[0].behind);
}

TEST_CASE("a tick that comes early, late or twice does no harm", "[gossip][tick]") {
    Lone lone;
    lone.core->on_hello(test_key(bob).id(), hello_of(bob, 7), start, lone.out);
    lone.core->on_tick(start, Input::drained, lone.out);
    lone.out.clear();
    lone.core->on_tick(start, Input::drained, lone.out);
    CHECK(lone.out.outgoing().empty());
    CHECK(lone.out.stored().empty());
    REQUIRE(lone.core->next_deadline());
    CHECK(*lone.core->next_deadline() > start.boot_time);
}

TEST_CASE("a foreign root's certificate is not admitted", "[gossip][admit]") {
    Lone lone;
    const Introduction forged{issue(test_certificate(bob), test_key(eve)), {"bob:1"}};
    CHECK(lone.core->admit(forged, start, lone.out) == Verdict::bad_signature);
    CHECK_FALSE(lone.core->contact(test_key(bob).id()));
    CHECK(lone.core->admit(test_contact(bob), start, lone.out) == Verdict::taken);
    CHECK(*lone.core->take_certificates().back() == test_certificate(bob));
}

}  // namespace
}  // namespace starling::gossip::wire_test
