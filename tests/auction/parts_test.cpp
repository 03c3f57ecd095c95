// Rounds, digests, announcer, retries and members, each by itself.
#include "tests/auction/parts.hpp"

#include "auction/retry.hpp"
#include "base/limits.hpp"

#include <catch2/catch.hpp>

namespace starling::auction::part::parts_test {
namespace {

// ---------------------------------------------------------------------------------------- rounds

Round round_of(const std::vector<NodeId>& invited, Haste haste = Haste::after_a_bid) {
    return Round{task(1), epoch_of(1, self), invited,
                 Opening{BootTime{0ms}, BootTime{100ms}, haste}};
}

Propose bid_of(std::uint64_t cost, Standing standing = Standing::able) {
    return {task(1), epoch_of(1, self), Boot{7}, cost, standing, {}};
}

Refuse refusal_of(RefuseReason reason, std::uint32_t free = 0) {
    return {task(1), epoch_of(1, self), reason, {1, free}};
}

TEST_CASE("the cheapest bid ranks first once everybody answered", "[auction][round]") {
    Round round = round_of({bob, eve});
    CHECK(round.on_propose(bob, bid_of(5), BootTime{1ms}) == BidVerdict::taken);
    CHECK_FALSE(round.is_closed(BootTime{1ms}));
    CHECK(round.on_propose(eve, bid_of(4), BootTime{1500us}) == BidVerdict::taken);
    CHECK(round.is_closed(BootTime{2ms}));
    CHECK(round.ranking().front().node == eve);
}

TEST_CASE("whoever has the result ranks before who runs it, and before the cheapest",
          "[auction][round]") {
    Round round = round_of({self, bob, eve});
    round.on_propose(self, bid_of(1), BootTime{1ms});
    round.on_propose(bob, bid_of(9, Standing::running), BootTime{1ms});
    round.on_propose(eve, bid_of(99, Standing::finished), BootTime{1ms});
    const auto ranking = round.ranking();
    CHECK(ranking[0].node == eve);
    CHECK(ranking[1].node == bob);
    CHECK(ranking[2].node == self);
}

TEST_CASE("a bid at the deadline is too late", "[auction][round]") {
    Round round = round_of({bob, eve});
    CHECK(round.on_propose(bob, bid_of(1), BootTime{100ms}) == BidVerdict::too_late);
}

TEST_CASE("nobody bids twice or uninvited", "[auction][round]") {
    Round round = round_of({bob, eve});
    CHECK(round.on_propose(self, bid_of(1), BootTime{1ms}) == BidVerdict::not_invited);
    CHECK(round.on_propose(bob, bid_of(5), BootTime{1ms}) == BidVerdict::taken);
    CHECK(round.on_propose(bob, bid_of(1), BootTime{1ms}) == BidVerdict::answered_already);
    CHECK(round.ranking().front().cost == 5);
}

TEST_CASE("who was called to an earlier round may bid in a later one, once, behind who is near",
          "[auction][round]") {
    Round round = round_of({bob, eve});
    REQUIRE(round.on_propose(self, bid_of(1), BootTime{1ms}) == BidVerdict::not_invited);
    CHECK(round.on_unasked(self, bid_of(1), BootTime{1ms}) == BidVerdict::taken);
    CHECK(round.on_unasked(self, bid_of(1), BootTime{1ms}) == BidVerdict::answered_already);
    CHECK(round.ranking().size() == 1);
    CHECK(round.deadline() == BootTime{21ms});
    CHECK(round.on_propose(bob, bid_of(5), BootTime{9ms}) == BidVerdict::taken);
    CHECK(round.deadline() == BootTime{18ms});
    CHECK(round.ranking().front().node == bob);
    CHECK(round.on_unasked(node(9), bid_of(1), BootTime{18ms}) == BidVerdict::too_late);
}

TEST_CASE("who refused may bid while the round is open", "[auction][round]") {
    Round round = round_of({bob, eve});
    round.on_refuse(bob, refusal_of(RefuseReason::busy), BootTime{1ms});
    CHECK(round.on_propose(bob, bid_of(5), BootTime{2ms}) == BidVerdict::taken);
    CHECK(round.on_propose(bob, bid_of(5), BootTime{3ms}) == BidVerdict::answered_already);
    CHECK(round.ranking().size() == 1);
}

TEST_CASE("a round does not wait for a node that is gone", "[auction][round]") {
    Round round = round_of({bob, eve});
    round.on_refuse(bob, refusal_of(RefuseReason::busy), BootTime{1ms});
    round.on_gone(eve);
    CHECK(round.is_closed(BootTime{1ms}));
}

TEST_CASE("after the first bid the others have as long again", "[auction][round]") {
    Round round = round_of({bob, eve});
    round.on_propose(bob, bid_of(5), BootTime{10ms});
    CHECK_FALSE(round.is_closed(BootTime{20ms} - Duration{1}));
    CHECK(round.is_closed(BootTime{20ms}));
}

TEST_CASE("after an instant bid the others have half a millisecond", "[auction][round]") {
    Round round = round_of({bob, eve});
    round.on_propose(bob, bid_of(5), BootTime{0ms});
    CHECK_FALSE(round.is_closed(BootTime{500us} - Duration{1}));
    CHECK(round.is_closed(BootTime{500us}));
}

TEST_CASE("where one of them may run the task already everybody is waited for",
          "[auction][round]") {
    Round round = round_of({bob, eve}, Haste::none);
    round.on_propose(bob, bid_of(5), BootTime{1ms});
    CHECK_FALSE(round.is_closed(BootTime{100ms} - Duration{1}));
}

TEST_CASE("a round of refusals found only busy nodes if all were busy and had nobody free",
          "[auction][round]") {
    const auto only_busy = [](const Refuse& first, const Refuse& second) {
        Round round = round_of({bob, eve});
        round.on_refuse(bob, first, BootTime{1ms});
        round.on_refuse(eve, second, BootTime{1ms});
        return round.found_only_busy();
    };
    const Refuse busy = refusal_of(RefuseReason::busy);
    CHECK(only_busy(busy, refusal_of(RefuseReason::held)));
    CHECK_FALSE(only_busy(busy, refusal_of(RefuseReason::draining)));
    CHECK_FALSE(only_busy(busy, refusal_of(RefuseReason::held, 1)));
}

TEST_CASE("a round that some did not answer may have found more than busy nodes",
          "[auction][round]") {
    Round round = round_of({bob, eve});
    round.on_refuse(bob, refusal_of(RefuseReason::busy), BootTime{1ms});
    CHECK_FALSE(round.found_only_busy());
}

// --------------------------------------------------------------------------------------- digests

DigestNews news(const NodeId& about, std::uint64_t sequence, std::uint32_t free) {
    return {{{about, Boot{7}, sequence, {{"quote", free, 4}}}}};
}

TEST_CASE("an older digest changes nothing", "[auction][digests]") {
    Parts parts;
    CHECK(parts.digests.on_news(news(bob, 5, 2), BootTime{1h}));
    CHECK_FALSE(parts.digests.on_news(news(bob, 4, 4), BootTime{1h}));
    CHECK_FALSE(parts.digests.on_news(news(bob, 5, 4), BootTime{1h}));
    CHECK(parts.digests.free_workers("quote") == 2);
}

TEST_CASE("a digest heard is passed on once to the linked neighbours", "[auction][digests]") {
    Parts parts;
    parts.digests.link_up(eve, parts.out);
    parts.digests.on_news(news(bob, 5, 2), BootTime{1h});
    parts.digests.on_tick(BootTime{1h}, parts.out);
    CHECK(parts.last<DigestNews>().digests[0].node == bob);
    parts.out.clear();
    parts.digests.on_news(news(bob, 5, 2), BootTime{1h});
    parts.digests.on_tick(BootTime{2h}, parts.out);
    CHECK(parts.out.outgoing().empty());
}

TEST_CASE("a count told with a refusal holds until a newer digest", "[auction][digests]") {
    Parts parts;
    Rng rng(1);
    parts.digests.on_news(news(bob, 5, 2), BootTime{1h});
    parts.digests.on_told(bob, "quote", {6, 0});
    CHECK(parts.digests.candidates("quote", 4, Busy::left_out, rng).empty());
    CHECK(parts.digests.candidates("quote", 4, Busy::included, rng).size() == 1);
    parts.digests.on_news(news(bob, 7, 1), BootTime{1h});
    CHECK(parts.digests.candidates("quote", 4, Busy::left_out, rng).size() == 1);
}

TEST_CASE("a dead node is no candidate", "[auction][digests]") {
    Parts parts;
    Rng rng(1);
    parts.digests.on_news(news(bob, 5, 2), BootTime{1h});
    parts.members.gone(bob, BootTime{});
    CHECK(parts.digests.candidates("quote", 4, Busy::included, rng).empty());
    CHECK_FALSE(parts.digests.anybody("quote"));
}

TEST_CASE("a node behind with its disk is no candidate until it caught up", "[auction][digests]") {
    Parts parts;
    Rng rng(1);
    parts.digests.on_news(news(bob, 5, 2), BootTime{1h});
    parts.members.lag(bob, true);
    CHECK(parts.digests.candidates("quote", 4, Busy::included, rng).empty());
    CHECK(parts.digests.free_workers("quote") == 0);
    CHECK(parts.digests.anybody("quote"));
    parts.members.lag(bob, false);
    CHECK(parts.digests.candidates("quote", 4, Busy::included, rng).size() == 1);
}

TEST_CASE("a node that told that nobody is free floods as soon as somebody is",
          "[auction][digests]") {
    Parts parts;
    parts.digests.link_up(bob, parts.out);
    parts.digests.set_own("quote", 1, 1, BootTime{1h});
    parts.digests.on_tick(BootTime{1h}, parts.out);
    parts.digests.set_own("quote", 0, 1, BootTime{1h + 1s});
    CHECK(parts.digests.tell_own("quote").count == 0);
    parts.digests.on_tick(BootTime{1h + 1s}, parts.out);
    parts.out.clear();
    parts.digests.set_own("quote", 1, 1, BootTime{1h + 2s});
    parts.digests.on_tick(BootTime{1h + 2s}, parts.out);
    CHECK(parts.last<DigestNews>().digests[0].skills[0].free == 1);
}

TEST_CASE("that a worker is free again is told sooner than that none is", "[auction][digests]") {
    Parts parts;
    parts.digests.link_up(bob, parts.out);
    parts.digests.set_own("quote", 1, 1, BootTime{1h});
    parts.digests.on_tick(BootTime{1h}, parts.out);
    parts.digests.set_own("quote", 0, 1, BootTime{1h + 1us});
    CHECK(parts.digests.next_deadline() == BootTime{1h} + parts.timing.digest_pause);
    parts.digests.on_tick(BootTime{1h} + parts.timing.digest_pause, parts.out);
    const BootTime told = BootTime{1h} + parts.timing.digest_pause;
    parts.digests.set_own("quote", 1, 1, told + 1us);
    CHECK(parts.digests.next_deadline() == told + 3 * parts.timing.digest_share);
}

TEST_CASE("a worker that was free again before anybody was told is no news", "[auction][digests]") {
    Parts parts;
    parts.digests.link_up(bob, parts.out);
    parts.digests.set_own("quote", 1, 1, BootTime{1h});
    parts.digests.on_tick(BootTime{1h}, parts.out);
    parts.out.clear();
    parts.digests.set_own("quote", 0, 1, BootTime{1h + 1ms});
    parts.digests.set_own("quote", 1, 1, BootTime{1h + 2ms});
    parts.digests.on_tick(BootTime{1h + 1s}, parts.out);
    CHECK(parts.out.outgoing().empty());
}

TEST_CASE("where all nodes are linked a digest heard is passed on seldom", "[auction][digests]") {
    Parts parts;
    for (const NodeId& other : {bob, eve}) parts.digests.link_up(other, parts.out);
    parts.digests.set_own("quote", 1, 1, BootTime{1h});
    parts.digests.on_tick(BootTime{1h}, parts.out);
    parts.digests.on_news(news(bob, 5, 2), BootTime{1h});
    CHECK(parts.digests.next_deadline() == BootTime{1h} + parts.timing.relay_pause);
}

TEST_CASE("a node advertises as many skills as the limit", "[auction][digests]") {
    Parts parts;
    for (std::size_t i = 0; i < limits::skills_per_node; ++i) {
        REQUIRE(parts.participant.worker_waiting("skill " + std::to_string(i), WorkerId{1},
                                                 BootTime{1h}) == WorkerVerdict::waiting);
    }
    CHECK(parts.participant.worker_waiting("one more", WorkerId{1}, BootTime{1h}) ==
          WorkerVerdict::too_many);
}

// ------------------------------------------------------------------------------------- announcer

TEST_CASE("a node runs as many auctions as the limit", "[auction][announcer]") {
    Parts parts;
    TaskSpec spec;
    spec.skill = "quote";
    for (std::size_t i = 0; i < limits::auctions_open; ++i) {
        REQUIRE(parts.announcer.offer(spec, CallId{i}, at(0s), parts.out).verdict ==
                OfferVerdict::taken);
        parts.out.clear();
    }
    CHECK(parts.announcer.offer(spec, CallId{1}, at(0s), parts.out).verdict ==
          OfferVerdict::overloaded);
}

TEST_CASE("an invalid task is refused with its fault", "[auction][announcer]") {
    Parts parts;
    const Offered offered = parts.announcer.offer({}, CallId{1}, at(0s), parts.out);
    CHECK(offered.verdict == OfferVerdict::invalid);
    CHECK(offered.fault == SpecFault::skill_empty);
    CHECK(parts.out.empty());
}

TEST_CASE("without a majority of custodians an offer is unknown after five seconds",
          "[auction][announcer]") {
    Parts parts;
    TaskSpec spec;
    spec.skill = "quote";
    parts.announcer.offer(spec, CallId{1}, at(0s), parts.out);
    Duration elapsed{};
    while (elapsed < 15s) {
        elapsed += 100ms;
        parts.announcer.on_tick(at(elapsed), parts.out);
    }
    const auto answers = parts.announcer.take_acknowledged();
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].verdict == AckVerdict::unknown);
}

