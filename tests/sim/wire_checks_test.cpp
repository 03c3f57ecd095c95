// Each invariant about what nodes say is broken once on purpose, beside a case that breaks nothing.
#include "quorum/names.hpp"
#include "sim/award_check.hpp"
#include "sim/ballot_check.hpp"
#include "sim/custody_check.hpp"
#include "sim/head_check.hpp"
#include "sim/lease_load.hpp"
#include "sim/register_load.hpp"
#include "tests/sim/custody_talk.hpp"
#include "tests/sim/talk.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace starling::sim::wire_checks_test {
namespace {

using five_nodes::ann;
using five_nodes::bob;
using five_nodes::duty;
using five_nodes::epoch;
using five_nodes::eve;
using five_nodes::finish;
using five_nodes::granted;
using five_nodes::id_of;
using five_nodes::ids;
using five_nodes::mesh;
using five_nodes::Talk;
using five_nodes::task;

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

TEST_CASE("an answer that waited for the disk is of the record that was withdrawn meanwhile",
          "[sim][checks]") {
    Talk<CustodyCheck> talk(ids());
    const auction::Epoch withdrawn = epoch(2, eve);
    talk.batch = talk.durable = 1;
    talk.hears(bob, eve, auction::Cancel{task, withdrawn, auction::CancelPurpose::withdraw});
    talk.says(bob, eve, granted(withdrawn, withdrawn));
    talk.batch = talk.durable = 3;
    talk.says(bob, ann, granted(epoch(1, ann), epoch(1, ann)));
    talk.says(bob, eve,
              auction::Informed{task, epoch(1, ann), auction::InformVerdict::stored, id_of(ann)});
    CHECK(talk.broken().empty());
}

TEST_CASE("who withdraws a rival's record takes no result from the one that is kept",
          "[sim][checks]") {
    Talk<CustodyCheck> talk(ids());
    talk.batch = talk.durable = 1;
    const auction::Epoch first = epoch(1, ann);
    const auction::Informed kept{task, first, auction::InformVerdict::stored, id_of(ann)};
    talk.says(bob, eve, kept);
    talk.hears(bob, eve, auction::Cancel{task, epoch(1, eve), auction::CancelPurpose::withdraw});
    talk.batch = talk.durable = 3;
    talk.says(bob, eve, granted(epoch(2, eve), epoch(2, eve)));
    talk.says(bob, eve, kept);
    CHECK(talk.broken().empty());
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

// Ann gives the task to Bob, whose bid was for this task or another.
auction::AcceptProposal award(std::uint32_t round, const TaskId& bid = task) {
    auction::Record record;
    record.id = task;
    record.spec.skill = "count";
    record.custodians = {id_of(bob)};
    return {record, epoch(round, ann), Boot{100}, 5s, bid};
}

// What Ann stores under the epoch that she awarded to Bob.
Names broken_by_store(const auction::Epoch& origin, std::uint32_t executor) {
    Talk<AwardCheck> talk(ids());
    talk.says(ann, bob, award(2));
    const auction::Outcome outcome{auction::Ending::done, {}, {}, id_of(executor), origin};
    talk.says(ann, bob, auction::StoreResult{task, {}, {epoch(2, ann), outcome}, false, {}});
    return talk.broken();
}

TEST_CASE("a result of an earlier award, or of a loser, under the epoch of another is found",
          "[sim][checks]") {
    CHECK(broken_by_store(epoch(2, ann), bob).empty());
    CHECK(broken_by_store(epoch(1, ann), bob) == Names{"awards_end_as_given"});
    CHECK(broken_by_store(epoch(2, ann), eve) == Names{"awards_end_as_given"});
}

auction::Propose bid(std::uint32_t round) {
    auction::Propose message;
    message.task = task;
    message.epoch = epoch(round, ann);
    message.boot = Boot{100};
    return message;
}

TEST_CASE("a late bid for what another won that is not answered is found", "[sim][checks]") {
    Talk<AwardCheck> talk(ids());
    talk.hears(ann, eve, bid(1));  // nobody won it yet
    talk.says(ann, bob, award(1));
    talk.hears(ann, bob, bid(1));  // twice on the wire
    talk.looks(20s);
    CHECK(talk.broken().empty());
    talk.hears(ann, eve, bid(1), 20s);
    talk.looks(30s);
    CHECK(talk.broken() == Names{"bids_are_answered"});
}

TEST_CASE("a late bid is refused, is given another task, or is not read", "[sim][checks]") {
    const auto unread = static_cast<std::uint64_t>(Kind::propose);
    const TaskId other{{8}};
    Talk<AwardCheck> talk(ids());
    talk.says(ann, bob, award(1));
    talk.hears(ann, eve, bid(1));
    talk.says(ann, eve, auction::RejectProposal{task, epoch(1, ann)});
    talk.looks(10s);
    talk.hears(ann, eve, bid(1), 10s);
    auction::AcceptProposal instead = award(1);
    instead.record.id = other;
    talk.says(ann, eve, instead, 10s);
    talk.looks(20s);
    talk.hears(ann, eve, bid(1), 20s);
    talk.traces(ann, Event::frame_refused, {id_of(eve).prefix(), unread}, 20s);
    talk.looks(30s);
    talk.hears(ann, eve, bid(1), 30s);
    talk.restarts(ann, 31s);  // before it answered
    talk.looks(50s);
    CHECK(talk.broken().empty());
}

TEST_CASE("a lease that only a loser renews is found", "[sim][checks]") {
    const auto renewed_by = [](std::uint32_t host) {
        Talk<AwardCheck> talk(ids());
        talk.says(ann, bob, award(1));
        talk.hears(ann, bob, auction::Agree{task, epoch(1, ann), {}});
        talk.traces(ann, Event::task_agreed, {task.prefix(), 1, id_of(bob).prefix()}, 1s);
        talk.hears(ann, host, auction::Renew{task, epoch(1, ann), 0, {}}, 8s);
        talk.looks(12s);
        return talk.broken();
    };
    CHECK(renewed_by(bob).empty());
    CHECK(renewed_by(eve) == Names{"leases_are_watched"});
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

// --------------------------------------------------------------------------------------- state

const crdt::Origin& eves() {
    static const crdt::Origin origin{id_of(eve), Boot{100}};
    return origin;
}

// Bob has five batches of hers, ann has four.
crdt::Heads bobs_heads() {
    return {crdt::Purpose::answer, {}, {}, {{eves(), 5, 0}}};
}

crdt::Heads anns_heads() {
    return {crdt::Purpose::reconcile, {}, {}, {{eves(), 4, 0}}};
}

TEST_CASE("what a replica said that it has, and its disk held back, is of then", "[sim][checks]") {
    Talk<HeadCheck> talk(ids());
    for (int second = 1; second <= 7; ++second) talk.hears(ann, bob, bobs_heads(), second * 1s);
    talk.says_late(ann, bob, anns_heads(), 3s, 10s);
    CHECK(talk.broken().empty());
}

TEST_CASE("a replica that heard nothing for long hears anew of what it lacks", "[sim][checks]") {
    Talk<HeadCheck> talk(ids());
    for (const Duration now : {1s, 2s, 3s, 4s, 8s}) talk.hears(ann, bob, bobs_heads(), now);
    talk.says(ann, bob, anns_heads(), 9s);
    CHECK(talk.broken().empty());
}

TEST_CASE("who started again and again was to be asked in vain", "[sim][checks]") {
    Talk<HeadCheck> talk(ids());
    for (int second = 1; second <= 7; ++second) {
        talk.restarts(bob, second * 1s);
        talk.hears(ann, bob, bobs_heads(), second * 1s);
    }
    talk.says(ann, bob, anns_heads(), 8s);
    CHECK(talk.broken().empty());
}

TEST_CASE("a replica behind a throttled link need not ask for all that it lacks", "[sim][checks]") {
    Talk<HeadCheck> talk(ids());
    for (int second = 1; second <= 4; ++second) talk.hears(ann, bob, bobs_heads(), second * 1s);
    talk.strikes(FaultKind::throttle, ann, 5s);
    for (int second = 6; second <= 9; ++second) talk.hears(ann, bob, bobs_heads(), second * 1s);
    talk.says(ann, bob, anns_heads(), 10s);
    CHECK(talk.broken().empty());
}

TEST_CASE("a replica that does not ask for what it lacks is found", "[sim][checks]") {
    const auto told = [&](bool asks) {
        Talk<HeadCheck> talk(ids());
        for (int second = 1; second <= 7; ++second) talk.hears(ann, bob, bobs_heads(), second * 1s);
        if (asks) talk.says(ann, bob, crdt::Want{{{eves(), 5, 5}}}, 1s);
        talk.says(ann, bob, anns_heads(), 10s);
        return talk.broken();
    };
    CHECK(told(false) == Names{"heads_are_followed_up"});
    CHECK(told(true).empty());
}

}  // namespace
}  // namespace starling::sim::wire_checks_test
