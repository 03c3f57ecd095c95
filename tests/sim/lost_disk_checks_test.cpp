// What is asked of a host that lost its disk, and what is not asked any more.
#include "sim/award_check.hpp"
#include "tests/sim/custody_talk.hpp"

#include <catch2/catch.hpp>

namespace starling::sim::lost_disk_checks_test {
namespace {

using five_nodes::ann;
using five_nodes::bob;
using five_nodes::duty;
using five_nodes::epoch;
using five_nodes::eve;
using five_nodes::finish;
using five_nodes::granted;
using five_nodes::ids;
using five_nodes::Talk;
using five_nodes::task;

TEST_CASE("a custodian that lost its disk knows no end and no task that it had", "[sim][checks]") {
    const auto asks_after_loss = [](std::uint32_t host) {
        Talk<CustodyCheck> talk(ids());
        finish(talk);
        talk.strikes(FaultKind::lose_disk, host, 4s);
        talk.restarts(bob, 5s);
        talk.batch = 3;
        talk.says(bob, ann, duty(epoch(1, ann), auction::DutyNote::asked));
        return talk.broken();
    };
    CHECK(asks_after_loss(bob).empty());
    CHECK(asks_after_loss(eve) == Names{"task_ends_are_kept"});

    Talk<CustodyCheck> talk(ids());
    talk.batch = 1;
    talk.says(bob, ann, granted(epoch(1, ann), epoch(1, ann)));
    talk.strikes(FaultKind::lose_disk, bob, 4s);
    talk.restarts(bob, 5s);
    talk.looks(40s);
    CHECK(talk.broken().empty());
}

TEST_CASE("a custodian that grants below what it granted before it lost its disk is found",
          "[sim][checks]") {
    const auto grants_after_loss = [](std::uint32_t round, FaultKind kind) {
        Talk<CustodyCheck> talk(ids());
        talk.says(bob, ann, granted(epoch(2, ann), epoch(2, ann)));
        talk.strikes(kind, bob, 4s);
        talk.restarts(bob, 5s);
        talk.says(bob, ann, granted(epoch(round, eve), epoch(round, eve)));
        return talk.broken();
    };
    for (const FaultKind kind : {FaultKind::lose_disk, FaultKind::restore_disk}) {
        CHECK(grants_after_loss(3, kind).empty());
        CHECK(grants_after_loss(1, kind) == Names{"grants_rise"});
    }
}

TEST_CASE("a result that was lost with a disk is reported no more", "[sim][checks]") {
    Talk<AwardCheck> talk(ids());
    talk.batch = 5;
    talk.says(bob, ann, auction::Inform{task, epoch(1, ann), {}, {}});
    talk.strikes(FaultKind::lose_disk, bob, 2s);
    talk.restarts(bob, 3s);
    talk.looks(20s);
    CHECK(talk.broken().empty());
}

}  // namespace
}  // namespace starling::sim::lost_disk_checks_test