TEST_CASE("a node that lost a task and takes it again uses no epoch twice",
          "[auction][announcer]") {
    Parts parts;
    Custody custody;
    custody.record = record_of(1).record;
    custody.highest = epoch_of(1, bob);
    parts.announcer.adopt(custody, at(0s), parts.out);
    const Epoch first = parts.last<Grant>().epoch;
    Granted lower;
    lower.task = task(1);
    lower.epoch = first;
    lower.verdict = GrantVerdict::lower;
    lower.highest = epoch_of(3, eve);
    parts.announcer.on_granted(eve, lower, at(0s), parts.out);
    CHECK(parts.announcer.open_count() == 0);
    parts.out.clear();
    parts.announcer.adopt(custody, at(1s), parts.out);
    CHECK(parts.last<Grant>().epoch != first);
}

TEST_CASE("who offers a key that this node adopted hears of it once a majority has it",
          "[auction][announcer]") {
    Parts parts;
    TaskSpec spec;
    spec.skill = "quote";
    spec.key = "invoice-17";
    Custody custody;
    custody.record = record_of(1).record;
    custody.record.id = keyed_id(spec.key);
    custody.record.spec = spec;
    custody.highest = epoch_of(1, bob);
    parts.announcer.adopt(custody, at(0s), parts.out);
    CHECK(parts.announcer.offer(spec, CallId{5}, at(1s), parts.out).verdict == OfferVerdict::taken);
    CHECK(parts.announcer.take_acknowledged().empty());
    Granted granted;
    granted.task = custody.record.id;
    granted.epoch = parts.last<Grant>().epoch;
    granted.verdict = GrantVerdict::granted;
    for (const NodeId& custodian : {self, eve}) {
        parts.announcer.on_granted(custodian, granted, at(1s), parts.out);
    }
    const auto answers = parts.announcer.take_acknowledged();
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].verdict == AckVerdict::recorded);
}

