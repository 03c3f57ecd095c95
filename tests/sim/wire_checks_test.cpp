// Each invariant about what nodes say is broken once on purpose, beside a case that breaks nothing.
#include "quorum/names.hpp"
#include "sim/award_check.hpp"
#include "sim/ballot_check.hpp"
#include "sim/custody_check.hpp"
#include "sim/head_check.hpp"
#include "sim/lease_load.hpp"
#include "sim/register_load.hpp"
#include "sim/rumour_check.hpp"
#include "tests/sim/desk.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace starling::sim::wire_checks_test {
namespace {

constexpr std::uint32_t ann = 0;
constexpr std::uint32_t bob = 1;
constexpr std::uint32_t eve = 2;

const Identities& mesh() {
    static const Identities identities = make_identities(1, 5);
    return identities;
}

NodeId id_of(std::uint32_t host) {
    return mesh().nodes[host].key.id();
}

std::vector<NodeId> ids() {
    std::vector<NodeId> all;
    for (const Identity& each : mesh().nodes) all.push_back(each.key.id());
    return all;
}

// Five nodes that run since 0, whom one check listens to.
template <class Subject>
class Talk {
public:
    template <class... Arguments>
    explicit Talk(Arguments&&... arguments)
        : check(std::forward<Arguments>(arguments)..., findings) {
        for (std::uint32_t host = 0; host < 5; ++host) check.on_started(host, Boot{100}, 0s);
    }

    template <class Message>
    void says(std::uint32_t host, std::uint32_t to, const Message& message, Duration now = 1s) {
        check.on_said(told(host, to, message, now));
    }

    template <class Message>
    void hears(std::uint32_t host, std::uint32_t from, const Message& message, Duration now = 1s) {
        check.on_heard(told(host, from, message, now));
    }

    void traces(std::uint32_t host, Event event, std::array<std::uint64_t, 6> fields,
                Duration now) {
        check.on_traced(host, {event, 6, fields}, now);
    }

    void restarts(std::uint32_t host, Duration now) { check.on_started(host, Boot{200}, now); }

    void looks(Duration now) {
        if (check.next_time() && *check.next_time() <= now) check.on_time(now);
    }

    [[nodiscard]] Names broken() const {
        Names names;
        for (const auto& [name, result] : findings.results()) {
            if (result.violations > 0) names.push_back(name);
        }
        return names;
    }

    Findings findings;
    Subject check;
    std::uint64_t batch = 0;    // the last that the node wrote
    std::uint64_t durable = 0;  // of them

private:
    template <class Message>
    Told told(std::uint32_t host, std::uint32_t peer, const Message& message, Duration now) {
        body_.clear();
        Writer writer(body_);
        message.encode(writer);
        return {host, id_of(peer), Message::kind, body_, ++bodies_, batch, durable, now};
    }

