// What a local program gets from a mesh of NodeCores: state, agreement, work.
#include "base/value_codec.hpp"
#include "node/calls_register.hpp"
#include "node/calls_state.hpp"
#include "node/calls_task.hpp"
#include "tests/node/village.hpp"

#include <catch2/catch.hpp>

namespace starling::node::services_test {
namespace {

using namespace std::chrono_literals;

// Three nodes that know each other.
struct Three : Village {
    Three() : Village(3) {
        REQUIRE(run_until([&] { return node(0).ready() && node(1).ready() && node(2).ready(); }));
    }

    Result<WriteAnswer> put(std::size_t index, std::string key, const Value& value,
                            std::uint32_t copies = 1) {
        WriteAsk ask;
        ask.steps.push_back({std::move(key), {}, WriteAction::put, value_bytes(value), 0});
        ask.agent = "ann";
        ask.reason = "because";
        ask.copies = copies;
        ask.timeout = 2s;
        return this->ask<WriteAnswer>(index, ask);
    }

    Result<GetAnswer> get(std::size_t index, std::string key) {
        return ask<GetAnswer>(index, GetAsk{std::move(key), std::nullopt});
    }
};

TEST_CASE("a value written on one node is read on another with its author", "[node][state]") {
    Three mesh;
    REQUIRE(mesh.put(0, "price/sku", 100).has_value());
    mesh.run(10ms);
    const auto answer = mesh.get(2, "price/sku");
    REQUIRE(answer.has_value());
    REQUIRE(answer->entries.size() == 1);
    CHECK(value_from(answer->entries[0].values[0]) == Value(100));
    CHECK(answer->entries[0].agent == "ann");
    CHECK(answer->entries[0].reason == "because");
    CHECK(answer->entries[0].node == mesh.id(0));
}

TEST_CASE("a deleted key is gone everywhere", "[node][state]") {
    Three mesh;
    REQUIRE(mesh.put(0, "price/sku", 100).has_value());
    mesh.run(10ms);
    WriteAsk erase;
    erase.steps.push_back({"price/sku", {}, WriteAction::erase, {}, 0});
    REQUIRE(mesh.ask<WriteAnswer>(1, erase).has_value());
    mesh.run(10ms);
    CHECK(mesh.get(0, "price/sku")->entries.empty());
}

TEST_CASE("a write that asks for three copies is answered when three nodes have it",
          "[node][state]") {
    Three mesh;
    const auto answer = mesh.put(0, "a", 1, 3);
    REQUIRE(answer.has_value());
    CHECK(answer->copies == 3);
}

TEST_CASE("a write that asks for more copies than there are nodes says what is known",
          "[node][state]") {
    Three mesh;
    const auto answer = mesh.put(0, "a", 1, 4);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().name == "copies_missing");
    CHECK(answer.error().changed == Changed::yes);
}

TEST_CASE("a watch tells what is there, that it caught up, then what changes", "[node][state]") {
    Three mesh;
    REQUIRE(mesh.put(0, "a/1", 1).has_value());
    REQUIRE(mesh.put(0, "b/1", 1).has_value());
    mesh.run(10ms);
    const CallId watch = mesh.call(1, WatchAsk{"a/"});
    CHECK(mesh.answer<ChangeRecord>(watch, 0)->entry.key == "a/1");
    CHECK(mesh.answer<ChangeRecord>(watch, 1)->phase == Phase::caught_up);
    REQUIRE(mesh.put(2, "b/2", 2).has_value());
    REQUIRE(mesh.put(2, "a/2", 2).has_value());
    const auto change = mesh.answer<ChangeRecord>(watch, 2);
    REQUIRE(change.has_value());
    CHECK(change->phase == Phase::change);
    CHECK(change->entry.key == "a/2");
    CHECK(change->remote);
}

TEST_CASE("a listing comes in pages and misses nothing", "[node][state]") {
    Three mesh;
    for (int i = 0; i < 25; ++i) {
        REQUIRE(mesh.put(0, "k/" + std::to_string(100 + i), i).has_value());
    }
    std::vector<std::string> keys;
    ListAsk ask{"k/", {}, 10};
    for (bool more = true; more;) {
        const auto page = mesh.ask<EntryPage>(0, ask);
        REQUIRE(page.has_value());
        for (const EntryRecord& entry : page->entries) keys.push_back(entry.key);
        ask.after = keys.back();
        more = page->more;
    }
    CHECK(keys.size() == 25);
    CHECK(std::ranges::is_sorted(keys));
}

TEST_CASE("a node that was down catches up on what it missed", "[node][state]") {
    Three mesh;
    mesh.kill(2);
    for (int i = 0; i < 50; ++i) REQUIRE(mesh.put(0, "k/" + std::to_string(i), i).has_value());
    mesh.run(1s);
    mesh.start(2);
    mesh.run(8s);
    CHECK(mesh.get(2, "k/49")->entries.size() == 1);
    CHECK(mesh.get(2, "k/0")->entries.size() == 1);
}

TEST_CASE("a register changes once under the version that was read", "[node][register]") {
    Three mesh;
    RegisterCasAsk ask{"leader", 0, Bytes{1}, {}, 2s};
    const auto first = mesh.ask<RegisterAnswer>(0, ask);
    REQUIRE(first.has_value());
    CHECK(first->outcome == RegisterOutcome::applied);
    const auto second = mesh.ask<RegisterAnswer>(1, ask);
    REQUIRE(second.has_value());
    CHECK(second->outcome == RegisterOutcome::not_applied);
    CHECK(second->version == first->version);
    const auto read = mesh.ask<RegisterAnswer>(2, RegisterGetAsk{"leader", 2s});
    REQUIRE(read.has_value());
    CHECK(read->value == Bytes{1});
}

TEST_CASE("a change asked for again shows what it wrote, whatever stands there now",
          "[node][register]") {
    Three mesh;
    const RegisterCasAsk ask{"leader", std::nullopt, Bytes{1}, bytes_of("op#1"), 2s};
    const auto first = mesh.ask<RegisterAnswer>(0, ask);
    REQUIRE(mesh.ask<RegisterAnswer>(1, RegisterCasAsk{"leader", std::nullopt, Bytes{2}, {}, 2s}));
    const auto again = mesh.ask<RegisterAnswer>(2, ask);
    REQUIRE(again.has_value());
    CHECK(again->outcome == RegisterOutcome::applied);
    CHECK(again->version == first->version);
    CHECK(again->value == Bytes{1});
}

TEST_CASE("a minority is told that there is no quorum", "[node][register]") {
    Three mesh;
    mesh.kill(1);
    mesh.kill(2);
    mesh.run(8s);
    const auto answer = mesh.ask<RegisterAnswer>(0, RegisterCasAsk{"x", 0, Bytes{1}, {}, 2s});
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().name == "no_quorum");
    CHECK(answer.error().code == ErrorCode::no_quorum);
}