// ---------------------------------------------------------------------------------------- retries

TEST_CASE("three nodes that died over a task make it poison", "[auction][retry]") {
    Attempts attempts;
    for (std::uint8_t i = 1; i <= 3; ++i) {
        CHECK_FALSE(given_up(attempts, 5));
        attempt_of(attempts, epoch_of(i, self), node(i)).end = AttemptEnd::crashed;
    }
    CHECK(given_up(attempts, 5)->starts_with("poison"));
}

TEST_CASE("one node that dies again and again is no poison", "[auction][retry]") {
    Attempts attempts;
    for (std::uint32_t i = 1; i < limits::attempts_lost; ++i) {
        attempt_of(attempts, epoch_of(i, self), bob).end = AttemptEnd::crashed;
    }
    CHECK_FALSE(given_up(attempts, 5));
}

TEST_CASE("retries are spread below a cap that doubles", "[auction][retry]") {
    Rng rng(3);
    const Timing timing;
    for (std::size_t failures = 1; failures < 40; ++failures) {
        const Duration bound = std::min<Duration>(
            timing.retry_cap, timing.retry_base * (1LL << std::min<std::size_t>(failures, 20)));
        CHECK(rest_after_failure(rng, timing, failures) <= bound);
    }
}

// ---------------------------------------------------------------------------------------- members

