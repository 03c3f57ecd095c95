#include "tests/quorum/mesh.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace starling::quorum::decision_test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t ann = 0;
constexpr std::size_t bob = 1;
constexpr std::size_t eve = 2;
constexpr std::size_t dan = 3;

struct Story : Mesh {
    Story() : Mesh(4) {}

    Decision lunch(Duration duration = 2s) {
        Decision decision;
        decision.question = "lunch?";
        decision.options = {"no", "soup", "bread"};
        decision.electors = {id(eve), id(ann), id(bob), id(ann)};
        decision.duration = duration;
        return decision;
    }

    const CallEnded& propose(std::size_t node, Decision decision) {
        at(node).propose(caller("lunch"), std::move(decision), now, out);
        after(node);
        return end();
    }

    const CallEnded& vote(std::size_t node, std::uint32_t option) {
        at(node).vote(caller("lunch"), {option, "agent", "because"}, now, out);
        after(node);
        return end();
    }

    Decision show(std::size_t node) {
        at(node).show_decision(caller("lunch"), false, now, out);
        after(node);
        return std::get<Decision>(end().snapshot.contents);
    }
};

TEST_CASE("more than half of the named electors decide at once", "[quorum][decision]") {
    Story story;
    story.propose(dan, story.lunch());
    CHECK(story.vote(ann, 1).outcome == Outcome::applied);
    CHECK(story.show(dan).state == DecisionState::open);
    CHECK(story.vote(bob, 1).outcome == Outcome::applied);
    CHECK(story.show(dan).state == DecisionState::decided);
    CHECK(story.show(dan).outcome == 1);
}

TEST_CASE("too few votes by the deadline leave the status quo", "[quorum][decision]") {
    Story story;
    story.propose(dan, story.lunch());
    story.vote(ann, 1);
    story.run(2500ms);
    const Decision closed = story.show(bob);
    CHECK(closed.state == DecisionState::too_few_votes);
    CHECK(closed.outcome == closed.status_quo);
}

TEST_CASE("votes that no majority can come from leave the status quo at once",
          "[quorum][decision]") {
    Story story;
    story.propose(dan, story.lunch());
    story.vote(ann, 0);
    story.vote(bob, 1);
    CHECK(story.show(dan).state == DecisionState::open);
    story.vote(eve, 2);
    CHECK(story.show(dan).state == DecisionState::split);
}

TEST_CASE("a vote after the closing is refused", "[quorum][decision]") {
    Story story;
    story.propose(dan, story.lunch());
    story.run(3s);
    const CallEnded& late = story.vote(ann, 1);
    CHECK(late.outcome == Outcome::not_applied);
    CHECK(late.reason == Reason::closed);
}

TEST_CASE("an elector votes once, and may say the same again", "[quorum][decision]") {
    Story story;
    story.propose(dan, story.lunch());
    story.vote(ann, 1);
    CHECK(story.vote(ann, 1).outcome == Outcome::applied);
    CHECK(story.vote(ann, 2).reason == Reason::already_voted);
    CHECK(story.show(dan).votes.size() == 1);
}

TEST_CASE("only a named elector votes, and only for an option there is", "[quorum][decision]") {
    Story story;
    story.propose(dan, story.lunch());
    CHECK(story.vote(dan, 1).reason == Reason::not_elector);
    CHECK(story.vote(ann, 3).reason == Reason::no_such_option);
}

TEST_CASE("a name is decided once", "[quorum][decision]") {
    Story story;
    story.propose(dan, story.lunch());
    CHECK(story.propose(ann, story.lunch()).reason == Reason::exists);
}

TEST_CASE("a vote on what was never proposed finds nothing", "[quorum][decision]") {
    Story story;
    CHECK(story.vote(ann, 1).reason == Reason::not_found);
}

TEST_CASE("the electors hear of a decision when it opens and when it closes",
          "[quorum][decision]") {
    Story story;
    story.propose(dan, story.lunch());
    story.run(20ms);
    for (const std::size_t elector : {ann, bob, eve}) {
        REQUIRE(story.news[elector].size() == 1);
        CHECK(story.news[elector][0].name == "lunch");
    }
    story.vote(ann, 2);
    story.vote(bob, 2);
    story.run(20ms);
    for (const std::size_t elector : {ann, bob, eve}) CHECK(story.news[elector].size() == 2);
}

TEST_CASE("a decision closes in time though its proposer is dead", "[quorum][decision]") {
    Story story;
    story.propose(dan, story.lunch());
    story.run(20ms);
    story.crash(dan);
    story.run(2s + 100ms);  // ann, the first elector, closes at once
    CHECK(story.show(bob).state == DecisionState::too_few_votes);
}