TEST_CASE("a lease is one node's until it is released", "[node][lease]") {
    Three mesh;
    const auto mine = mesh.ask<LeaseAnswer>(0, LeaseAcquireAsk{"l", "ann", 5s, 2s});
    REQUIRE(mine.has_value());
    CHECK(mine->mine);
    const auto other = mesh.ask<LeaseAnswer>(1, LeaseAcquireAsk{"l", "bob", 5s, 100ms});
    REQUIRE(other.has_value());
    CHECK(other->outcome == RegisterOutcome::not_applied);
    CHECK_FALSE(other->mine);
    REQUIRE(mesh.ask<LeaseAnswer>(0, LeaseReleaseAsk{"l", mine->fence, 2s}).has_value());
    const auto next = mesh.ask<LeaseAnswer>(1, LeaseAcquireAsk{"l", "bob", 5s, 2s});
    REQUIRE(next.has_value());
    CHECK(next->mine);
    CHECK(next->fence > mine->fence);
}

TEST_CASE("a majority of the electors decides", "[node][decision]") {
    Three mesh;
    DecideProposeAsk propose;
    propose.name = "ship";
    propose.question = "Ship it?";
    propose.options = {"yes", "no"};
    propose.status_quo = "no";
    propose.electors = {mesh.id(0), mesh.id(1), mesh.id(2)};
    propose.within = 5s;
    propose.timeout = 2s;
    REQUIRE(mesh.ask<DecisionAnswer>(0, propose).has_value());
    const auto vote = [&](std::size_t index, std::string option) {
        return mesh.ask<DecisionAnswer>(index,
                                        DecideVoteAsk{"ship", std::move(option), {}, {}, 2s});
    };
    REQUIRE(vote(1, "yes").has_value());
    const auto last = vote(2, "yes");
    REQUIRE(last.has_value());
    CHECK(last->closed);
    CHECK(last->decided == "yes");
    CHECK_FALSE(vote(0, "maybe").has_value());
}

TEST_CASE("an offered task is done by a worker elsewhere", "[node][task]") {
    Three mesh;
    const CallId serve = mesh.call(2, TaskServeAsk{{"sum"}, "eve", 1});
    mesh.run(100ms);
    TaskOfferAsk offer;
    offer.skill = "sum";
    offer.payload = Bytes{7};
    offer.wait = true;
    const CallId call = mesh.call(0, offer);
    const auto assigned = mesh.answer<AssignmentRecord>(serve);
    REQUIRE(assigned.has_value());
    CHECK(assigned->payload == Bytes{7});
    CHECK(mesh.ask<TaskReported>(2, TaskFinishAsk{assigned->task, assigned->epoch, Bytes{8}})
              ->counts);
    const auto done = mesh.answer<TaskRecord>(call, 1);
    REQUIRE(done.has_value());
    CHECK(done->state == TaskState::done);
    CHECK(done->result == Bytes{8});
    CHECK(done->winner == mesh.id(2));
    const auto shown = mesh.ask<TaskRecord>(1, TaskShowAsk{assigned->task, 2s});
    REQUIRE(shown.has_value());
    CHECK(shown->executions == 1);
}

