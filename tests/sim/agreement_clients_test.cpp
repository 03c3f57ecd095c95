// Each invariant of the clients of leases and decisions is broken once on purpose.
#include "sim/decision_load.hpp"
#include "sim/lease_load.hpp"
#include "tests/sim/desk.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>

namespace starling::sim::agreement_clients_test {
namespace {

// ---- leases

node::LeaseAnswer granted(std::uint32_t host, std::uint64_t fence, Duration until) {
    node::LeaseAnswer answer;
    answer.held = answer.mine = true;
    answer.node.bytes[0] = static_cast<std::uint8_t>(host + 1);
    answer.fence = fence;
    answer.until = until;
    return answer;
}

// The first acquisitions of one lease by each of two nodes.
struct Rivals {
    Findings findings;
    LeaseLoad load{setup_of(1'000'000, 200ms), findings};
    Desk desk;
    std::vector<Asked> asks;

    Rivals() {
        run(load, desk, 100ms);
        desk.clock = BootTime{1s};  // when the answers come
        std::optional<std::string> name;
        for (std::uint32_t host : {0U, 1U}) {
            for (const Asked& each : desk.all_of<node::LeaseAcquireAsk>()) {
                Decoder decoder;
                const auto ask = node::request_from<node::LeaseAcquireAsk>(decoder, each.request);
                if (each.host != host || name.value_or(ask->name) != ask->name) continue;
                name = ask->name;
                asks.push_back(each);
                break;
            }
        }
        REQUIRE(asks.size() == 2);
    }
};

TEST_CASE("a lease that one holds and then the other breaks nothing", "[sim][lease_load]") {
    Rivals rivals;
    answer(rivals.load, rivals.asks[0], granted(0, 5, 0s));
    answer(rivals.load, rivals.asks[1], granted(1, 6, 2s));
    rivals.load.conclude(2s);
    CHECK(broken(rivals.findings).empty());
}

TEST_CASE("a lease that two count on is found", "[sim][lease_load]") {
    Rivals rivals;
    answer(rivals.load, rivals.asks[0], granted(0, 5, 2s));
    answer(rivals.load, rivals.asks[1], granted(1, 6, 2s));
    CHECK(broken(rivals.findings) == Names{"leases_have_one_holder"});
}

TEST_CASE("a lease is not counted on while it is told to a machine whose clock stood still",
          "[sim][lease_load]") {
    Rivals rivals;
    rivals.desk.clock = BootTime{200ms};
    answer(rivals.load, rivals.asks[0], granted(0, 5, 2s));
    answer(rivals.load, rivals.asks[1], granted(1, 6, 2s));
    CHECK(broken(rivals.findings).empty());
}

TEST_CASE("a fence with two holders is found", "[sim][lease_load]") {
    Rivals rivals;
    answer(rivals.load, rivals.asks[0], granted(0, 5, 0s));
    answer(rivals.load, rivals.asks[1], granted(1, 5, 2s));
    CHECK(broken(rivals.findings) == Names{"fences_rise"});
}

// A renewal that node 1 asks for, which holds every lease with fence 5; it is applied, and tells
// this.
Names renewed_as(const node::LeaseAnswer& told) {
    Findings findings;
    LeaseLoad load{setup_of(1'000'000, 3s), findings};
    Desk desk;
    run(load, desk, 100ms);
    desk.clock = BootTime{100ms};
    for (const Asked& each : desk.all_of<node::LeaseAcquireAsk>()) {
        if (each.host != 0) continue;
        load.on_answer(0, each.call, encoded(node::Ok{granted(0, 5, 10s)}), true, 100ms);
    }
    for (Duration now = 100ms; desk.all_of<node::LeaseRenewAsk>().empty(); now += 1ms) {
        REQUIRE(now < 3s);
        run(load, desk, now);
    }
    answer(load, desk.all_of<node::LeaseRenewAsk>().at(0), told);
    return broken(findings);
}

TEST_CASE("a renewal that gets another fence is found", "[sim][lease_load]") {
    node::LeaseAnswer told = granted(0, 6, 10s);
    CHECK(renewed_as(told) == Names{"fences_rise"});
    told.fence = 5;
    CHECK(renewed_as(told).empty());
}

TEST_CASE("a renewal that was overtaken tells of the lease that stands now, and breaks nothing",
          "[sim][lease_load]") {
    node::LeaseAnswer told = granted(0, 6, 10s);
    told.mine = false;
    told.until = 0s;
    CHECK(renewed_as(told).empty());
}

// Two nodes tell two fences of one lease in the end.
void tell_differently(Rivals& rivals) {
    run(rivals.load, rivals.desk, 10s);
    const auto shows = rivals.desk.all_of<node::LeaseShowAsk>();
    answer(rivals.load, shows.front(), granted(0, 5, 0s));
    answer(rivals.load, shows.at(shows.size() / 2), granted(0, 6, 0s));
    for (std::uint32_t host : {0U, 1U}) rivals.load.on_crash(host);  // no other call waits
    rivals.load.conclude(11s);
}

// All that there will be, from this one on.
void answer_acquisitions(Rivals& rivals, std::size_t from, const node::LeaseAnswer& with) {
    run(rivals.load, rivals.desk, 200ms);
    const auto asks = rivals.desk.all_of<node::LeaseAcquireAsk>();
    for (std::size_t i = from; i < asks.size(); ++i) answer(rivals.load, asks[i], with);
}

TEST_CASE("leases that nodes tell differently are found", "[sim][lease_load]") {
    Rivals rivals;
    answer_acquisitions(rivals, 0, granted(0, 5, 0s));
    tell_differently(rivals);
    CHECK(broken(rivals.findings) == Names{"leases_agree"});
}

TEST_CASE("a lease that an operation may yet change breaks nothing where it is told differently",
          "[sim][lease_load]") {
    node::LeaseAnswer unknown = granted(0, 5, 0s);
    unknown.outcome = node::RegisterOutcome::unknown;
    for (const bool answered : {false, true}) {
        Rivals rivals;
        if (answered) answer_acquisitions(rivals, 0, unknown);
        tell_differently(rivals);
        CHECK(broken(rivals.findings).empty());
    }
}

TEST_CASE("what was applied since settles what nobody knew the outcome of", "[sim][lease_load]") {
    Rivals rivals;
    for (std::uint32_t host : {0U, 1U}) rivals.load.on_crash(host);
    const std::size_t before = rivals.desk.all_of<node::LeaseAcquireAsk>().size();
    answer_acquisitions(rivals, before, granted(0, 5, 0s));
    tell_differently(rivals);
    CHECK(broken(rivals.findings) == Names{"leases_agree"});
}

TEST_CASE("leases that nobody is granted are found", "[sim][lease_load]") {
    Findings findings;
    LeaseLoad load(setup_of(1'000'000, 100ms), findings);
    Desk desk;
    node::LeaseAnswer refused;
    refused.outcome = node::RegisterOutcome::not_applied;
    for (std::size_t answered = 0; *load.next_time() <= 100ms;) {
        load.act(*load.next_time(), desk);
        for (; answered < desk.asked.size(); ++answered) {
            answer(load, desk.asked[answered], refused);
        }
    }
    load.conclude(11s);
    CHECK(broken(findings) == Names{"leases_progress"});
}

// ---- decisions

// One decision, opened, voted on and in the end shown by two nodes.
struct Vote {
    Findings findings;
    DecisionLoad load{setup_of(1'000'000, 1ms, 20s), findings};
    Desk desk;