TEST_CASE("a node cut off from a mesh of three or more names custodians it cannot reach",
          "[auction][members]") {
    Members members(self, Boot{7}, BootTime{1h});
    CHECK(members.custodians(task(1), 3).size() == 1);
    members.alive(bob, Boot{1}, BootTime{});
    CHECK(members.custodians(task(1), 3).size() == 2);
    members.alive(eve, Boot{1}, BootTime{});
    members.gone(bob, BootTime{});
    members.gone(eve, BootTime{});
    CHECK(members.custodians(task(1), 3).size() == 3);
    members.left(bob, BootTime{});
    CHECK(members.custodians(task(1), 3).size() == 1);
}

TEST_CASE("who is behind with its disk keeps a task only where too few others are there",
          "[auction][members]") {
    Members members(self, Boot{7}, BootTime{1h});
    for (const NodeId& each : {bob, eve, node(4)}) members.alive(each, Boot{1}, BootTime{});
    members.lag(bob, true);
    const auto without = members.custodians(task(1), 3);
    CHECK(std::ranges::count(without, bob) == 0);
    CHECK(without.size() == 3);
    members.gone(eve, BootTime{});
    CHECK(members.custodians(task(1), 3).back() == bob);
}

TEST_CASE("a member not yet heard of is not gone while a start settles", "[auction][members]") {
    const Members members(self, Boot{7}, BootTime{3s});
    CHECK_FALSE(members.is_gone(bob, Boot{1}, BootTime{2s}));
    CHECK(members.is_gone(bob, Boot{1}, BootTime{3s}));
    CHECK(members.is_gone(self, Boot{6}, BootTime{0s}));
    CHECK_FALSE(members.is_gone(self, Boot{7}, BootTime{9s}));
}