TEST_CASE("a worker whose result no custodian can accept is told that its fate is unknown",
          "[node][task]") {
    Three mesh;
    const CallId serve = mesh.call(2, TaskServeAsk{{"sum"}, "eve", 1});
    mesh.run(100ms);
    TaskOfferAsk offer;
    offer.skill = "sum";
    mesh.call(0, offer);
    const auto assigned = mesh.answer<AssignmentRecord>(serve);
    REQUIRE(assigned.has_value());
    mesh.kill(0);
    mesh.kill(1);
    const auto told =
        mesh.ask<TaskReported>(2, TaskFinishAsk{assigned->task, assigned->epoch, Bytes{8}});
    REQUIRE_FALSE(told.has_value());
    CHECK(told.error().code == ErrorCode::unknown);
    CHECK(told.error().name == "finish_unknown");
}

TEST_CASE("a task nobody can do waits and says why", "[node][task]") {
    Three mesh;
    TaskOfferAsk offer;
    offer.skill = "fly";
    const auto taken = mesh.ask<TaskRecord>(0, offer);
    REQUIRE(taken.has_value());
    mesh.run(1s);
    const auto shown = mesh.ask<TaskRecord>(1, TaskShowAsk{taken->task, 2s});
    REQUIRE(shown.has_value());
    CHECK(shown->state == TaskState::waiting);
    CHECK(shown->why == "no_agent");
}

TEST_CASE("an offer made before its node met the others waits for that", "[node][task]") {
    Village mesh(3);
    TaskOfferAsk offer;
    offer.skill = "fly";
    const auto taken = mesh.ask<TaskRecord>(0, offer);
    REQUIRE(taken.has_value());
    mesh.run(1s);
    const auto shown = mesh.ask<TaskRecord>(1, TaskShowAsk{taken->task, 2s});
    REQUIRE(shown.has_value());
    CHECK(shown->custodians.size() == 3);
}

TEST_CASE("a restarted node still knows whom to ask about a task", "[node][task]") {
    Three mesh;
    TaskOfferAsk offer;
    offer.skill = "fly";
    const auto taken = mesh.ask<TaskRecord>(0, offer);
    REQUIRE(taken.has_value());
    mesh.kill(2);
    mesh.start(2);
    mesh.run(3s);
    CHECK(mesh.ask<TaskRecord>(2, TaskShowAsk{taken->task, 2s}).has_value());
}

TEST_CASE("a task whose worker dies is done by another", "[node][task]") {
    Three mesh;
    const CallId first = mesh.call(2, TaskServeAsk{{"sum"}, "eve", 1});
    mesh.run(100ms);
    TaskOfferAsk offer;
    offer.skill = "sum";
    offer.wait = true;
    const CallId call = mesh.call(0, offer);
    REQUIRE(mesh.answer<AssignmentRecord>(first).has_value());
    const CallId second = mesh.call(1, TaskServeAsk{{"sum"}, "bob", 1});
    mesh.run(100ms);
    mesh.kill(2);
    const auto assigned = mesh.answer<AssignmentRecord>(second);
    REQUIRE(assigned.has_value());
    REQUIRE(
        mesh.ask<TaskReported>(1, TaskFinishAsk{assigned->task, assigned->epoch, {}}).has_value());
    const auto done = mesh.answer<TaskRecord>(call, 1);
    REQUIRE(done.has_value());
    CHECK(done->winner == mesh.id(1));
}

TEST_CASE("a worker whose task is cancelled is told to stop, and takes the next when it has",
          "[node][task]") {
    Three mesh;
    const CallId serve = mesh.call(2, TaskServeAsk{{"sum"}, "eve", 1});
    mesh.run(100ms);
    TaskOfferAsk offer;
    offer.skill = "sum";
    mesh.call(0, offer);
    const auto assigned = mesh.answer<AssignmentRecord>(serve);
    REQUIRE(assigned.has_value());
    CHECK(assigned->stop == TaskStop::none);
    REQUIRE(mesh.ask<TaskRecord>(1, TaskCancelAsk{assigned->task, {}, 2s}).has_value());
    const auto stop = mesh.answer<AssignmentRecord>(serve, 1);
    REQUIRE(stop.has_value());
    CHECK(stop->task == assigned->task);
    CHECK(stop->epoch == assigned->epoch);
    CHECK(stop->stop == TaskStop::cancelled);
    const auto told = mesh.ask<TaskReported>(2, TaskFailAsk{stop->task, stop->epoch, "stopped"});
    REQUIRE(told.has_value());
    CHECK_FALSE(told->counts);
    mesh.call(0, offer);
    const auto next = mesh.answer<AssignmentRecord>(serve, 2);
    REQUIRE(next.has_value());
    CHECK(next->stop == TaskStop::none);
}

}  // namespace
}  // namespace starling::node::services_test
