// A custodian by itself, message by message.
#include "base/limits.hpp"
#include "tests/auction/parts.hpp"

#include <catch2/catch.hpp>

namespace starling::auction::part::custodian_test {
namespace {

TEST_CASE("a custodian grants only rising epochs and shows what it holds", "[auction][custodian]") {
    Parts parts;
    CHECK(parts.custodian.on_record(bob, record_of(1), at(0s), parts.out) == Verdict::done);
    const Grant third{task(1), {1, bob, Boot{7}, 1}, epoch_of(3, eve), {}};
    CHECK(parts.custodian.on_grant(eve, third, at(1s), parts.out) == Verdict::done);
    CHECK(parts.custodian.on_store(eve, result_of(1, epoch_of(3, eve)), at(1s), parts.out) ==
          Verdict::done);

    const Grant second{task(1), {1, bob, Boot{7}, 1}, epoch_of(2, bob), {}};
    CHECK(parts.custodian.on_grant(bob, second, at(2s), parts.out) == Verdict::stale);
    auto answer = parts.last<Granted>();
    CHECK(answer.verdict == GrantVerdict::lower);
    CHECK(answer.highest == epoch_of(3, eve));

    const Grant fourth{task(1), {1, bob, Boot{7}, 1}, epoch_of(4, bob), {}};
    CHECK(parts.custodian.on_grant(bob, fourth, at(2s), parts.out) == Verdict::done);
    answer = parts.last<Granted>();
    REQUIRE(answer.held);
    CHECK(answer.held->epoch == epoch_of(3, eve));
}

TEST_CASE("a custodian refuses a result under an epoch that is not the highest",
          "[auction][custodian]") {
    Parts parts;
    parts.custodian.on_record(bob, record_of(1), at(0s), parts.out);
    const Grant second{task(1), {1, bob, Boot{7}, 1}, epoch_of(2, eve), {}};
    parts.custodian.on_grant(eve, second, at(1s), parts.out);
    CHECK(parts.custodian.on_store(bob, result_of(1, epoch_of(1, bob)), at(2s), parts.out) ==
          Verdict::stale);
    CHECK(parts.last<StoredResult>().verdict == StoreVerdict::stale);
    CHECK_FALSE(parts.custodian.find(task(1))->held);
}

TEST_CASE("under one epoch a custodian holds one outcome", "[auction][custodian]") {
    Parts parts;
    parts.custodian.on_record(bob, record_of(1), at(0s), parts.out);
    StoreResult first = result_of(1, epoch_of(1, bob));
    CHECK(parts.custodian.on_store(bob, first, at(1s), parts.out) == Verdict::done);
    StoreResult second = first;
    second.held.outcome.result = Bytes{2};
    CHECK(parts.custodian.on_store(bob, second, at(1s), parts.out) == Verdict::stale);
    CHECK(parts.custodian.find(task(1))->held->outcome == first.held.outcome);
}

TEST_CASE("nobody is granted an epoch in the name of another", "[auction][custodian]") {
    Parts parts;
    parts.custodian.on_record(bob, record_of(1), at(0s), parts.out);
    const Grant forged{task(1), {1, bob, Boot{7}, 1}, epoch_of(5, bob), {}};
    CHECK(parts.custodian.on_grant(eve, forged, at(1s), parts.out) == Verdict::malformed);
    CHECK(parts.custodian.on_store(eve, result_of(1, epoch_of(1, bob)), at(1s), parts.out) ==
          Verdict::malformed);
    CHECK(parts.custodian.find(task(1))->highest == epoch_of(1, bob));
}

TEST_CASE("an epoch that jumps far ahead is refused", "[auction][custodian]") {
    Parts parts;
    parts.custodian.on_record(bob, record_of(1), at(0s), parts.out);
    const Grant far{task(1), {1, bob, Boot{7}, 1}, epoch_of(limits::task_rounds, eve), {}};
    CHECK(parts.custodian.on_grant(eve, far, at(1s), parts.out) == Verdict::malformed);
}

TEST_CASE("who passes a record on does not speak for its runner, who is asked soon",
          "[auction][custodian]") {
    Parts parts;
    parts.custodian.on_record(bob, record_of(1), at(0s), parts.out);
    parts.custodian.on_record(eve, record_of(1), at(1s), parts.out);
    parts.custodian.on_record(eve, record_of(1), at(1500ms), parts.out);
    parts.out.clear();
    parts.custodian.on_tick(at(1s + 2 * parts.timing.joint_within), parts.out);
    const auto asked = parts.last<Progress>();
    REQUIRE(asked.duties.size() == 1);
    CHECK(asked.duties[0].note == DutyNote::asked);

    // Nobody runs it: that somebody passes its record on again does not keep it from being adopted.
    parts.custodian.on_duty(bob, {task(1), epoch_of(1, bob), DutyNote::unknown}, at(3s), parts.out);
    parts.custodian.on_record(eve, record_of(1), at(3s), parts.out);
    parts.custodian.on_tick(at(3s + 3 * parts.timing.adopt_step), parts.out);
    CHECK(parts.custodian.take_adoptions().size() == 1);
}

TEST_CASE("a record that does not name this node is refused", "[auction][custodian]") {
    Parts parts;
    RecordTask message = record_of(1);
    message.record.custodians = {bob, eve};
    CHECK(parts.custodian.on_record(bob, message, at(0s), parts.out) == Verdict::malformed);
    CHECK(parts.custodian.find(task(1)) == nullptr);
}

TEST_CASE("a custodian short of disk takes no new record", "[auction][custodian]") {
    Parts parts;
    parts.custodian.refuse_new(true);
    CHECK(parts.custodian.on_record(bob, record_of(1), at(0s), parts.out) == Verdict::refused);
    CHECK(parts.last<Recorded>().verdict == GrantVerdict::overloaded);
}

TEST_CASE("a custodian that may have forgotten takes no key on record, nor what is not fresh",
          "[auction][custodian]") {
    Parts parts;
    parts.custodian.forgot();
    CHECK(parts.custodian.on_record(bob, record_of(1), at(0s), parts.out) == Verdict::done);
    CHECK(parts.custodian.on_record(bob, record_of(1), at(0s), parts.out) == Verdict::done);

    RecordTask keyed = record_of(2);
    keyed.record.spec.key = "invoice-17";
    RecordTask known = record_of(3);
    known.fresh = false;
    RecordTask moved_from_here = record_of(4);
    moved_from_here.record.home.generation = 2;
    moved_from_here.record.before = {self, bob, eve};
    RecordTask later = record_of(5);
    later.record.home.generation = 2;
    later.record.before = {bob, eve};
    later.epoch = epoch_of(2, bob);
    for (const RecordTask& each : {keyed, known, moved_from_here, later}) {
        CHECK(parts.custodian.on_record(bob, each, at(0s), parts.out) == Verdict::refused);
        CHECK(parts.last<Recorded>().verdict == GrantVerdict::overloaded);
        CHECK(parts.custodian.find(each.record.id) == nullptr);
    }
    keyed.record.custodians = {self, bob};  // he has to agree, too, and knows
    CHECK(parts.custodian.on_record(bob, keyed, at(0s), parts.out) == Verdict::done);
    later.epoch = later.record.first_epoch();
    CHECK(parts.custodian.on_record(bob, later, at(0s), parts.out) == Verdict::done);
}

TEST_CASE("finished tasks are forgotten after 24 h, and their keys with them",
          "[auction][custodian]") {
    Parts parts;
    parts.custodian.on_record(bob, record_of(1), at(0s), parts.out);
    parts.custodian.on_store(bob, result_of(1, epoch_of(1, bob)), at(1s), parts.out);
    parts.custodian.on_duty(bob, {task(1), epoch_of(1, bob), DutyNote::finished}, at(1s),
                            parts.out);
    parts.custodian.on_tick(at(1s + limits::tasks_finished_for - 1ns), parts.out);
    CHECK(parts.custodian.find(task(1)) != nullptr);
    parts.custodian.on_tick(at(1s + limits::tasks_finished_for), parts.out);
    CHECK(parts.custodian.find(task(1)) == nullptr);
}

TEST_CASE("of finished tasks the newest hundred thousand are kept", "[auction][custodian]") {
    Parts parts;
    for (std::uint64_t i = 0; i <= limits::tasks_finished_kept; ++i) {
        parts.custodian.on_record(bob, record_of(i), at(0s), parts.out);
        parts.custodian.on_store(bob, result_of(i, epoch_of(1, bob)), at(1s), parts.out);
        parts.custodian.on_duty(bob, {task(i), epoch_of(1, bob), DutyNote::finished}, at(1s),
                                parts.out);
        if (i + 1 == limits::tasks_finished_kept) {
            CHECK(parts.custodian.find(task(0)) != nullptr);
        }
        parts.out.clear();
    }
    CHECK(parts.custodian.finished_count() == limits::tasks_finished_kept);
    CHECK(parts.custodian.find(task(0)) == nullptr);
    CHECK(parts.custodian.find(task(1)) != nullptr);
}

TEST_CASE("a custodian keeps no more unfinished tasks than its limit", "[auction][custodian]") {
    Parts parts;
    for (std::uint64_t i = 0; i < limits::tasks_in_custody; ++i) {
        REQUIRE(parts.custodian.on_record(bob, record_of(i), at(0s), parts.out) == Verdict::done);
        parts.out.clear();
    }
    CHECK(parts.custodian.on_record(bob, record_of(limits::tasks_in_custody), at(0s), parts.out) ==
          Verdict::refused);
}

TEST_CASE("a custodian that knows the winner of an epoch takes no result from another",
          "[auction][custodian]") {
    Parts parts;
    parts.custodian.on_record(bob, record_of(1), at(0s), parts.out);
    const Attempt awarded{epoch_of(1, bob), eve, 1, 0, AttemptEnd::running, true, false, {}};
    const Grant again{task(1), {1, bob, Boot{7}, 1}, epoch_of(1, bob), {awarded}};
    parts.custodian.on_grant(bob, again, at(1s), parts.out);
    const Inform inform{task(1), epoch_of(1, bob), Bytes{1}, {}};
    CHECK(parts.custodian.on_inform(node(9), inform, at(2s), parts.out) == Verdict::not_invited);
    CHECK_FALSE(parts.custodian.find(task(1))->held);
    CHECK(parts.custodian.on_inform(eve, inform, at(2s), parts.out) == Verdict::done);
}

TEST_CASE("a custodian tells a winner that its task ended otherwise", "[auction][custodian]") {
    Parts parts;
    parts.custodian.on_record(bob, record_of(1), at(0s), parts.out);
    const Renew renewal{task(1), epoch_of(1, bob), 0, {}};
    CHECK(parts.custodian.on_renew(eve, renewal, parts.out) == Verdict::unknown_task);
    parts.custodian.on_store(bob, result_of(1, epoch_of(2, bob)), at(1s), parts.out);
    parts.custodian.on_duty(bob, {task(1), epoch_of(2, bob), DutyNote::finished}, at(1s),
                            parts.out);
    CHECK(parts.custodian.on_renew(eve, renewal, parts.out) == Verdict::stale);
    CHECK(parts.last<Renewed>().verdict == RenewVerdict::over);
    const Renew of_the_result{task(1), epoch_of(2, bob), 0, {}};
    CHECK(parts.custodian.on_renew(eve, of_the_result, parts.out) == Verdict::unknown_task);
}

}  // namespace
}  // namespace starling::auction::part::custodian_test