TEST_CASE("members are told apart by their boots, however far these are from one's own",
          "[auction][members]") {
    constexpr std::uint64_t own = 1'000'000'000'000;
    constexpr std::uint64_t far = std::uint64_t{1} << 31U;
    Members members(self, Boot{own}, BootTime{1h});
    for (const std::uint64_t boot :
         {std::uint64_t{0}, own - far, own - far + 1, own - 1, own + 1, own + far - 1, own + far}) {
        INFO(boot);
        members.gone(bob, BootTime{});
        members.alive(bob, Boot{boot}, BootTime{});
        CHECK(members.is_boot(bob, Boot{boot}));
        CHECK_FALSE(members.is_boot(bob, Boot{boot + 1}));
        CHECK_FALSE(members.is_gone(bob, Boot{boot}, BootTime{}));
        CHECK(members.is_gone(bob, Boot{boot - 1}, BootTime{}) == (boot != 0));
    }
    CHECK(members.is_boot(self, Boot{own}));
}

TEST_CASE("a return is remembered for two minutes after the last one of its node",
          "[auction][members]") {
    Members members(self, Boot{7}, BootTime{});
    const auto returns = [&](const NodeId& who, BootTime at) {
        members.gone(who, at);
        members.alive(who, Boot{1}, at);
    };
    const std::vector<NodeId> both{bob, eve};
    returns(eve, BootTime{10s});
    returns(bob, BootTime{20s});
    returns(eve, BootTime{30s});
    CHECK(members.last_return(both) == BootTime{30s});
    returns(node(4), BootTime{149s});
    CHECK(members.last_return(both) == BootTime{30s});
    CHECK(members.last_return(std::vector<NodeId>{bob}) == BootTime{});
    returns(node(4), BootTime{151s});
    CHECK(members.last_return(both) == BootTime{});
}

}  // namespace
}  // namespace starling::auction::part::parts_test