    Vote() {
        run(load, desk, 1ms);
        node::DecisionAnswer opened;
        answer(load, desk.all_of<node::DecideProposeAsk>().at(0), opened);
        run(load, desk, 19s);
    }

    // Both votes of the first elector, or the first of each, as they were asked for.
    node::DecisionAnswer closed_by(const std::string& decided, std::size_t votes) {
        node::DecisionAnswer closed;
        closed.closed = true;
        closed.status_quo = "wait";
        closed.decided = decided;
        closed.why = "status quo: the deadline passed";
        closed.electors.resize(3);
        for (const Asked& each : desk.all_of<node::DecideVoteAsk>()) {
            Decoder decoder;
            const auto ask = node::request_from<node::DecideVoteAsk>(decoder, each.request);
            if (closed.votes.size() == votes) break;
            closed.votes.push_back({{}, ask->option, ask->agent, ""});
        }
        return closed;
    }

    // Calls that the test left open end with their nodes.
    void end(Duration at) {
        for (std::uint32_t host : {0U, 1U}) load.on_crash(host);
        load.conclude(at);
    }

    void tell(const node::DecisionAnswer& first, const node::DecisionAnswer& second, Duration at) {
        const auto shows = desk.all_of<node::DecideShowAsk>();
        for (const auto& [show, with] : {std::pair{shows.at(0), first}, {shows.at(1), second}}) {
            load.on_answer(show.host, show.call, encoded(node::Ok{with}), true, at);
        }
        end(at);
    }
};

TEST_CASE("a decision that ends late and without votes breaks nothing", "[sim][decision_load]") {
    Vote vote;
    vote.tell(vote.closed_by("wait", 0), vote.closed_by("wait", 0), 19s);
    CHECK(broken(vote.findings).empty());
}

TEST_CASE("a decision that is told in two ways is found", "[sim][decision_load]") {
    Vote vote;
    vote.tell(vote.closed_by("wait", 0), vote.closed_by("left", 0), 19s);
    CHECK(broken(vote.findings) == Names{"decisions_are_final"});
}

TEST_CASE("an outcome that the votes do not give is found", "[sim][decision_load]") {
    Vote vote;
    vote.tell(vote.closed_by("left", 1), vote.closed_by("left", 1), 19s);
    CHECK(broken(vote.findings) == Names{"decisions_are_counted"});
}

TEST_CASE("a decision that ends for lack of votes before its time is found",
          "[sim][decision_load]") {
    Vote vote;
    vote.tell(vote.closed_by("wait", 0), vote.closed_by("wait", 0), 900ms);
    CHECK(broken(vote.findings) == Names{"decisions_take_time"});
}

TEST_CASE("a vote that was taken and is not counted is found", "[sim][decision_load]") {
    Vote vote;
    answer(vote.load, vote.desk.all_of<node::DecideVoteAsk>().at(0), node::DecisionAnswer{});
    vote.tell(vote.closed_by("wait", 0), vote.closed_by("wait", 0), 19s);
    CHECK(broken(vote.findings) == Names{"acked_votes_count"});
}

TEST_CASE("a decision that never closes is found", "[sim][decision_load]") {
    Vote vote;
    vote.end(20s);
    CHECK(broken(vote.findings) == Names{"decisions_close"});
}

}  // namespace
}  // namespace starling::sim::agreement_clients_test