    Bytes body_;
    std::uint64_t bodies_ = 0;
};

// ------------------------------------------------------------------------------------ registers

using Ballots = Talk<BallotCheck>;

quorum::Ballot ballot(std::uint64_t round, std::uint32_t proposer) {
    return {round, id_of(proposer), Boot{100}};
}

quorum::Promise promise(std::uint64_t round, std::uint32_t voter, std::uint64_t accepted = 0) {
    quorum::Ballot shown;
    if (accepted > 0) shown = ballot(accepted, ann);
    return {"r/x", ballot(round, ann), mesh().nodes[voter].journal, shown, {}};
}

quorum::Accepted accepted(std::uint64_t round, std::uint32_t voter) {
    return {"r/x", ballot(round, ann), mesh().nodes[voter].journal};
}

quorum::Accept accept(std::uint64_t round, std::uint64_t next_round = 0,
                      const std::string& value = "v") {
    quorum::State state;
    state.snapshot.version = 1;
    state.snapshot.contents = bytes_of(value);
    return {"r/x", ballot(round, ann), next_round, state};
}

// Three of five voters promise, and hear of it.
void win(Ballots& talk, std::uint64_t round) {
    for (const std::uint32_t voter : {0U, 1U, 2U}) {
        talk.says(voter, ann, promise(round, voter));
        talk.hears(ann, voter, promise(round, voter));
    }
}

TEST_CASE("a round of a register that breaks no rule breaks no invariant", "[sim][checks]") {
    Ballots talk(mesh());
    win(talk, 10);
    talk.says(ann, bob, accept(10, 11));
    for (const std::uint32_t voter : {0U, 1U, 2U}) {
        talk.says(voter, ann, accepted(10, voter));
        talk.hears(ann, voter, accepted(10, voter));
    }
    talk.says(ann, bob, accept(11));  // promised with the round before
    CHECK(talk.broken().empty());
    CHECK(talk.check.was_chosen("x", "v"));
    CHECK_FALSE(talk.check.was_chosen("x", "w"));
}

TEST_CASE("a voter that promises below its promise after a restart is found", "[sim][checks]") {
    Ballots talk(mesh());
    talk.says(bob, ann, promise(10, bob));
    talk.restarts(bob, 2s);
    talk.says(bob, ann, promise(9, bob));
    CHECK(talk.broken() == Names{"voters_keep_promises"});
}

TEST_CASE("a voter that accepts below its promise is found", "[sim][checks]") {
    Ballots talk(mesh());
    talk.says(bob, ann, promise(10, bob));
    talk.says(bob, ann, accepted(9, bob));
    CHECK(talk.broken() == Names{"voters_keep_promises"});
}

TEST_CASE("what a voter accepted before it promised more it may say again", "[sim][checks]") {
    Ballots talk(mesh());
    talk.says(bob, ann, accepted(9, bob));
    talk.says(bob, ann, promise(10, bob, 9));
    talk.says(bob, ann, accepted(9, bob));
    CHECK(talk.broken().empty());
}

TEST_CASE("a voter that forgets what it accepted is found", "[sim][checks]") {
    Ballots talk(mesh());
    talk.says(bob, ann, accepted(9, bob));
    talk.says(bob, ann, promise(10, bob));
    CHECK(talk.broken() == Names{"votes_are_remembered"});
}

TEST_CASE("an accept without a majority is found, and one with another's votes", "[sim][checks]") {
    Ballots talk(mesh());
    talk.hears(ann, ann, promise(10, ann));
    talk.hears(ann, bob, promise(10, bob));
    talk.hears(ann, bob, promise(10, eve));  // the journal of somebody else
    talk.says(ann, bob, accept(10));
    CHECK(talk.broken() == Names{"rounds_have_a_majority"});
}

// That ann changed a register, after each voter's word about it.
Names broken_by_change_after(std::initializer_list<std::pair<std::uint32_t, std::uint32_t>> votes) {
    Ballots talk(mesh());
    win(talk, 10);
    talk.says(ann, bob, accept(10));
    for (const auto& [from, journal_of] : votes) talk.hears(ann, from, accepted(10, journal_of));
    talk.traces(ann, Event::register_changed, {quorum::trace_name("r/x"), 1, 10}, 1s);
    return talk.broken();
}

TEST_CASE("a change that no majority accepted is found, votes for others aside", "[sim][checks]") {
    CHECK(broken_by_change_after({{ann, ann}, {bob, bob}, {eve, eve}}).empty());
    CHECK(broken_by_change_after({{ann, ann}, {bob, bob}}) == Names{"changes_have_a_majority"});
    CHECK(broken_by_change_after({{ann, ann}, {bob, bob}, {bob, eve}}) ==
          Names{"changes_have_a_majority"});
}

TEST_CASE("a promise that leaves before it is durable is found", "[sim][checks]") {
    Ballots talk(mesh());
    talk.batch = 3;
    talk.durable = 2;
    talk.says(bob, ann, promise(10, bob));
    CHECK(talk.broken() == Names{"promises_wait_for_disks"});
}

TEST_CASE("a change that was told as not applied and was chosen is found", "[sim][checks]") {
    Ballots talk(mesh());
    Findings findings;
    RegisterLoad load(setup_of(1'000'000, 100ms), findings);
    load.compare_with(talk.check);
    Desk desk;
    run(load, desk, 100ms);
    const Asked asked = desk.all_of<node::RegisterCasAsk>().front();
    Decoder decoder;
    const auto ask = node::request_from<node::RegisterCasAsk>(decoder, asked.request);
    node::RegisterAnswer told;
    told.outcome = node::RegisterOutcome::not_applied;
    answer(load, asked, told);
    win(talk, 10);
    quorum::Accept message = accept(10, 0, std::string(starling::text_of(*ask->value)));
    message.name = "r/" + ask->name;
    talk.says(ann, bob, message);
    for (const std::uint32_t voter : {0U, 1U, 2U}) {
        quorum::Accepted vote = accepted(10, voter);
        vote.name = message.name;
        talk.says(voter, ann, vote);
    }
    load.conclude(2s);
    CHECK(findings.results().at("not_applied_stays").violations == 1);
}

TEST_CASE("a lease that is told for longer than since it was proposed is found", "[sim][checks]") {
    const auto told_for = [&](Duration remaining) {
        Ballots talk(mesh());
        Findings findings;
        LeaseLoad load(setup_of(1'000'000, 100ms), findings);
        load.compare_with(talk.check);
        Desk desk;
        run(load, desk, 100ms);
        desk.clock = BootTime{1s};
        const Asked asked = desk.all_of<node::LeaseAcquireAsk>().front();
        Decoder decoder;
        const auto ask = node::request_from<node::LeaseAcquireAsk>(decoder, asked.request);
        quorum::Lease lease;
        lease.holder.node = id_of(asked.host);
        lease.term = 2s;
        lease.fence = 5;
        quorum::Accept message = accept(10);
        message.name = "l/" + ask->name;
        message.state.snapshot.contents = lease;
        talk.says(asked.host, bob, message, 500ms);
        node::LeaseAnswer granted_lease;
        granted_lease.outcome = node::RegisterOutcome::applied;
        granted_lease.held = granted_lease.mine = true;
        granted_lease.fence = 5;
        granted_lease.term = 2s;
        granted_lease.until = 1s + remaining;
        answer(load, asked, granted_lease);
        return findings.results().at("leases_count_from_asked").violations;
    };
    CHECK(told_for(1400ms) == 0);
    CHECK(told_for(1900ms) == 1);
}

// --------------------------------------------------------------------------------------- tasks

constexpr TaskId task{{7}};

auction::Epoch epoch(std::uint32_t round, std::uint32_t runner) {
    return {round, id_of(runner), Boot{100}, 1};
}

auction::Granted granted(const auction::Epoch& asked, const auction::Epoch& highest) {
    auction::Granted answer;
    answer.task = task;
    answer.epoch = asked;
    answer.verdict = auction::GrantVerdict::granted;
    answer.highest = highest;
    return answer;
}

auction::Progress duty(const auction::Epoch& under, auction::DutyNote note) {
    return {{{task, under, note}}};
}

// Bob keeps the task for Ann, and its result; then he hears that it is finished.
void finish(Talk<CustodyCheck>& talk) {
    const auction::Epoch first = epoch(1, ann);
    talk.batch = talk.durable = 1;
    talk.says(bob, ann, granted(first, first));
    auction::StoredResult stored;
    stored.task = task;
    stored.epoch = stored.highest = first;
    talk.says(bob, ann, stored);
    talk.hears(bob, ann, duty(first, auction::DutyNote::finished));
    talk.batch = talk.durable = 2;
    talk.says(bob, ann, auction::Progress{});
}

TEST_CASE("a custodian that grants below what it granted is found", "[sim][checks]") {
    Talk<CustodyCheck> talk(ids());
    talk.says(bob, ann, granted(epoch(1, ann), epoch(2, eve)));
    CHECK(talk.broken() == Names{"grants_rise"});
}

TEST_CASE("a custodian that keeps a result of one that lost the task is found", "[sim][checks]") {
    Talk<CustodyCheck> talk(ids());
    talk.says(bob, ann, granted(epoch(2, ann), epoch(2, ann)));
    talk.says(bob, eve,
              auction::Informed{task, epoch(1, ann), auction::InformVerdict::stored, id_of(ann)});
    CHECK(talk.broken() == Names{"results_go_to_winners"});
}

TEST_CASE("a custodian that asks about a task that ended is found", "[sim][checks]") {
    Talk<CustodyCheck> talk(ids());
    finish(talk);
    talk.restarts(bob, 5s);
    talk.batch = 3;
    talk.says(bob, ann, duty(epoch(1, ann), auction::DutyNote::asked));
    CHECK(talk.broken() == Names{"task_ends_are_kept"});
}

TEST_CASE("a custodian may forget an end that was not durable", "[sim][checks]") {
    Talk<CustodyCheck> talk(ids());
    const auction::Epoch first = epoch(1, ann);
    talk.batch = talk.durable = 1;
    talk.says(bob, ann, granted(first, first));
    talk.hears(bob, ann, duty(first, auction::DutyNote::finished));
    talk.restarts(bob, 5s);
    talk.batch = 3;
    talk.says(bob, ann, duty(first, auction::DutyNote::asked));
    CHECK(talk.broken().empty());
}

TEST_CASE("a custodian that does not look after its task is found", "[sim][checks]") {
    Talk<CustodyCheck> talk(ids());
    talk.batch = 1;
    talk.says(bob, ann, granted(epoch(1, ann), epoch(1, ann)));
    talk.looks(30s);
    CHECK(talk.broken() == Names{"custodians_look_after"});
}

TEST_CASE("a custodian that looks after its task, or was told of its end, is left alone",
          "[sim][checks]") {
    Talk<CustodyCheck> talk(ids());
    finish(talk);
    talk.looks(50s);
    CHECK(talk.broken().empty());
}

TEST_CASE("a task that counts as agreed to though nobody agreed is found", "[sim][checks]") {
    Talk<AwardCheck> talk(ids());
    talk.hears(ann, bob, auction::Agree{task, epoch(1, ann), {}});
    talk.traces(ann, Event::task_agreed, {task.prefix(), 1, id_of(bob).prefix()}, 1s);
    CHECK(talk.broken().empty());
    talk.traces(ann, Event::task_agreed, {task.prefix(), 2, id_of(bob).prefix()}, 2s);
    CHECK(talk.broken() == Names{"awards_are_agreed"});
}

TEST_CASE("a result of an earlier award under the epoch of another is found", "[sim][checks]") {
    Talk<AwardCheck> talk(ids());
    auction::Record record;
    record.id = task;
    record.spec.skill = "count";
    record.custodians = {id_of(bob)};
    talk.says(ann, bob, auction::AcceptProposal{record, epoch(2, ann), Boot{100}, 5s, task});
    const auction::Outcome outcome{auction::Ending::done, {}, {}, id_of(bob), epoch(1, ann)};
    talk.says(ann, bob, auction::StoreResult{task, {}, {epoch(2, ann), outcome}, false, {}});
    CHECK(talk.broken() == Names{"awards_end_as_given"});
}

TEST_CASE("a lease whose end its runner does not look for is found", "[sim][checks]") {
    Talk<AwardCheck> talk(ids());
    talk.hears(ann, bob, auction::Agree{task, epoch(1, ann), {}});
    talk.traces(ann, Event::task_agreed, {task.prefix(), 1, id_of(bob).prefix()}, 1s);
    talk.looks(20s);
    CHECK(talk.broken() == Names{"leases_are_watched"});
}

TEST_CASE("a result that is not reported again after a restart is found", "[sim][checks]") {
    Talk<AwardCheck> talk(ids());
    talk.batch = 5;
    talk.says(bob, ann, auction::Inform{task, epoch(1, ann), {}, {}});
    talk.restarts(bob, 3s);
    talk.looks(20s);
    CHECK(talk.broken() == Names{"results_are_reported"});
}

TEST_CASE("a result that was told to count is reported no more", "[sim][checks]") {
    Talk<AwardCheck> talk(ids());
    talk.batch = 5;
    talk.says(bob, ann, auction::Inform{task, epoch(1, ann), {}, {}});
    talk.hears(bob, ann,
               auction::Informed{task, epoch(1, ann), auction::InformVerdict::accepted, {}});
    talk.looks(20s);
    CHECK(talk.broken().empty());
}

// -------------------------------------------------------------------------------------- members

std::array<std::uint64_t, 6> member(std::uint32_t host, std::uint32_t incarnation,
                                    std::uint64_t cause = 1) {
    return {id_of(host).prefix(), 100, incarnation, cause};
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
    talk.traces(ann, Event::member_dead, member(bob, 0), 12s);
    CHECK(talk.broken().empty());
}

// Somebody else tells ann that bob, who answered her, is dead, and she believes it.
struct Mourning {
    bool others_came = false;  // between the answer and the news
    bool refused = false;      // the answer
    Duration silence = 100ms;  // of bob, before the news
};

Names broken_by(const Mourning& mourning, std::vector<NodeId> members) {
    Talk<RumourCheck> talk(std::move(members));
    accuse(talk, eve, bob, 9s);
    talk.traces(eve, Event::member_suspect, member(bob, 0), 10s);
    talk.traces(eve, Event::member_dead, member(bob, 0), 12s);
    gossip::Pong answer;
    answer.sequence = 1;
    talk.hears(ann, bob, answer, 12s);
    if (mourning.refused) talk.traces(ann, Event::frame_refused, {id_of(bob).prefix()}, 12s);
    if (mourning.others_came) talk.traces(ann, Event::member_alive, member(3, 0), 12s + 50ms);
    gossip::Cells cells;
    cells.deaths.push_back({id_of(bob), Boot{100}, {}, gossip::Cause::silent, 0});
    talk.hears(ann, eve, cells, 12s + mourning.silence);
    talk.traces(ann, Event::member_dead, member(bob, 0), 12s + mourning.silence);
    return talk.broken();
}

// Of whom the first five are those of the small mesh.
std::vector<NodeId> ids_of_many() {
    std::vector<NodeId> many = ids();
    const Identities others = make_identities(2, 20);
    for (const Identity& each : others.nodes) many.push_back(each.key.id());
    return many;
}

TEST_CASE("a member that is mourned by one who hears it is found", "[sim][checks]") {
    const Names found{"heard_are_not_mourned"};
    CHECK(broken_by({}, ids()) == found);
    CHECK(broken_by({}, ids_of_many()) == found);
    CHECK(broken_by({.silence = 2s}, ids()).empty());
    CHECK(broken_by({.refused = true}, ids()).empty());
}

TEST_CASE("in a large mesh one who is no neighbour any more may be mourned", "[sim][checks]") {
    CHECK(broken_by({.others_came = true}, ids_of_many()).empty());
    CHECK(broken_by({.others_came = true}, ids()) == Names{"heard_are_not_mourned"});
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

TEST_CASE("tables that differ at a greeting and are not compared are found", "[sim][checks]") {
    gossip::Ping shown;
    shown.roots.table = 1;
    gossip::Hello hello;
    gossip::ClaimTerms terms;
    terms.boot = Boot{100};
    terms.addresses = {mesh().nodes[bob].address};
    hello.claim = gossip::make_claim(terms, mesh().nodes[bob].certificate, mesh().nodes[bob].key);
    hello.roots.table = 2;
    const auto greeted = [&](bool compares) {
        Talk<RumourCheck> talk(ids());
        talk.says(ann, bob, shown, 1s);
        talk.hears(ann, bob, hello, 2s);
        if (compares) talk.says(ann, bob, gossip::TableDigest{}, 2s);
        talk.says(ann, bob, shown, 4s);
        return talk.broken();
    };
    CHECK(greeted(false) == Names{"tables_are_compared"});
    CHECK(greeted(true).empty());
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

// --------------------------------------------------------------------------------------- state

TEST_CASE("a replica that does not ask for what it lacks is found", "[sim][checks]") {
    const crdt::Origin origin{id_of(eve), Boot{100}};
    const crdt::Heads theirs{crdt::Purpose::answer, {}, {}, {{origin, 5, 0}}};
    const crdt::Heads own{crdt::Purpose::reconcile, {}, {}, {{origin, 4, 0}}};
    const auto told = [&](bool asks) {
        Talk<HeadCheck> talk;
        for (const Duration now : {1s, 4s, 7s}) talk.hears(ann, bob, theirs, now);
        if (asks) talk.says(ann, bob, crdt::Want{{{origin, 5, 5}}}, 1s);
        talk.says(ann, bob, own, 10s);
        return talk.broken();
    };
    CHECK(told(false) == Names{"heads_are_followed_up"});
    CHECK(told(true).empty());
}

}  // namespace
}  // namespace starling::sim::wire_checks_test