TEST_CASE("the second elector closes when the first is dead", "[quorum][decision]") {
    Story story;
    story.propose(dan, story.lunch());
    story.run(20ms);
    story.crash(ann);
    story.run(2s + 100ms);
    CHECK(story.show(eve).state == DecisionState::open);
    story.run(200ms);
    CHECK(story.show(eve).state == DecisionState::too_few_votes);
}

TEST_CASE("an elector that restarts still watches", "[quorum][decision]") {
    Story story;
    story.propose(ann, story.lunch());
    story.run(20ms);
    for (const std::size_t node : {ann, bob, eve, dan}) story.crash(node);
    for (const std::size_t node : {bob, eve, dan}) story.restart(node);
    story.run(4s);
    CHECK(story.show(dan).state == DecisionState::too_few_votes);
}

TEST_CASE("whoever waits for a decision is told when it closes", "[quorum][decision]") {
    Story story;
    story.propose(dan, story.lunch(10s));
    story.at(dan).show_decision(story.caller("lunch", 20s), true, story.now, story.out);
    story.after(dan);
    const CallId waiting = story.latest();
    story.run(500ms);
    CHECK_FALSE(story.has_ended(waiting));
    story.vote(ann, 1);
    story.vote(bob, 1);
    story.run(20ms);
    REQUIRE(story.has_ended(waiting));
    const auto& decided = std::get<Decision>(story.end_of(waiting).snapshot.contents);
    CHECK(decided.state == DecisionState::decided);
}

TEST_CASE("whoever waits too short a time is shown the open decision", "[quorum][decision]") {
    Story story;
    story.propose(dan, story.lunch(10s));
    story.at(bob).show_decision(story.caller("lunch", 1s), true, story.now, story.out);
    story.after(bob);
    const CallEnded& ended = story.end();
    CHECK(std::get<Decision>(ended.snapshot.contents).state == DecisionState::open);
}

TEST_CASE("voting at the same time loses no vote", "[quorum][decision]") {
    Story story;
    story.propose(dan, story.lunch());
    for (const std::size_t node : {ann, bob, eve}) {
        story.at(node).vote(story.caller("lunch"), {2, "", ""}, story.now, story.out);
        story.after(node);
    }
    story.run(1s);
    const Decision closed = story.show(dan);
    CHECK(closed.state == DecisionState::decided);
    CHECK(closed.votes.size() >= 2);
}

TEST_CASE("a decision at its bounds is taken and one past them refused",
          "[quorum][decision][bounds]") {
    Story story;
    Decision largest = story.lunch();
    largest.question.assign(limits::decision_question_bytes, 'q');
    largest.options.assign(limits::decision_options, std::string(limits::name_bytes, 'o'));
    largest.electors.clear();
    for (std::size_t i = 0; i < limits::decision_electors; ++i) {
        largest.electors.emplace_back().bytes[0] = static_cast<std::uint8_t>(i + 1);
    }
    const auto past = [&](auto change) {
        Decision decision = largest;
        change(decision);
        return story.propose(dan, decision).reason;
    };
    CHECK(past([](Decision& each) { each.question += 'q'; }) == Reason::invalid);
    CHECK(past([](Decision& each) { each.options.emplace_back("o"); }) == Reason::invalid);
    CHECK(past([](Decision& each) { each.options[0] += 'o'; }) == Reason::invalid);
    CHECK(past([&](Decision& each) {
              each.electors.push_back(story.id(ann));
              each.electors.back().bytes[9] = 9;
          }) == Reason::invalid);
    CHECK(past([](Decision& each) { each.duration = limits::decision_duration_max + 1ns; }) ==
          Reason::invalid);
    CHECK(past([](Decision& each) { each.status_quo = limits::decision_options; }) ==
          Reason::invalid);
    CHECK(story.propose(dan, largest).outcome == Outcome::applied);
}

TEST_CASE("notices past the number of watched decisions are refused",
          "[quorum][decision][bounds]") {
    Story story;
    const auto notice = [&](std::size_t number) {
        return story.at(ann).on_decision_opened(story.id(eve), {"d" + std::to_string(number), 1s},
                                                story.now, story.out);
    };
    for (std::size_t i = 0; i + 1 < limits::decisions_watched; ++i) notice(i);
    CHECK(notice(limits::decisions_watched) == Verdict::handled);
    CHECK(notice(limits::decisions_watched + 1) == Verdict::overloaded);
    story.out.clear();
}

TEST_CASE("a lease and a register of the same name as a decision are apart", "[quorum][decision]") {
    Story story;
    story.propose(dan, story.lunch());
    story.at(ann).cas(story.caller("lunch"), {0, bytes_of("v"), {}, false}, story.now, story.out);
    story.after(ann);
    CHECK(story.end().outcome == Outcome::applied);
    story.at(ann).acquire(story.caller("lunch"), {"", "", 3s, false}, story.now, story.out);
    story.after(ann);
    CHECK(story.end().outcome == Outcome::applied);
}

}  // namespace
}  // namespace starling::quorum::decision_test
