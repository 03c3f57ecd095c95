// A participant by itself, message by message.
#include "base/limits.hpp"
#include "tests/auction/parts.hpp"

#include <catch2/catch.hpp>

namespace starling::auction::part::participant_test {
namespace {

Cfp call_of(std::uint64_t number, std::uint32_t round = 1) {
    return {task(number), epoch_of(round, bob), "quote", 10ms, 100ms, Duration{0}};
}

AcceptProposal award_of(std::uint64_t number, std::uint32_t round = 1) {
    AcceptProposal message;
    message.record = record_of(number).record;
    message.epoch = epoch_of(round, bob);
    message.boot = Boot{7};
    message.lease = 5s;
    message.bid = task(number);
    return message;
}

TEST_CASE("a worker promised to one auction is not promised to another", "[auction][participant]") {
    Parts parts;
    parts.participant.worker_waiting("quote", WorkerId{1}, BootTime{1h});
    CHECK(parts.participant.on_cfp(bob, call_of(1), at(0s), parts.out) == Verdict::done);
    CHECK(parts.participant.on_cfp(bob, call_of(2), at(0s), parts.out) == Verdict::refused);
    CHECK(parts.last<Refuse>().reason == RefuseReason::held);
    parts.participant.on_reject(bob, {task(1), epoch_of(1, bob)}, BootTime{1h});
    CHECK(parts.participant.on_cfp(bob, call_of(2), at(0s), parts.out) == Verdict::done);
}

TEST_CASE("who asks for a worker that is promised hears that none is free",
          "[auction][participant]") {
    Parts parts;
    parts.participant.worker_waiting("quote", WorkerId{1}, BootTime{1h});
    parts.participant.on_cfp(bob, call_of(1), at(0s), parts.out);
    CHECK(parts.last<Propose>().free.count == 1);
    parts.participant.on_cfp(bob, call_of(2), at(0s), parts.out);
    CHECK(parts.last<Refuse>().free.count == 0);
}

TEST_CASE("who heard that none is free is told when a promise is taken back",
          "[auction][participant]") {
    Parts parts;
    parts.digests.link_up(bob, parts.out);
    parts.participant.worker_waiting("quote", WorkerId{1}, BootTime{1h});
    parts.digests.on_tick(BootTime{1h}, parts.out);
    parts.participant.on_cfp(bob, call_of(1), at(0s), parts.out);
    parts.participant.on_cfp(bob, call_of(2), at(0s), parts.out);
    parts.participant.on_reject(bob, {task(1), epoch_of(1, bob)}, BootTime{1h});
    parts.out.clear();
    parts.digests.on_tick(BootTime{1h + 10ms}, parts.out);
    CHECK(parts.last<DigestNews>().digests[0].skills[0].free == 1);
}

TEST_CASE("who was turned away is offered the next free worker unasked, once, in order of asking",
          "[auction][participant]") {
    Parts parts;
    parts.participant.worker_waiting("quote", WorkerId{1}, BootTime{1h});
    parts.participant.on_accept(bob, award_of(1), at(0s), parts.out);
    const Cfp of_eve{task(2), epoch_of(1, eve), "quote", 10ms, 100ms, Duration{0}};
    parts.participant.on_cfp(eve, of_eve, at(0s), parts.out);
    parts.participant.on_cfp(bob, call_of(3), at(0s), parts.out);
    CHECK(parts.last<Refuse>().reason == RefuseReason::busy);
    parts.participant.finish({task(1), epoch_of(1, bob)}, Bytes{1}, Afterwards::waits, at(1s),
                             parts.out);
    parts.participant.on_tick(at(1s), parts.out);
    CHECK(parts.last<Propose>().task == task(2));
    parts.participant.on_reject(eve, {task(2), epoch_of(1, eve)}, BootTime{1h + 1s});
    parts.participant.on_tick(at(1s), parts.out);
    CHECK(parts.last<Propose>().task == task(3));
    parts.participant.on_reject(bob, {task(3), epoch_of(1, bob)}, BootTime{1h + 1s});
    parts.out.clear();
    parts.participant.on_tick(at(1s), parts.out);
    CHECK(parts.out.outgoing().empty());
    CHECK(parts.participant.hold_count() == 0);
}

TEST_CASE("a worker that is held takes another task of who it is held for, of nobody else",
          "[auction][participant]") {
    Parts parts;
    parts.participant.worker_waiting("quote", WorkerId{1}, BootTime{1h});
    parts.participant.on_cfp(eve, {task(9), epoch_of(1, eve), "quote", 10ms, 100ms, Duration{0}},
                             at(0s), parts.out);
    parts.participant.on_cfp(bob, call_of(1), at(0s), parts.out);
    parts.participant.on_reject(eve, {task(9), epoch_of(1, eve)}, BootTime{1h});
    parts.participant.on_tick(at(0s), parts.out);
    REQUIRE(parts.participant.hold_count() == 1);
    AcceptProposal of_eve = award_of(2);
    of_eve.epoch = epoch_of(1, eve);
    of_eve.bid = task(1);
    CHECK(parts.participant.on_accept(eve, of_eve, at(0s), parts.out) == Verdict::refused);
    AcceptProposal of_bob = award_of(3);
    of_bob.bid = task(1);
    CHECK(parts.participant.on_accept(bob, of_bob, at(0s), parts.out) == Verdict::done);
    CHECK(parts.participant.hold_count() == 0);
}

TEST_CASE("a worker that starts a task is promised to nobody, whose bid it was or not",
          "[auction][participant]") {
    Parts parts;
    parts.participant.worker_waiting("quote", WorkerId{1}, BootTime{1h});
    parts.participant.on_cfp(bob, call_of(1), at(0s), parts.out);
    // Eve took the task over and knows of no bid; bob counts on his for another task.
    AcceptProposal of_eve = award_of(1, 2);
    of_eve.epoch = epoch_of(2, eve);
    of_eve.bid = task(7);
    CHECK(parts.participant.on_accept(eve, of_eve, at(0s), parts.out) == Verdict::done);
    CHECK(parts.participant.hold_count() == 0);
    AcceptProposal of_bob = award_of(3);
    of_bob.bid = task(1);
    CHECK(parts.participant.on_accept(bob, of_bob, at(0s), parts.out) == Verdict::refused);
}

TEST_CASE("who was turned away and is gone is offered nothing", "[auction][participant]") {
    Parts parts;
    parts.participant.worker_waiting("quote", WorkerId{1}, BootTime{1h});
    parts.participant.on_accept(bob, award_of(1), at(0s), parts.out);
    parts.participant.on_cfp(bob, call_of(2), at(0s), parts.out);
    parts.participant.on_member_gone(bob);
    parts.participant.finish({task(1), epoch_of(1, bob)}, Bytes{1}, Afterwards::waits, at(1s),
                             parts.out);
    parts.participant.on_tick(at(1s), parts.out);
    CHECK(parts.participant.hold_count() == 0);
}

TEST_CASE("as many as the limit are remembered when they are turned away",
          "[auction][participant]") {
    TurnedAway turned_away;
    const auto count = [&] {
        std::size_t taken = 0;
        while (turned_away.take([](const Asked&) { return true; })) ++taken;
        return taken;
    };
    const auto skilled = [](std::size_t number) {
        return Cfp{task(1), epoch_of(1, bob), std::to_string(number), 10ms, 100ms, Duration{0}};
    };
    for (std::size_t i = 0; i <= limits::turned_away; ++i) turned_away.note(bob, skilled(i));
    for (std::size_t i = 0; i < 10; ++i) turned_away.note(bob, skilled(i));
    CHECK(count() == limits::turned_away);
}

TEST_CASE("a hold ends by itself", "[auction][participant]") {
    Parts parts;
    parts.participant.worker_waiting("quote", WorkerId{1}, BootTime{1h});
    parts.participant.on_cfp(bob, call_of(1), at(0s), parts.out);
    CHECK(parts.participant.hold_count() == 1);
    parts.participant.on_tick(at(600ms), parts.out);
    CHECK(parts.participant.hold_count() == 0);
}

TEST_CASE("as many holds as the limit are given", "[auction][participant]") {
    Parts parts;
    for (std::uint64_t i = 0; i <= limits::holds; ++i) {
        parts.participant.worker_waiting("quote", WorkerId{i}, BootTime{1h});
    }
    for (std::uint64_t i = 0; i < limits::holds; ++i) {
        REQUIRE(parts.participant.on_cfp(bob, call_of(i), at(0s), parts.out) == Verdict::done);
        parts.out.clear();
    }
    CHECK(parts.participant.on_cfp(bob, call_of(limits::holds), at(0s), parts.out) ==
          Verdict::refused);
}

TEST_CASE("an award that comes twice is run once, also after its end", "[auction][participant]") {
    Parts parts;
    parts.participant.worker_waiting("quote", WorkerId{1}, BootTime{1h});
    CHECK(parts.participant.on_accept(bob, award_of(1), at(0s), parts.out) == Verdict::done);
    CHECK(parts.participant.on_accept(bob, award_of(1), at(0s), parts.out) == Verdict::repeated);
    parts.participant.finish({task(1), epoch_of(1, bob)}, Bytes{1}, Afterwards::waits, at(1s),
                             parts.out);
    parts.participant.on_informed(bob, {task(1), epoch_of(1, bob), InformVerdict::accepted, bob},
                                  at(1s), parts.out);
    CHECK(parts.participant.on_accept(bob, award_of(1), at(2s), parts.out) == Verdict::repeated);
    CHECK(parts.participant.take_assignments().size() == 1);
}

TEST_CASE("that a refusal was heard says nothing of the result of the same award",
          "[auction][participant]") {
    Parts parts;
    CHECK(parts.participant.on_accept(bob, award_of(1), at(0s), parts.out) == Verdict::refused);
    parts.participant.worker_waiting("quote", WorkerId{1}, BootTime{1h});
    REQUIRE(parts.participant.on_accept(bob, award_of(1), at(1s), parts.out) == Verdict::done);
    parts.participant.finish({task(1), epoch_of(1, bob)}, Bytes{1}, Afterwards::waits, at(2s),
                             parts.out);
    parts.participant.on_informed(bob, {task(1), epoch_of(1, bob), InformVerdict::heard, bob},
                                  at(2s), parts.out);
    CHECK(parts.participant.take_settled().empty());
}

TEST_CASE("an award without a worker is declined at once", "[auction][participant]") {
    Parts parts;
    CHECK(parts.participant.on_accept(bob, award_of(1), at(0s), parts.out) == Verdict::refused);
    CHECK(parts.last<Failure>().reason == FailureReason::declined);
}

TEST_CASE("an award to an earlier boot is void", "[auction][participant]") {
    Parts parts;
    parts.participant.worker_waiting("quote", WorkerId{1}, BootTime{1h});
    AcceptProposal award = award_of(1);
    award.boot = Boot{6};
    CHECK(parts.participant.on_accept(bob, award, at(0s), parts.out) == Verdict::refused);
}

TEST_CASE("nobody awards in the name of another", "[auction][participant]") {
    Parts parts;
    parts.participant.worker_waiting("quote", WorkerId{1}, BootTime{1h});
    CHECK(parts.participant.on_accept(eve, award_of(1), at(0s), parts.out) == Verdict::malformed);
}

TEST_CASE("a running task goes on under a later epoch without a second execution",
          "[auction][participant]") {
    Parts parts;
    parts.participant.worker_waiting("quote", WorkerId{1}, BootTime{1h});
    parts.participant.on_accept(bob, award_of(1), at(0s), parts.out);
    CHECK(parts.participant.on_cfp(bob, call_of(1, 2), at(1s), parts.out) == Verdict::done);
    CHECK(parts.last<Propose>().standing == Standing::running);
    CHECK(parts.participant.on_accept(bob, award_of(1, 2), at(1s), parts.out) == Verdict::done);
    CHECK(parts.participant.take_assignments().size() == 1);
    parts.participant.finish({task(1), epoch_of(1, bob)}, Bytes{1}, Afterwards::waits, at(2s),
                             parts.out);
    CHECK(parts.last<Inform>().epoch == epoch_of(2, bob));
}

TEST_CASE("a winner that stood still renews before it reports", "[auction][participant]") {
    Parts parts;
    parts.participant.worker_waiting("quote", WorkerId{1}, BootTime{1h});
    parts.participant.on_accept(bob, award_of(1), at(0s), parts.out);
    parts.out.clear();
    parts.participant.finish({task(1), epoch_of(1, bob)}, Bytes{1}, Afterwards::waits, at(8s),
                             parts.out);
    REQUIRE(parts.out.outgoing().size() == 2);
    CHECK(parts.out.outgoing()[0].kind == Kind::renew);
    CHECK(parts.out.outgoing()[1].kind == Kind::inform);
}

TEST_CASE("a result is persisted before it is sent and erased when it is settled",
          "[auction][participant]") {
    Parts parts;
    parts.participant.worker_waiting("quote", WorkerId{1}, BootTime{1h});
    parts.participant.on_accept(bob, award_of(1), at(0s), parts.out);
    parts.out.clear();
    parts.participant.finish({task(1), epoch_of(1, bob)}, Bytes{1}, Afterwards::waits, at(1s),
                             parts.out);
    REQUIRE(parts.out.stored().size() == 1);
    CHECK(parts.out.stored()[0].table == Table::results);
    CHECK(parts.out.outgoing()[0].gate == Gate::durable);
    parts.out.clear();
    parts.participant.on_informed(bob, {task(1), epoch_of(1, bob), InformVerdict::stale, bob},
                                  at(1s), parts.out);
    REQUIRE(parts.out.stored().size() == 1);
    CHECK(parts.out.stored()[0].erase);
    CHECK(parts.counters.refused_stale == 1);
}

TEST_CASE("a worker whose task was cancelled is free again when it reports",
          "[auction][participant]") {
    Parts parts;
    parts.participant.worker_waiting("quote", WorkerId{1}, BootTime{1h});
    parts.participant.on_accept(bob, award_of(1), at(0s), parts.out);
    parts.participant.on_stop({task(1), epoch_of(2, bob), CancelPurpose::stop}, at(1s), parts.out);
    REQUIRE(parts.participant.take_stopped().size() == 1);
    CHECK(parts.participant.on_cfp(bob, call_of(2), at(1s), parts.out) == Verdict::refused);
    CHECK(parts.participant.finish({task(1), epoch_of(1, bob)}, Bytes{1}, Afterwards::waits, at(2s),
                                   parts.out) == ReportVerdict::unknown_task);
    CHECK(parts.participant.on_cfp(bob, call_of(2), at(2s), parts.out) == Verdict::done);
}

TEST_CASE("a node runs as many tasks as the limit", "[auction][participant]") {
    Parts parts;
    for (std::uint64_t i = 0; i <= limits::assignments; ++i) {
        parts.participant.worker_waiting("quote", WorkerId{i}, BootTime{1h});
    }
    for (std::uint64_t i = 0; i < limits::assignments; ++i) {
        REQUIRE(parts.participant.on_accept(bob, award_of(i), at(0s), parts.out) == Verdict::done);
    }
    CHECK(parts.participant.on_accept(bob, award_of(limits::assignments), at(0s), parts.out) ==
          Verdict::refused);
}

TEST_CASE("a result over the limit is refused and the task goes on", "[auction][participant]") {
    Parts parts;
    parts.participant.worker_waiting("quote", WorkerId{1}, BootTime{1h});
    parts.participant.on_accept(bob, award_of(1), at(0s), parts.out);
    const Award award{task(1), epoch_of(1, bob)};
    CHECK(parts.participant.finish(award, Bytes(limits::encoded_value_bytes + 1), Afterwards::waits,
                                   at(1s), parts.out) == ReportVerdict::too_large);
    CHECK(parts.participant.running_count() == 1);
    CHECK(parts.participant.finish(award, Bytes(limits::encoded_value_bytes), Afterwards::waits,
                                   at(1s), parts.out) == ReportVerdict::taken);
}

TEST_CASE("a worker whose task another node runs is told once to stop, and may still report",
          "[auction][participant]") {
    Parts parts;
    parts.participant.worker_waiting("quote", WorkerId{1}, BootTime{1h});
    parts.participant.on_accept(bob, award_of(1), at(0s), parts.out);
    const Epoch epoch = epoch_of(1, bob);
    parts.participant.on_renewed(bob, {task(1), epoch, RenewVerdict::stale}, at(2s), parts.out);
    CHECK(parts.participant.take_stopped().empty());
    for (int again = 0; again < 2; ++again) {
        parts.participant.on_renewed(bob, {task(1), epoch, RenewVerdict::over}, at(3s), parts.out);
    }
    const auto stopped = parts.participant.take_stopped();
    REQUIRE(stopped.size() == 1);
    CHECK(stopped[0].worker == WorkerId{1});
    CHECK(stopped[0].reason == StopReason::lost);
    CHECK(parts.participant.finish({task(1), epoch}, Bytes{1}, Afterwards::waits, at(4s),
                                   parts.out) == ReportVerdict::taken);
    CHECK(parts.last<Inform>().epoch == epoch);
}

TEST_CASE("a winner whose runner does not know the task asks its custodians",
          "[auction][participant]") {
    Parts parts;
    parts.participant.worker_waiting("quote", WorkerId{1}, BootTime{1h});
    parts.participant.on_accept(bob, award_of(1), at(0s), parts.out);
    const Epoch epoch = epoch_of(1, bob);
    parts.participant.on_renewed(bob, {task(1), epoch, RenewVerdict::unknown}, at(1s), parts.out);
    parts.out.clear();
    parts.participant.on_tick(at(2s), parts.out);
    CHECK(parts.out.outgoing().size() == 3);
    const NodeId stranger = node(9);
    parts.participant.on_renewed(stranger, {task(1), epoch, RenewVerdict::over}, at(3s), parts.out);
    CHECK(parts.participant.take_stopped().empty());
    parts.participant.on_renewed(eve, {task(1), epoch, RenewVerdict::over}, at(3s), parts.out);
    CHECK(parts.participant.take_stopped().size() == 1);
}

}  // namespace
}  // namespace starling::auction::part::participant_test
